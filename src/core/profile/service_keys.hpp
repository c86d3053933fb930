#pragma once

#include "form.hpp"
#include "setting.hpp"

#include <vector>

namespace devstack::core {

/// One [service.NAME] or [task.NAME].
ServiceSetting read_service(const TomlEntry& entry, ServiceKind kind, Report& report);
std::vector<KeyView> service_key_views();
std::vector<KeyView> task_key_views();

}  // namespace devstack::core
