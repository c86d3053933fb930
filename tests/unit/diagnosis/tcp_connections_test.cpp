#include "diagnosis/tcp_connections.hpp"

#include "support/catch.hpp"
#include "support/listener.hpp"

#include <unistd.h>

using namespace devstack::diagnosis;
using namespace devstack::test;

TEST_CASE("a socket that listens has no other end", "[unit][diagnosis]") {
    const Listener listener{"127.0.0.1"};
    CHECK(find_peer(TcpTable{}, ::getpid(), listener.fd()).empty());
}
