#include "devstack/platform/tcp_listener.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace devstack;
using namespace devstack::platform;

namespace {

Port port_of(const FileDescriptor& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return Port{ntohs(address.sin_port)};
}

}  // namespace

TEST_CASE("a listener listens, and blocks", "[unit][platform]") {
    const auto listener = listen_tcp("127.0.0.1", Port{0});
    REQUIRE(listener);
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    ::getsockopt(listener->get(), SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size);
    CHECK(is_listening == 1);
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) == 0);
    CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
    ::fcntl(listener->get(), F_SETFL, O_NONBLOCK);
    make_blocking(listener->get());
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a listener that can not be had says why", "[unit][platform]") {
    const auto first = listen_tcp("127.0.0.1", Port{0});
    REQUIRE(first);
    const Port port = port_of(*first);
    const auto second = listen_tcp("127.0.0.1", port);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == Error::Kind::busy);
    CHECK(second.error().message ==
          "cannot listen on 127.0.0.1:" + to_string(port) + ": Address already in use");

    const auto abroad = listen_tcp("203.0.113.1", Port{80});
    REQUIRE_FALSE(abroad);
    CHECK(abroad.error().message ==
          "cannot listen on 203.0.113.1:80: Cannot assign requested address");
    const auto nowhere = listen_tcp("::x", Port{80});
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().kind == Error::Kind::invalid);
    CHECK(nowhere.error().message == "cannot listen on [::x]:80: Invalid argument");
}
