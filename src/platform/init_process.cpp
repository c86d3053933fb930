#include "devstack/platform/init_process.hpp"

#include <csignal>
#include <optional>

#include <sys/wait.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

constexpr int signal_base = 128;

/// In a group of its own: what the terminal sends (Ctrl-C) comes once, not from us as well.
void become_foreground() {
    ::setpgid(0, 0);
    if (::isatty(STDIN_FILENO) == 0) return;
    sigset_t output;
    sigemptyset(&output);
    sigaddset(&output, SIGTTOU);
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &output, &before);
    ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

/// All that has ended; the worker's exit code, if it is among them.
std::optional<int> reap(pid_t worker) {
    std::optional<int> code;
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != worker) continue;
        code = WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return code;
}

}  // namespace

bool is_init_process() {
    return ::getpid() == 1;
}

int do_as_init(const std::function<int()>& work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    // Before there is a child, so that nothing of it is missed.
    ::sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t worker = ::fork();
    if (worker <= 0) {
        if (worker == 0) become_foreground();
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return work();
    }
    while (true) {
        siginfo_t signal{};
        if (::sigwaitinfo(&all, &signal) < 0) continue;
        if (signal.si_signo != SIGCHLD) {
            ::kill(worker, signal.si_signo);
        } else if (const auto code = reap(worker)) {
            return *code;
        }
    }
}

}  // namespace devstack::platform
