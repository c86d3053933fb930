#include "daemon/spawn_settings.hpp"

#include <sys/resource.h>

namespace devstack::daemon {

namespace {

// The numbers of resources are those of most machines, but not of all that Linux runs on.
static_assert(core::limit_names[RLIMIT_NPROC] == "nproc");
static_assert(core::limit_names[RLIMIT_NOFILE] == "nofile");
static_assert(core::limit_names[RLIMIT_MEMLOCK] == "memlock");
static_assert(core::limit_names[RLIMIT_AS] == "as");
static_assert(core::limit_names[RLIMIT_RTPRIO] == "rtprio");
static_assert(core::limit_names.size() == RLIM_NLIMITS);

}  // namespace

platform::SpawnSettings make_spawn_settings(const core::ProcessSettings& settings) {
    platform::SpawnSettings made = make_probe_settings(settings);
    if (settings.terminal) {
        made.terminal =
            platform::SpawnTerminal{settings.terminal->rows, settings.terminal->columns};
    }
    made.holds_input_open = settings.stdin_open;
    return made;
}

platform::SpawnSettings make_probe_settings(const core::ProcessSettings& settings) {
    platform::SpawnSettings made;
    if (settings.identity) {
        const core::Identity& identity = *settings.identity;
        made.identity = platform::SpawnIdentity{
            identity.user_name, identity.user, identity.group, identity.groups};
    }
    made.umask = settings.umask;
    for (const core::ResourceLimit& limit : settings.limits) {
        made.limits.push_back({static_cast<std::uint32_t>(limit.resource),
                               limit.soft.value_or(RLIM_INFINITY),
                               limit.hard.value_or(RLIM_INFINITY)});
    }
    made.nice = settings.nice;
    made.oom_score_adj = settings.oom_score_adj;
    if (settings.capabilities) {
        made.capabilities =
            platform::SpawnCapabilities{settings.capabilities->kept, settings.capabilities->given};
    }
    made.no_new_privileges = settings.no_new_privileges;
    return made;
}

}  // namespace devstack::daemon
