#include "devstack/platform/kill.hpp"
#include "devstack/platform/process_handle.hpp"

#include "daemon/children.hpp"

#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

// Processes that nobody waits for any more, because the keeper that was their parent has died. They
// are held by pidfd: its end is seen, its status is not, and no signal goes to a later process.

namespace devstack::daemon {

namespace {

const platform::Procfs procfs;

bool has_ended(const platform::FileDescriptor& pidfd) {
    pollfd it{pidfd.get(), POLLIN, 0};
    return !pidfd.is_open() || ::poll(&it, 1, 0) != 0;
}

/// 0 for what is no pipe.
std::uint64_t inode_of_pipe(const platform::FileDescriptor& pipe) {
    struct stat status {};
    const bool is_pipe = ::fstat(pipe.get(), &status) == 0 && S_ISFIFO(status.st_mode);
    return is_pipe ? status.st_ino : 0;
}

}  // namespace

/// While the pidfd says that the process lives, its pid is its own, and so is the start time.
void Children::identify(Child& child, KeeperSpawned& spawned) {
    child.pidfd = std::move(spawned.pidfd);
    child.identity = {child.service,
                      child.run.number,
                      child.pid,
                      0,
                      inode_of_pipe(spawned.standard_output),
                      inode_of_pipe(spawned.standard_error),
                      child.cgroup};
    const auto info = platform::find_process(procfs, child.pid);
    if (info && !has_ended(child.pidfd)) child.identity.start_ticks = info->start_ticks;
}

std::vector<core::api::LedgerProcess> Children::collect_processes() const {
    std::vector<core::api::LedgerProcess> processes;
    for (const auto& [token, child] : children_) {
        if (child.pid != 0 && !child.status) processes.push_back(child.identity);
    }
    return processes;
}

/// Then its number is its own: also that of its session and group. What is not waited for by the
/// keeper may be gone and its number given away before we hear of it.
bool Children::has_leader(const Child& child) {
    if (child.status) return false;
    return !child.is_orphan || !has_ended(child.pidfd);
}

void Children::on(KeeperGone) {
    // What the keeper has still said counts.
    look_for_survivors();
    sink_.burst_ended();
    is_keeper_gone_ = true;
    channel_.release();
    for (auto& [token, command] : std::exchange(commands_, {})) {
        if (command.pid != 0 && !has_ended(command.pidfd))
            platform::signal_group(command.pid, SIGKILL);
    }
    std::vector<std::uint64_t> unborn;
    for (auto& [token, child] : children_) {
        child.is_orphan = true;
        if (child.pid == 0) {
            unborn.push_back(token);
        } else if (child.status) {
            watch_survivors(child);
        } else {
            watch_end(token, child);
        }
    }
    // Some may have been born; what carries our cookie is looked for before we leave.
    for (const std::uint64_t token : unborn) {
        const core::RunId run = children_.at(token).run;
        children_.erase(token);
        sink_.fact(core::SpawnFailed{run, "the keeper has died", true});
    }
    sink_.keeper_gone();
}

std::vector<core::FoundRun> Children::take_over(std::vector<Orphan> orphans,
                                                const FindService& find_service) {
    std::vector<core::FoundRun> found;
    for (Orphan& orphan : orphans) {
        const auto service = find_service(orphan.identity.service);
        if (!service) continue;
        const core::RunId run{*service, orphan.identity.run};
        const std::uint64_t token = token_of(run);
        Child& child = children_[token];
        child.run = run;
        child.service = orphan.identity.service;
        child.pid = orphan.identity.pid;
        child.is_orphan = true;
        child.cgroup = orphan.identity.cgroup;
        link_.adopt(token, render_run_cookie(child.service, run.number), orphan.process);
        identify(child, orphan.process);
        capture(child, orphan.process);
        found.push_back({run, child.pid});
    }
    wait_for_room();
    return found;
}

void Children::watch_end(std::uint64_t token, const Child& child) {
    const int copy = child.pidfd.is_open() ? ::fcntl(child.pidfd.get(), F_DUPFD_CLOEXEC, 0) : -1;
    ends_.add(platform::FileDescriptor{copy}, [this, token] { ended_unseen(token); });
}

void Children::watch_survivors(const Child& child) {
    for (const LivingProcess& it : child.survivors) {
        auto handle = platform::open_process(procfs, it.pid, it.start_ticks);
        ends_.add(handle ? std::move(*handle) : platform::FileDescriptor{}, [this] {
            must_look_for_survivors_ = true;
            look_for_survivors();
            sink_.burst_ended();
        });
    }
}

void Children::ended_unseen(std::uint64_t token) {
    const auto found = children_.find(token);
    if (found == children_.end() || found->second.status) return;
    KeeperExited exited;
    exited.token = token;
    exited.pid = found->second.pid;
    exited.code = platform::keeper_protocol::exit_code_unknown;
    exited.is_unknown = true;
    on(exited);
    look_for_survivors();
    sink_.burst_ended();
}

}  // namespace devstack::daemon
