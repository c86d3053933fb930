#include "daemon/tcp_connector.hpp"

#include "daemon/name_resolver.hpp"
#include "support/catch.hpp"
#include "support/full_queue.hpp"
#include "support/listener.hpp"

#include <optional>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;
using namespace std::chrono_literals;

namespace {

/// Connects to a host that has these addresses; the answer, and the peer in the end.
struct Connection {
    std::string failure;
    std::string peer;
};

Connection connect(const std::vector<std::string>& addresses, Port port) {
    boost::asio::io_context loop;
    auto work = boost::asio::make_work_guard(loop);
    NameResolver resolver{loop, [addresses](const std::string&) {
                              return NameResolver::Answer{addresses, ""};
                          }};
    const auto connector = std::make_shared<TcpConnector>(loop, resolver, "db.internal", port);
    std::optional<std::string> answer;
    connector->start(1s, [&](const std::string& failure) {
        CHECK_FALSE(answer);
        answer = failure;
    });
    CHECK(connector->stage() == "resolving db.internal");
    while (!answer && loop.run_one_for(10s) > 0) {
    }
    REQUIRE(answer);
    const std::string peer = connector->peer();
    connector->stop();
    work.reset();
    loop.run();
    return {*answer, peer};
}

}  // namespace

TEST_CASE("an address that is silent gives way to the next in time", "[integration][probe]") {
    FullQueue silent;
    Listener listener{"127.0.0.2", silent.port()};
    REQUIRE(listener.is_listening());
    const auto connection = connect({"127.0.0.1", "127.0.0.2"}, silent.port());
    CHECK(connection.failure.empty());
    CHECK(connection.peer == "127.0.0.2:" + to_string(silent.port()));
}

TEST_CASE("an address that refuses gives way to the next at once", "[integration][probe]") {
    Listener listener{"127.0.0.3"};
    REQUIRE(listener.is_listening());
    const auto connection = connect({"127.0.0.1", "127.0.0.2", "127.0.0.3"}, listener.port());
    CHECK(connection.failure.empty());
    CHECK(connection.peer == "127.0.0.3:" + to_string(listener.port()));
}

TEST_CASE("all addresses that failed are named with the reason", "[integration][probe]") {
    FullQueue silent;
    const std::string port = ":" + to_string(silent.port());
    CHECK(connect({"127.0.0.1", "127.0.0.2", "127.0.0.3"}, silent.port()).failure ==
          "no answer from 127.0.0.1" + port + "; connection refused by 127.0.0.2" + port +
              " and 127.0.0.3" + port);
    CHECK(connect({"not an address"}, Port{80}).failure.starts_with("cannot connect ("));
}
