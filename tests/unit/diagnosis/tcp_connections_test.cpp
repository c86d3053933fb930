#include "diagnosis/tcp_connections.hpp"

#include "devstack/platform/file_descriptor.hpp"

#include "support/catch.hpp"
#include "support/listener.hpp"

#include <cstdint>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::diagnosis;
using namespace devstack::test;

TEST_CASE("a socket that listens has no other end", "[unit][diagnosis]") {
    const Listener listener{"127.0.0.1"};
    CHECK(find_peer(TcpTable{}, ::getpid(), listener.fd()).empty());
}

namespace {

/// Connections of this process to itself.
class Crowd {
public:
    Crowd(const Listener& listener, int size) {
        for (int i = 0; i < size; ++i) {
            ends_.push_back(connect_to(listener.port().number));
            ends_.emplace_back(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        }
    }

private:
    static platform::FileDescriptor connect_to(std::uint16_t port) {
        platform::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&to));
        REQUIRE(::connect(socket.get(), any, sizeof to) == 0);
        return socket;
    }

    std::vector<platform::FileDescriptor> ends_;
};

/// This process is the service "shop", which listens there.
core::doctor::Facts facts_of(const Listener& listener) {
    core::doctor::Facts facts;
    core::doctor::ProcessFact process;
    process.pid = ::getpid();
    process.service = "shop";
    facts.processes = {process};
    core::doctor::ListenerFact fact;
    fact.port = listener.port().number;
    fact.pid = ::getpid();
    fact.service = "shop";
    facts.listeners = {fact};
    return facts;
}

}  // namespace

TEST_CASE("of many connections it is told whose they are, and how many have come",
          "[unit][diagnosis]") {
    const Listener listener{"127.0.0.1"};
    core::doctor::Facts facts = facts_of(listener);
    const Crowd first{listener, 150};
    const StuckConnections before = find_stuck(TcpTable{}, facts);
    CHECK(before.dead.empty());
    add_connections(before, facts);
    REQUIRE(facts.connections.size() == 1);
    CHECK(facts.connections[0].count == 150);
    CHECK(facts.connections[0].client.empty());  // Not so many that it matters.
    const Crowd second{listener, 100};
    add_connections(before, facts);
    REQUIRE(facts.connections.size() == 1);
    CHECK(facts.connections[0].state == "established");
    CHECK(facts.connections[0].count == 250);
    CHECK(facts.connections[0].grown == 100);
    CHECK(facts.connections[0].client == "shop");
}
