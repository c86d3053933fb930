#pragma once

#include "devstack/base/diagnostic.hpp"
#include "devstack/core/plan/accounts.hpp"
#include "devstack/core/profile/profile.hpp"

#include "service_environment.hpp"

#include <vector>

namespace devstack::core {

/// What the process of a service is given besides command, directory and environment; reports what
/// devstack has no right to give.
ProcessSettings make_process_settings(const ProcessSetting& setting,
                                      const ServiceSurroundings& around,
                                      const Accounts& accounts,
                                      std::vector<Diagnostic>& diagnostics);

}  // namespace devstack::core
