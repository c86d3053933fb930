// The daemon of the keeper's tests: it hands its channel, report and lifeline to the test over the
// socket at argv[1] and lets the test speak. To the test it tells the signals that it gets; the
// test tells it the code to exit with.

#include "devstack/platform/keeper_protocol.hpp"
#include "devstack/platform/message_socket.hpp"

#include <csignal>
#include <cstring>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace protocol = devstack::platform::keeper_protocol;

int main(int argc, char** argv) {
    if (argc != 2) return 64;
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        ::sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const int signal_descriptor = ::signalfd(-1, &signals, SFD_CLOEXEC);

    const int test = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    if (::connect(test, any, sizeof address) != 0) return 70;
    const int pid = ::getpid();
    devstack::platform::send_message(
        test,
        &pid,
        sizeof pid,
        {protocol::daemon_channel_fd, protocol::daemon_report_fd, protocol::daemon_lifeline_fd});

    for (;;) {
        pollfd polled[] = {{test, POLLIN, 0}, {signal_descriptor, POLLIN, 0}};
        if (::poll(polled, 2, -1) < 0) continue;
        if (polled[1].revents != 0) {
            signalfd_siginfo info{};
            if (::read(signal_descriptor, &info, sizeof info) != sizeof info) return 70;
            const int signal = static_cast<int>(info.ssi_signo);
            devstack::platform::send_message(test, &signal, sizeof signal);
        }
        if (polled[0].revents == 0) continue;
        int word = 0;
        if (::read(test, &word, sizeof word) != sizeof word) return 0;
        if (word < 0) {
            ::close(protocol::daemon_channel_fd);
        } else {
            return word;
        }
    }
}
