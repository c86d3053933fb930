#include "devstack/platform/kill.hpp"

#include "devstack/platform/file_descriptor.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <unordered_set>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

bool is_group_signalled(int group, int signal) {
    // kill(-1) means everybody, kill(0) ourselves: such a number can only be our own mistake.
    DEVSTACK_ASSERT(group > 1, "a process group has a number above 1");
    // EPERM: there is somebody, and none of them is ours.
    return ::kill(-group, signal) == 0 || errno == EPERM;
}

Error not_signalled(int pid, Error::Kind kind, const std::string& reason) {
    return {kind, "cannot signal process " + std::to_string(pid) + ": " + reason};
}

Error not_signalled(int pid, int error) {
    if (error == ESRCH || error == EINVAL) {
        return not_signalled(pid, Error::Kind::not_found, "it has ended");
    }
    if (error == EPERM) {
        return not_signalled(pid, Error::Kind::not_permitted, "it belongs to another user");
    }
    return not_signalled(pid, Error::Kind::system, std::strerror(error));
}

}  // namespace

bool signal_group(int group, int signal) {
    return is_group_signalled(group, signal);
}

bool group_exists(int group) {
    return is_group_signalled(group, 0);
}

Status signal_process(const Procfs& procfs, int pid, std::uint64_t start_ticks, int signal) {
    // The descriptor first, the look at the start time second: if the times are the same then, the
    // descriptor can mean nobody else. By number, since the wrappers are newer than our oldest
    // libc.
    const FileDescriptor pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    if (!pidfd.is_open()) return not_signalled(pid, errno);
    const auto process = find_process(procfs, pid);
    if (!process || process->start_ticks != start_ticks) return not_signalled(pid, ESRCH);
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) != 0) {
        // EINVAL comes for a wrong signal here, never for a wrong process.
        return errno == EINVAL ? not_signalled(pid, Error::Kind::invalid, "there is no such signal")
                               : not_signalled(pid, errno);
    }
    return ok();
}

void kill_family(const Procfs& procfs, const std::function<std::vector<ProcessInfo>()>& list) {
    std::set<std::pair<int, std::uint64_t>> stopped;
    for (int look = 0; look < looks_max; ++look) {
        bool is_anybody_new = false;
        for (const ProcessInfo& it : list()) {
            if (!stopped.emplace(it.pid, it.start_ticks).second) continue;
            is_anybody_new = true;
            (void)signal_process(procfs, it.pid, it.start_ticks, SIGSTOP);
        }
        if (!is_anybody_new) break;
    }
    for (const auto& [pid, start_ticks] : stopped)
        (void)signal_process(procfs, pid, start_ticks, SIGKILL);
}

std::vector<ProcessInfo> collect_descendants(const Procfs& procfs, int pid) {
    const std::vector<ProcessInfo> processes = collect_processes(procfs);
    std::unordered_set<int> family{pid};
    std::vector<ProcessInfo> descendants;
    for (std::size_t size = 0; size != family.size();) {
        size = family.size();
        for (const ProcessInfo& it : processes) {
            if (!family.contains(it.parent) || !family.insert(it.pid).second) continue;
            descendants.push_back(it);
        }
    }
    return descendants;
}

}  // namespace devstack::platform
