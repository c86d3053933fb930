#pragma once

#include "devstack/base/diagnostic.hpp"
#include "devstack/core/profile/profile.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace devstack::core {

/// Which services need which, by their index in the profile.
struct DependencyGraph {
    std::map<std::string, std::size_t> index_of;
    std::vector<std::vector<Need>> needs;
    std::vector<std::vector<ServiceId>> restart_with;
};

/// Reports names that are unknown, and services that need themselves.
DependencyGraph make_dependency_graph(const Profile& profile, std::vector<Diagnostic>& diagnostics);

/// The services so that each comes after all that it needs, else in the order of the file. Reports
/// cycles; their members are left out.
std::vector<std::size_t> make_dependency_order(const Profile& profile,
                                               const DependencyGraph& graph,
                                               std::vector<Diagnostic>& diagnostics);

}  // namespace devstack::core
