#pragma once

#include "setting.hpp"

// What the process of a service is given: each reads one key into `ServiceSetting::process`.
namespace devstack::core {

void read_user(const Setting& it, ServiceSetting& service);
void read_group(const Setting& it, ServiceSetting& service);
void read_group_add(const Setting& it, ServiceSetting& service);
void read_umask(const Setting& it, ServiceSetting& service);
void read_ulimits(const Setting& it, ServiceSetting& service);
void read_nice(const Setting& it, ServiceSetting& service);
void read_oom_score_adj(const Setting& it, ServiceSetting& service);
void read_no_new_privileges(const Setting& it, ServiceSetting& service);
void read_cap_add(const Setting& it, ServiceSetting& service);
void read_cap_drop(const Setting& it, ServiceSetting& service);
void read_tty(const Setting& it, ServiceSetting& service);
void read_mem_limit(const Setting& it, ServiceSetting& service);
void read_cpus(const Setting& it, ServiceSetting& service);
void read_pids_limit(const Setting& it, ServiceSetting& service);
void read_stdin_open(const Setting& it, ServiceSetting& service);

}  // namespace devstack::core
