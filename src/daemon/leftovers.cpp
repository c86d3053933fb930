#include "daemon/leftovers.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/process_handle.hpp"
#include "devstack/platform/signal_watch.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace devstack::daemon {

namespace {

/// Until each has ended, or the time is over.
void await_end(const platform::Procfs& procfs,
               const std::vector<LivingProcess>& processes,
               Duration patience) {
    const TimePoint deadline = platform::now() + patience;
    for (const LivingProcess& process : processes) {
        const auto handle = platform::open_process(procfs, process.pid, process.start_ticks);
        const Duration left = deadline - platform::now();
        if (handle && left > Duration::zero()) platform::wait_readable({handle->get()}, left);
    }
}

std::string names_of(const std::vector<LivingProcess>& processes) {
    std::vector<std::string> names;
    for (const LivingProcess& it : processes)
        names.push_back("pid " + std::to_string(it.pid) + " (" + it.command + ")");
    return join_for_people(names);
}

}  // namespace

LeftoverReport end_leftovers(const platform::Procfs& procfs,
                             const ProjectMark& project,
                             Duration grace,
                             const std::vector<RunMark>& known,
                             const std::vector<RunMark>& kept) {
    LeftoverReport report;
    std::vector<LivingProcess> left = collect_leftovers(procfs, project, known, kept);
    std::vector<LivingProcess> seen;
    const auto note = [&] {
        for (const LivingProcess& it : left) {
            if (std::ranges::find(seen, it) == seen.end()) seen.push_back(it);
        }
    };
    note();
    signal_survivors(procfs, left, SIGTERM);
    signal_survivors(procfs, left, SIGCONT);
    await_end(procfs, left, grace);
    // They may have had children meanwhile.
    constexpr int rounds_max = 5;
    for (int round = 0; round < rounds_max; ++round) {
        left = collect_leftovers(procfs, project, known, kept);
        if (left.empty()) break;
        note();
        kill_survivors(procfs, [&] { return collect_leftovers(procfs, project, known, kept); });
        await_end(procfs, left, core::limits::kill_again_after);
    }
    report.still_there = left.empty() ? left : collect_leftovers(procfs, project, known, kept);
    for (LivingProcess& it : seen) {
        const bool is_there = std::ranges::find(report.still_there, it) != report.still_there.end();
        if (!is_there) report.ended.push_back(std::move(it));
    }
    return report;
}

std::vector<RunMark> marks_of(const std::vector<core::api::LedgerProcess>& processes) {
    std::vector<RunMark> marks;
    for (const core::api::LedgerProcess& it : processes)
        marks.push_back({{{}, it.run}, it.service, it.pid, it.start_ticks});
    return marks;
}

std::string describe(const LeftoverReport& report) {
    std::string text;
    if (!report.ended.empty()) {
        text = "ended " + count_of(report.ended.size(), "process") +
               " that an earlier devstack had left behind: " + names_of(report.ended);
    }
    if (report.still_there.empty()) return text;
    return text + (text.empty() ? "" : "; ") + "could not end " + names_of(report.still_there) +
           ", left behind by an earlier devstack";
}

}  // namespace devstack::daemon
