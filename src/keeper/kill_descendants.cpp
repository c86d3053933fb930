#include "kill_descendants.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/platform/kill.hpp"

#include <chrono>
#include <csignal>
#include <ctime>

#include <sys/wait.h>
#include <unistd.h>

namespace devstack::keeper {

void kill_descendants() {
    constexpr auto patience = std::chrono::seconds{1};
    constexpr timespec pause{0, 20'000'000};  // A death of which no signal told us.
    const platform::Procfs procfs;
    sigset_t child_ended;
    ::sigemptyset(&child_ended);
    ::sigaddset(&child_ended, SIGCHLD);
    const TimePoint deadline = platform::now() + patience;
    do {
        pid_t reaped = 0;
        while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
        }
        if (reaped < 0) return;  // ECHILD: nobody is left.
        platform::kill_family(procfs,
                              [&] { return platform::collect_descendants(procfs, ::getpid()); });
        ::sigtimedwait(&child_ended, nullptr, &pause);
    } while (platform::now() < deadline);
}

}  // namespace devstack::keeper
