#include "original_state.hpp"

#include "raw_syscall.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace devstack::keeper {

namespace {

constexpr int first_other_descriptor = 3;

/// Descriptors 0 to 2 are open from here on, so that no pipe of a child can get their numbers; and
/// 0 is /dev/null, which children inherit without any further call.
bool open_standard_descriptors() {
    int null = -1;
    do {
        null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (null >= 0 && null < first_other_descriptor && ::fcntl(null, F_SETFD, 0) == 0);
    return null >= 0 && ::dup2(null, STDIN_FILENO) == STDIN_FILENO && ::close(null) == 0;
}

void close_range(int first, int last) {
    if (first <= last) ::syscall(SYS_close_range, first, last, 0);
}

/// What our caller had open is not ours, and a lock or pipe among it would outlive its owner here.
void close_all_but(int one, int other) {
    const int low = std::max(std::min(one, other), first_other_descriptor - 1);
    const int high = std::max(std::max(one, other), first_other_descriptor - 1);
    close_range(first_other_descriptor, low - 1);
    close_range(low + 1, high - 1);
    ::syscall(SYS_close_range, high + 1, ~0U, 0);
    for (const int kept : {one, other}) {
        if (kept >= first_other_descriptor) ::fcntl(kept, F_SETFD, FD_CLOEXEC);
    }
}

/// Nothing is left ignored that exec would hand on, and no signal from outside can end us: what the
/// keeper does not read from its signalfd stays pending for ever.
bool take_signals(sigset_t& original_mask) {
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);  // Fails for SIGKILL and the like, which have it anyway.
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
        ::sigdelset(&blocked, fault);
    return ::sigprocmask(SIG_SETMASK, &blocked, &original_mask) == 0;
}

void raise_file_limit(rlimit& original) {
    if (::getrlimit(RLIMIT_NOFILE, &original) != 0) return;
    const rlimit raised{original.rlim_max, original.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &raised);
}

}  // namespace

void OriginalState::restore_signal_mask() const {
    constexpr std::size_t kernel_mask_size = NSIG / 8;
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, &signal_mask, nullptr, kernel_mask_size);
}

void OriginalState::restore_file_limit() const {
    if (file_limit.rlim_max == 0) return;
    raw_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &file_limit, nullptr);
}

bool become_keeper(OriginalState& original, int report_fd, int lifeline_fd) {
    ::setsid();  // Fails when we are a leader already.
    ::prctl(PR_SET_NAME, "devstack-keeper");
    close_all_but(report_fd, lifeline_fd);
    raise_file_limit(original.file_limit);
    return take_signals(original.signal_mask) && open_standard_descriptors() &&
           ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

}  // namespace devstack::keeper
