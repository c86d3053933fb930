#include "private_network.hpp"

#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace devstack::test {

namespace {

bool bring_loopback_up() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const bool is_up = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    ::close(socket);
    return is_up;
}

bool limit_ports(int only_port) {
    std::ofstream range{"/proc/thread-self/sys/net/ipv4/ip_local_port_range"};
    if (!range.is_open()) range.open("/proc/sys/net/ipv4/ip_local_port_range");
    range << only_port << " " << only_port << std::endl;
    return range.good();
}

}  // namespace

PrivateNetwork::PrivateNetwork(int only_port) {
    original_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (original_ < 0 || ::unshare(CLONE_NEWNET) != 0) return;
    is_ready_ = bring_loopback_up() && limit_ports(only_port);
}

PrivateNetwork::~PrivateNetwork() {
    if (original_ < 0) return;
    ::setns(original_, CLONE_NEWNET);
    ::close(original_);
}

}  // namespace devstack::test
