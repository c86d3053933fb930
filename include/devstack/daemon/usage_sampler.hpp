#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/daemon/run_processes.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace devstack::daemon {

/// CPU and memory of whole process trees. Samples when it is asked and never by itself.
class UsageSampler {
public:
    explicit UsageSampler(platform::Procfs procfs = {});

    /// In the order of `runs`, from one pass over all processes. CPU is that of the time since the
    /// sample before, or of a process's whole life when it is seen for the first time; samples that
    /// follow each other too fast for the kernel's clock ticks repeat the percentage before them.
    std::vector<core::api::UsageState> sample(const ProjectMark& project,
                                              const std::vector<RunMark>& runs,
                                              TimePoint now);

private:
    /// Pid and start ticks: one process for ever.
    using Identity = std::pair<int, std::uint64_t>;
    struct Seen {
        Duration cpu_time{};
        double percent = 0;
    };
    double percent_of(const platform::ProcessInfo& process) const;

    platform::Procfs procfs_;
    std::map<Identity, Seen> seen_;
    TimePoint seen_at_{};
    Duration elapsed_{};  ///< Since `seen_at_`, during a sample.
};

}  // namespace devstack::daemon
