#include "cli/reach_daemon.hpp"

#include "devstack/base/text.hpp"
#include "devstack/daemon/killed_project.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/file_lock.hpp"
#include "devstack/platform/kill.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/platform/signal_watch.hpp"
#include "devstack/project/ledger_file.hpp"

#include "cli/find_project.hpp"
#include "cli/project_end.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <system_error>

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;

/// A daemon is there again after a tenth of a second, as a rule.
constexpr Duration patience = 3s;
constexpr Duration pause = 20ms;
/// Longer than any honest start takes.
constexpr Duration start_patience = 30s;

/// Somebody is bringing it up, or a daemon whose keeper was killed is giving it to another one.
bool is_being_started(const project::ProjectPaths& paths) {
    std::error_code error;
    if (!std::filesystem::exists(paths.lock_file(), error)) return false;
    const auto lock = platform::lock_file(paths.lock_file(), Duration::zero());
    return !lock && lock.error().kind == Error::Kind::timed_out;
}

/// It runs, as far as the registry knows, and what it kept was removed: it makes that again.
bool was_removed(const project::ProjectPaths& paths) {
    std::error_code error;
    if (std::filesystem::exists(project::ledger_path(paths.state_dir), error)) return false;
    return std::ranges::any_of(project::registered_projects(),
                               [&](const auto& it) { return it.runtime_dir == paths.runtime_dir; });
}

}  // namespace

Result<client::Connection> reach_daemon(const project::ProjectPaths& paths, StartLock lock) {
    const TimePoint deadline = platform::now() + patience;
    for (;;) {
        Result<client::Connection> connection = client::Connection::open(paths.control_socket());
        if (connection || !means_not_running(connection.error())) return connection;
        const auto keeper = project::find_living_keeper(paths.state_dir);
        const bool is_late = platform::now() >= deadline;
        const bool may_come = keeper || (lock == StartLock::not_held && is_being_started(paths)) ||
                              was_removed(paths);
        if (!may_come || (is_late && !keeper)) return connection;
        if (is_late) {
            return Error{Error::Kind::timed_out,
                         "the daemon of " + paths.project_dir +
                             " has died and none comes up again; the services run on, and "
                             "their keeper (pid " +
                             std::to_string(*keeper) + ") goes on trying. Why is in " +
                             paths.state_dir +
                             "/daemon.log and daemon.stderr; `devstack down` ends everything"};
        }
        platform::wait_readable({}, pause);
    }
}

bool means_daemon_lost(const Error& error) {
    return error.kind == Error::Kind::system || means_not_running(error);
}

Status end_keeper(const project::ProjectPaths& paths, Duration timeout) {
    const platform::Procfs procfs;
    const auto keeper = project::find_living_keeper(paths.state_dir);
    const auto process = keeper ? platform::find_process(procfs, *keeper) : std::nullopt;
    if (!process) return ok();
    core::api::StateMessage state;
    state.keeper_pid = *keeper;
    const ProjectProcesses processes{state};
    Status asked = platform::signal_process(procfs, *keeper, process->start_ticks, SIGTERM);
    if (!asked) return asked;
    if (processes.await_end(timeout)) return ok();
    return Error{Error::Kind::timed_out,
                 "the keeper (pid " + std::to_string(*keeper) + ") has not ended after " +
                     render_duration(timeout)};
}

Error not_running(const std::string& shown_name, const project::ProjectPaths& paths) {
    const std::vector<std::string> left = daemon::find_left_running(paths);
    if (left.empty()) {
        return {Error::Kind::not_found,
                shown_name + " is not running; start it with `devstack up`"};
    }
    return {Error::Kind::not_found,
            shown_name + " is not running, but " + join_for_people(left) +
                (left.size() == 1 ? " is" : " are") +
                " left of a devstack that was killed; `devstack up` goes on from there, "
                "`devstack down` ends what is left"};
}

Result<std::string> end_left_running(const project::ProjectPaths& paths) {
    const auto lock = platform::lock_file(paths.lock_file(), start_patience);
    if (!lock && lock.error().kind == Error::Kind::timed_out) return lock.error();
    return daemon::end_left_running(paths);
}

}  // namespace devstack::cli
