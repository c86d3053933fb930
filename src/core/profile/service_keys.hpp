#pragma once

#include "setting.hpp"

namespace devstack::core {

/// One [service.NAME] or [task.NAME].
ServiceSetting read_service(const TomlEntry& entry, ServiceKind kind, Report& report);

}  // namespace devstack::core
