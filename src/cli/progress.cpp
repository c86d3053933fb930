#include "cli/progress.hpp"

#include <algorithm>

namespace devstack::cli {

Progress judge_progress(const core::api::StateMessage& state,
                        const std::vector<std::string>& services) {
    Progress progress;
    for (const core::api::ServiceState& it : state.services) {
        const bool is_meant = services.empty()
                                  ? it.is_wanted
                                  : std::ranges::find(services, it.name) != services.end();
        // Whatever has failed is told also when it was only needed by what is meant.
        if (!is_meant && !(it.is_wanted && it.phase == "failed")) continue;
        if (it.phase == "ready" || it.phase == "completed") {
            progress.settled.push_back(it);
        } else if (it.phase == "failed") {
            progress.failed.push_back(it);
        } else {
            progress.pending.push_back(it);
        }
    }
    return progress;
}

}  // namespace devstack::cli
