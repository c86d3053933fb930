#include "cli/project_end.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/platform/process_handle.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/platform/signal_watch.hpp"
#include "devstack/project/event_reader.hpp"

#include <algorithm>

#include <poll.h>

namespace devstack::cli {

namespace {

/// Closed if it is gone already.
platform::FileDescriptor hold_on_to(int pid) {
    const platform::Procfs procfs;
    const auto process = platform::find_process(procfs, pid);
    if (!process) return {};
    Result<platform::FileDescriptor> handle =
        platform::open_process(procfs, pid, process->start_ticks);
    return handle ? std::move(*handle) : platform::FileDescriptor{};
}

bool await_one(const platform::FileDescriptor& process, Duration timeout) {
    if (!process.is_open()) return true;
    platform::wait_readable({process.get()}, std::max(timeout, Duration::zero()));
    pollfd entry{process.get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

}  // namespace

ProjectProcesses::ProjectProcesses(const core::api::StateMessage& state)
    : daemon_{hold_on_to(state.daemon_pid)}, keeper_{hold_on_to(state.keeper_pid)} {}

bool ProjectProcesses::await_daemon_end(Duration timeout) const {
    return await_one(daemon_, timeout);
}

bool ProjectProcesses::await_end(Duration timeout) const {
    const TimePoint deadline = platform::now() + timeout;
    return await_one(daemon_, timeout) && await_one(keeper_, deadline - platform::now());
}

bool has_ended(const ProjectPlace& place) {
    const auto connection = client::Connection::open(place.paths.control_socket());
    if (connection || !means_not_running(connection.error())) return false;
    project::EventQuery query;
    query.tail = 1;
    const auto answer = project::read_events(place.paths.state_dir, query);
    if (!answer || answer->events.empty()) return false;
    const core::api::EventMessage& last = answer->events.back();
    return last.kind == "project" && last.to == "stopped";
}

}  // namespace devstack::cli
