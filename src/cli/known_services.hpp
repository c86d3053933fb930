#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/profile/profile.hpp"

#include "cli/find_project.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

struct KnownService {
    std::string name;
    std::string kind;   ///< "service", "task".
    std::string phase;  ///< Empty when the project does not run, or does not say in time.
};

/// What the running project has, else what its profile says. Not longer than `timeout`.
std::vector<KnownService> find_known_services(const ProjectPlace& place, Duration timeout);

/// What a profile says, whatever is wrong with it.
std::vector<KnownService> services_in(const core::Profile& profile);

}  // namespace devstack::cli
