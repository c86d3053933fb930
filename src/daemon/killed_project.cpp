#include "devstack/daemon/killed_project.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/process_handle.hpp"

#include "daemon/cgroups.hpp"
#include "daemon/inheritance.hpp"
#include "daemon/leftovers.hpp"

#include <unistd.h>

namespace devstack::daemon {

std::vector<std::string> find_left_running(const project::ProjectPaths& paths) {
    std::vector<std::string> names;
    const auto killed = recall_killed(paths.state_dir);
    if (!killed) return names;
    for (const core::api::LedgerProcess& it : killed->processes) {
        if (it.start_ticks == 0) continue;
        const auto process = platform::find_process(platform::Procfs{}, it.pid);
        const bool is_it = process && process->start_ticks == it.start_ticks;
        if (!is_it || process->state == 'Z' || process->state == 'X') continue;
        names.push_back(it.service + " (pid " + std::to_string(it.pid) + ")");
    }
    return names;
}

Result<std::string> end_left_running(const project::ProjectPaths& paths) {
    const auto killed = recall_killed(paths.state_dir);
    if (!killed) return std::string{};
    ProjectMark mark{paths.project_dir, 0, ::getpid()};
    mark.cgroups = cgroups_of(paths.project_dir, killed->processes);
    const LeftoverReport report = end_leftovers(
        platform::Procfs{}, mark, core::limits::leftover_grace, marks_of(killed->processes));
    std::string what = describe(report);
    if (!report.still_there.empty()) return Error{Error::Kind::system, std::move(what)};
    ::unlink(project::ledger_path(paths.state_dir).c_str());
    return what;
}

}  // namespace devstack::daemon
