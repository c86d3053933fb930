#include "daemon_process.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/platform/keeper_protocol.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace devstack::keeper {

namespace protocol = platform::keeper_protocol;

namespace {

constexpr int first_free_descriptor = 10;

/// Out of the way of the numbers that the daemon expects.
int move_up(int descriptor) {
    if (descriptor >= 0) return ::fcntl(descriptor, F_DUPFD_CLOEXEC, first_free_descriptor);
    // Standard input is /dev/null.
    return ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, first_free_descriptor);
}

[[noreturn]] void become_daemon(const KeeperOptions& options,
                                const OriginalState& original,
                                int channel) {
    const int moved_channel = move_up(channel);
    const int moved_report = move_up(options.report_fd);
    const int moved_lifeline = move_up(options.lifeline_fd);
    // Without close-on-exec, as dup2 makes them.
    ::dup2(moved_channel, protocol::daemon_channel_fd);
    ::dup2(moved_report, protocol::daemon_report_fd);
    ::dup2(moved_lifeline, protocol::daemon_lifeline_fd);
    original.restore_signal_mask();
    // The file limit stays raised: the daemon holds three descriptors for each child.
    ::execv(options.daemon_program, const_cast<char* const*>(options.daemon_argv));
    ::dprintf(STDERR_FILENO,
              "devstack: cannot execute %s: %s\n",
              options.daemon_program,
              std::strerror(errno));
    ::_exit(127);
}

}  // namespace

Duration Backoff::next_delay(Duration lifetime) {
    if (lifetime >= long_life) delay_ = shortest;
    return std::exchange(delay_, std::min(2 * delay_, longest));
}

DaemonProcess start_daemon(const KeeperOptions& options, const OriginalState& original) {
    DaemonProcess daemon;
    daemon.started = platform::now();
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        return daemon;
    }
    platform::FileDescriptor ours{ends[0]};
    const platform::FileDescriptor theirs{ends[1]};
    const pid_t pid = ::fork();
    if (pid == 0) become_daemon(options, original, theirs.get());
    if (pid < 0) return daemon;
    daemon.pid = pid;
    daemon.channel = std::move(ours);
    return daemon;
}

}  // namespace devstack::keeper
