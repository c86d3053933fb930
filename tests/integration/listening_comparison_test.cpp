#include "devstack/daemon/listening_comparison.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::daemon;

namespace {

platform::ListeningSocket at(const std::string& address, int port) {
    return {address, Port{static_cast<std::uint16_t>(port)}, 1, 0};
}

using Sockets = std::vector<platform::ListeningSocket>;
using Sentences = std::vector<std::string>;

Sentences differences(const std::vector<int>& declared,
                      const Sockets& own,
                      const std::vector<OtherListener>& others = {}) {
    std::vector<Port> ports;
    for (const int port : declared)
        ports.push_back(Port{static_cast<std::uint16_t>(port)});
    return find_listening_differences("api", ports, own, others);
}

}  // namespace

TEST_CASE("a service that listens as declared gives no cause for a word", "[integration][ports]") {
    CHECK(differences({3002}, {at("127.0.0.1", 3002)}).empty());
    CHECK(differences({3002}, {at("0.0.0.0", 3002)}).empty());
    CHECK(differences({3002}, {at("::", 3002)}).empty());
    CHECK(differences({3002}, {at("127.0.0.1", 3002), at("::1", 3002)}).empty());
    CHECK(differences({3002}, {at("::", 3002), at("127.0.0.1", 9229)}).empty());
    CHECK(differences({}, {at("::", 9229)}).empty());
}

TEST_CASE("a socket that was handed over is the service's or nobody's", "[integration][ports]") {
    CHECK(differences({3002}, {}, {{Port{3002}, 4711, "devstack", true}}) ==
          Sentences{
              "api was handed the socket of port 3002 and has closed it: nobody answers there"});
}

TEST_CASE("a service that listens elsewhere is told so", "[integration][ports]") {
    CHECK(differences({3002}, {at("127.0.0.1", 3001)}) ==
          Sentences{"api declared port 3002 and listens on 3001"});
    CHECK(differences({3002}, {at("::", 3003), at("::", 3001), at("127.0.0.1", 3001)}) ==
          Sentences{"api declared port 3002 and listens on 3001 and 3003"});
    CHECK(differences({3002}, {}) == Sentences{"api declared port 3002 and listens on nothing"});
    CHECK(differences({3002, 9229}, {at("::", 9229)}) ==
          Sentences{"api declared port 3002 and listens on nothing"});
}

TEST_CASE("an address that not every client reaches is told", "[integration][ports]") {
    CHECK(differences({3200}, {at("::1", 3200)}) ==
          Sentences{"api listens on ::1 only: clients that connect to 127.0.0.1:3200 are refused"});
    CHECK(differences({3200}, {at("192.168.1.5", 3200), at("::1", 3200)}) ==
          Sentences{"api listens on 192.168.1.5 and ::1 only: clients that connect to "
                    "127.0.0.1:3200 are refused"});
}

TEST_CASE("somebody else on the declared port is named", "[integration][ports]") {
    CHECK(differences({5432}, {}, {{Port{5432}, 812, "postgres"}}) ==
          Sentences{"api declared port 5432, but postgres (pid 812) listens there"});
    SECTION("but not what serves the port for a container, or can not be seen") {
        CHECK(differences({5432}, {}, {{Port{5432}, 812, "docker-proxy"}}).empty());
        CHECK(differences({5432}, {}, {{Port{5432}, 0, ""}}).empty());
    }
}
