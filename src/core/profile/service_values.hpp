#pragma once

#include "devstack/core/limits.hpp"

#include "form.hpp"
#include "port_keys.hpp"
#include "setting.hpp"

#include <string>

// Keys of a service whose values are more than one text, number or table.
namespace devstack::core {

void read_only_port(const Setting& it, ServiceSetting& service);
void read_ports(const Setting& it, ServiceSetting& service);
void read_depends_on(const Setting& it, ServiceSetting& service);
std::optional<SignalNumber> read_signal(const Setting& it);
void read_exit_codes(const Setting& it, ServiceSetting& service);

std::vector<std::string> need_condition_words();
/// Any spelling of a signal that is understood.
std::string signal_pattern();

inline constexpr Form need_condition = one_of(need_condition_words);
inline constexpr Form exit_code = number_from(0, 255);

}  // namespace devstack::core
