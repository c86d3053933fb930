#include "devstack/base/ip_address.hpp"

#include "support/catch.hpp"

using namespace devstack;

TEST_CASE("addresses are told from names", "[unit][base]") {
    for (const char* const address : {"127.0.0.1", "0.0.0.0", "::1", "::", "fe80::1"})
        CHECK(is_ip_address(address));
    for (const char* const other : {"", "localhost", "127.0.0", "[::1]", "1.2.3.4:80", "::1%lo"})
        CHECK_FALSE(is_ip_address(other));
}

TEST_CASE("loopback addresses are told from all others", "[unit][base]") {
    for (const char* const address : {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1"})
        CHECK(is_loopback(address));
    for (const char* const other :
         {"", "localhost", "127.0.0.1.evil.example", "127.evil.example", "128.0.0.1", "::", "::2"})
        CHECK_FALSE(is_loopback(other));
}
