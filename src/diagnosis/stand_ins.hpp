#pragma once

#include "diagnosis/scene.hpp"

#include <vector>

namespace devstack::diagnosis {

/// Where there is no profile, servers that run stand for services: those that were started in the
/// directory or below it, the one on the port that is asked about, and those that it passes
/// requests to. Of each what its process tells of it: command, directory, environment, ports,
/// output where it goes to a file, and the unit of systemd. So do units of this directory, or of
/// such a port, that are enabled and do not run.
std::vector<ServiceScene> find_stand_ins(const Scene& scene);

/// Where there is a profile, and no daemon: whoever listens on a port that a service declares, was
/// started in the project, and not by devstack, is that service, started by hand. Where there is
/// one, those on whose ports nobody listens are stopped.
void attach_running(Scene& scene);

}  // namespace devstack::diagnosis
