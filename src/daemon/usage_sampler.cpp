#include "devstack/daemon/usage_sampler.hpp"

#include <utility>

namespace devstack::daemon {

namespace {

using namespace std::chrono_literals;

/// CPU time is counted in ticks of 10 ms: a percentage over less than this is noise.
constexpr Duration interval_min = 500ms;

double percent(Duration part, Duration whole) {
    if (whole <= Duration::zero()) return 0;
    return 100.0 * static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

}  // namespace

UsageSampler::UsageSampler(platform::Procfs procfs) : procfs_{std::move(procfs)} {}

double UsageSampler::percent_of(const platform::ProcessInfo& process) const {
    const auto before = seen_.find({process.pid, process.start_ticks});
    const bool is_known = before != seen_.end();
    if (is_known && elapsed_ < interval_min) return before->second.percent;
    if (is_known) return percent(process.cpu_time - before->second.cpu_time, elapsed_);
    const auto age = platform::read_age(procfs_, process);
    return age && *age >= interval_min ? percent(process.cpu_time, *age) : 0;
}

std::vector<core::api::UsageState> UsageSampler::sample(const ProjectMark& project,
                                                        const std::vector<RunMark>& runs,
                                                        TimePoint now) {
    elapsed_ = now - seen_at_;
    const bool is_new_baseline = seen_.empty() || elapsed_ >= interval_min;
    std::map<Identity, Seen> seen;
    std::vector<core::api::UsageState> usage;
    for (const auto& tree : collect_trees(procfs_, project, runs)) {
        core::api::UsageState& state = usage.emplace_back();
        for (const platform::ProcessInfo& process : tree) {
            const double process_percent = percent_of(process);
            state.cpu_percent += process_percent;
            state.memory_bytes += process.resident_bytes;
            ++state.processes;
            seen[{process.pid, process.start_ticks}] = {process.cpu_time, process_percent};
        }
    }
    if (is_new_baseline) {
        seen_ = std::move(seen);
        seen_at_ = now;
    }
    return usage;
}

}  // namespace devstack::daemon
