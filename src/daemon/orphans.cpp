#include "daemon/orphans.hpp"

#include "devstack/daemon/run_processes.hpp"
#include "devstack/platform/process_handle.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::daemon {

namespace {

using core::api::LedgerProcess;
using platform::FileDescriptor;
using platform::Procfs;

bool is_pipe(const std::string& path, std::uint64_t inode) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) return false;
    return inode == 0 || status.st_ino == inode;
}

FileDescriptor make_ended_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    ::close(ends[1]);
    return FileDescriptor{ends[0]};
}

/// The pipe that is, or was, standard output or error of the process. Opened anew, it is ours to
/// read from: the kernel keeps what was not read.
FileDescriptor reopen_pipe(const Procfs& procfs, int pid, int number, std::uint64_t inode) {
    const std::string path =
        procfs.root + "/" + std::to_string(pid) + "/fd/" + std::to_string(number);
    if (is_pipe(path, inode)) {
        FileDescriptor pipe{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
        if (pipe.is_open()) return pipe;
    }
    return make_ended_pipe();
}

/// Whom nobody could write down any more: the leader of a session whose environment says that it is
/// this run.
std::optional<LedgerProcess> find_by_cookie(const Procfs& procfs,
                                            const std::string& project_dir,
                                            const std::string& service,
                                            std::uint32_t run) {
    for (const platform::ProcessInfo& it : platform::collect_processes(procfs)) {
        const bool is_leader = it.pid == it.session && it.pid == it.group && it.state != 'Z';
        if (!is_leader) continue;
        const auto values = platform::read_environment_variables(
            procfs, it.pid, {project_dir_variable, run_variable});
        if (values[0] != project_dir || values[1] != render_run_cookie(service, run)) continue;
        return LedgerProcess{service, run, it.pid, it.start_ticks, 0, 0, {}};
    }
    return std::nullopt;
}

std::optional<LedgerProcess> identify(const Procfs& procfs,
                                      const std::string& project_dir,
                                      const project::RecalledLedger& ledger,
                                      const core::ServiceRecord& record) {
    const auto run = core::run_of(record.phase);
    if (!run || !core::is_alive(record.phase)) return std::nullopt;
    const auto known = std::ranges::find_if(ledger.processes, [&](const LedgerProcess& it) {
        return it.service == record.service && it.run == run->number && it.start_ticks != 0;
    });
    if (known != ledger.processes.end()) return *known;
    return find_by_cookie(procfs, project_dir, record.service, run->number);
}

}  // namespace

std::vector<Orphan> find_orphans(const Procfs& procfs,
                                 const std::string& project_dir,
                                 const project::RecalledLedger& ledger) {
    std::vector<Orphan> orphans;
    for (const core::ServiceRecord& record : ledger.services) {
        const auto identity = identify(procfs, project_dir, ledger, record);
        if (!identity) continue;
        auto pidfd = platform::open_process(procfs, identity->pid, identity->start_ticks);
        const auto info = platform::find_process(procfs, identity->pid);
        if (!pidfd || !info || info->state == 'Z' || info->state == 'X') continue;
        Orphan orphan{*identity, {}};
        orphan.process.pid = identity->pid;
        orphan.process.pidfd = std::move(*pidfd);
        orphan.process.standard_output =
            reopen_pipe(procfs, identity->pid, STDOUT_FILENO, identity->output_pipe);
        orphan.process.standard_error =
            reopen_pipe(procfs, identity->pid, STDERR_FILENO, identity->error_pipe);
        const bool is_whole =
            orphan.process.standard_output.is_open() && orphan.process.standard_error.is_open();
        if (is_whole) orphans.push_back(std::move(orphan));
    }
    return orphans;
}

}  // namespace devstack::daemon
