#include "cli/top/usage_watch.hpp"

#include "devstack/daemon/usage_sampler.hpp"
#include "devstack/platform/clock.hpp"

namespace devstack::cli {

namespace api = core::api;

class UsageWatch::Implementation {
public:
    daemon::UsageSampler sampler;
};

UsageWatch::UsageWatch() : implementation_{std::make_unique<Implementation>()} {}
UsageWatch::~UsageWatch() = default;

std::map<std::string, api::UsageState> UsageWatch::look(
    const api::StateMessage& state, const std::vector<const api::ServiceState*>& services) {
    std::vector<daemon::RunMark> runs;
    for (const api::ServiceState* it : services) {
        const auto number = static_cast<std::uint32_t>(runs.size());
        runs.push_back({{core::ServiceId{number}, it->run}, it->name, it->pid});
    }
    const auto usage = implementation_->sampler.sample(
        {state.project_dir, state.keeper_pid, state.daemon_pid}, runs, platform::now());
    std::map<std::string, api::UsageState> found;
    for (std::size_t i = 0; i < usage.size() && i < services.size(); ++i)
        found[services[i]->name] = usage[i];
    return found;
}

}  // namespace devstack::cli
