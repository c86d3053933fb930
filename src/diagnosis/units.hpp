#pragma once

#include "devstack/core/doctor/unit_file.hpp"

#include <string>
#include <vector>

namespace devstack::diagnosis {

/// Where systemd keeps its units, and the kernel who belongs to them.
struct UnitPlaces {
    std::vector<std::string> directories{"/etc/systemd/system", "/run/systemd/system"};
    std::string cgroups = "/sys/fs/cgroup/system.slice";
};

struct Unit {
    std::string name;  ///< "web.service".
    std::string file;
    core::doctor::UnitFile said;
    std::vector<int> pids;  ///< None: it does not run.
};

/// The services that an administrator has written and enabled (systemctl(1)): those of packages and
/// templates are left out. None where the machine was not booted by systemd (sd_booted(3)).
std::vector<Unit> find_units(const UnitPlaces& places = {});

}  // namespace devstack::diagnosis
