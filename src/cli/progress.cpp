#include "cli/progress.hpp"

#include <algorithm>

namespace devstack::cli {

namespace {

/// Ready; or at its end, if that is all that was expected of it. A service that should listen and
/// has ended is not there, however well it ended.
bool is_settled(const core::api::ServiceState& service) {
    if (service.phase == "ready" || service.awaits_connection) return true;
    const bool may_end =
        service.kind == "task" || (service.ports.empty() && service.health.probe.empty());
    return service.phase == "completed" && may_end;
}

}  // namespace

bool is_all_stopped(const core::api::StateMessage& state) {
    std::size_t services = 0;
    for (const core::api::ServiceState& it : state.services) {
        if (it.is_wanted || it.awaits_connection) return false;
        if (it.kind == "service") ++services;
    }
    return services > 0;
}

Progress judge_progress(const core::api::StateMessage& state,
                        const std::vector<std::string>& services) {
    Progress progress;
    for (const core::api::ServiceState& it : state.services) {
        const bool is_meant = services.empty()
                                  ? it.is_wanted
                                  : std::ranges::find(services, it.name) != services.end();
        // Whatever has failed is told also when it was only needed by what is meant.
        if (!is_meant && !(it.is_wanted && it.phase == "failed")) continue;
        if (is_settled(it)) {
            progress.settled.push_back(it);
        } else if (it.phase == "failed" || it.phase == "completed") {
            progress.failed.push_back(it);
        } else {
            progress.pending.push_back(it);
        }
    }
    return progress;
}

}  // namespace devstack::cli
