#include "devstack/platform/process_deadline.hpp"

#include <csignal>

#include <sys/time.h>
#include <unistd.h>

namespace devstack::platform {

void end_process_after(Duration duration) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(duration);
    const auto rest = std::chrono::floor<std::chrono::microseconds>(duration - whole);
    // Not by the signal itself: a shell would tell its user of that.
    std::signal(SIGALRM, [](int) { ::_exit(1); });
    // It may be blocked in who started us.
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
    const itimerval timer{{}, {whole.count(), rest.count()}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace devstack::platform
