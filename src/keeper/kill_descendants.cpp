#include "kill_descendants.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/platform/procfs.hpp"

#include <chrono>
#include <csignal>
#include <ctime>

#include <sys/wait.h>
#include <unistd.h>

namespace devstack::keeper {

namespace {

std::vector<int> find_children() {
    const platform::Procfs procfs;
    const int self = ::getpid();
    if (auto children = platform::collect_children(procfs, self)) return *children;
    std::vector<int> children;
    for (const platform::ProcessInfo& process : platform::collect_processes(procfs)) {
        if (process.parent == self) children.push_back(process.pid);
    }
    return children;
}

}  // namespace

void kill_descendants() {
    constexpr auto patience = std::chrono::seconds{1};
    constexpr timespec pause{0, 20'000'000};  // A death of which no signal told us.
    sigset_t child_ended;
    ::sigemptyset(&child_ended);
    ::sigaddset(&child_ended, SIGCHLD);
    const TimePoint deadline = platform::now() + patience;
    do {
        // Each is our own child and not reaped: the pid can mean nobody else.
        for (const int child : find_children())
            ::kill(child, SIGKILL);
        pid_t reaped = 0;
        while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
        }
        if (reaped < 0) return;  // ECHILD: nobody is left.
        ::sigtimedwait(&child_ended, nullptr, &pause);
    } while (platform::now() < deadline);
}

}  // namespace devstack::keeper
