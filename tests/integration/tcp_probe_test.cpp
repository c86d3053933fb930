#include "support/catch.hpp"
#include "support/full_queue.hpp"
#include "support/private_network.hpp"
#include "support/probe_asker.hpp"
#include "support/tcp_server.hpp"

#include <vector>

using namespace devstack;
using namespace devstack::test;
using namespace std::chrono_literals;
using core::TcpProbe;

namespace {

const TcpServer::Serve close_at_once = [](int) {};

}  // namespace

TEST_CASE("a port that accepts is a success", "[integration][probe]") {
    TcpServer server{close_at_once};
    ProbeAsker asker;
    const auto outcome = asker.ask(TcpProbe{"127.0.0.1", server.port()});
    CHECK(outcome.is_success);
    CHECK(outcome.detail == "connected to 127.0.0.1:" + to_string(server.port()));
    CHECK(outcome.latency > 0ns);
    CHECK(outcome.latency < 5s);
    CHECK(asker.is_idle());
}

TEST_CASE("a port that refuses is a failure at once", "[integration][probe]") {
    ProbeAsker asker;
    const Port port = unused_port();
    const auto outcome = asker.ask(TcpProbe{"127.0.0.1", port});
    CHECK_FALSE(outcome.is_success);
    CHECK(outcome.detail == "connection refused by 127.0.0.1:" + to_string(port));
    CHECK(outcome.latency < 1s);
    CHECK(asker.is_idle());
}

TEST_CASE("a host that is silent costs the timeout and no more", "[integration][probe]") {
    FullQueue queue;
    ProbeAsker asker;
    const auto outcome = asker.ask(TcpProbe{"127.0.0.1", queue.port()}, 200ms);
    CHECK_FALSE(outcome.is_success);
    CHECK(outcome.detail ==
          "no answer within 200ms (connecting to 127.0.0.1:" + to_string(queue.port()) + ")");
    CHECK(outcome.latency >= 200ms);
    CHECK(outcome.latency < 1s);
    CHECK(asker.is_idle());
}

TEST_CASE("a connection that has met itself is no answer", "[integration][probe]") {
    const PrivateNetwork network{40'000};
    if (!network.is_ready()) return;
    ProbeAsker asker;
    const auto outcome = asker.ask(TcpProbe{"127.0.0.1", Port{40'000}});
    CHECK_FALSE(outcome.is_success);
    CHECK(outcome.detail == "connection refused by 127.0.0.1:40000");
}

TEST_CASE("localhost is both of its addresses", "[integration][probe]") {
    ProbeAsker asker;
    SECTION("v4 only") {
        TcpServer server{close_at_once, "127.0.0.1"};
        const auto outcome = asker.ask(TcpProbe{"localhost", server.port()});
        CHECK(outcome.is_success);
        CHECK(outcome.detail == "connected to 127.0.0.1:" + to_string(server.port()));
    }
    SECTION("v6 only") {
        TcpServer server{close_at_once, "::1"};
        if (!server.is_listening()) return;
        for (const std::string name : {"localhost", "LOCALHOST.", "api.localhost"}) {
            const auto outcome = asker.ask(TcpProbe{name, server.port()});
            CHECK(outcome.is_success);
            CHECK(outcome.detail == "connected to [::1]:" + to_string(server.port()));
        }
        const auto v4 = asker.ask(TcpProbe{"127.0.0.1", server.port()});
        CHECK(v4.detail == "connection refused by 127.0.0.1:" + to_string(server.port()));
    }
    SECTION("neither") {
        const bool has_v6 = TcpServer{close_at_once, "::1"}.is_listening();
        const Port port = unused_port();
        const auto outcome = asker.ask(TcpProbe{"localhost", port});
        const std::string v6 = has_v6 ? "[::1]:" + to_string(port) + " and " : "";
        CHECK(outcome.detail == "connection refused by " + v6 + "127.0.0.1:" + to_string(port));
    }
}

TEST_CASE("a name that does not exist says so", "[integration][probe]") {
    ProbeAsker asker;
    const auto outcome = asker.ask(TcpProbe{"no-such-host.invalid", Port{80}}, 15s);
    CHECK_FALSE(outcome.is_success);
    CHECK(outcome.detail.starts_with("cannot resolve no-such-host.invalid: "));
}

TEST_CASE("a cancelled question is never answered", "[integration][probe]") {
    TcpServer server{close_at_once};
    ProbeAsker asker;
    int answers = 0;
    const auto count = [&](core::ProbeOutcome) { ++answers; };
    const TcpProbe probe{"127.0.0.1", server.port()};
    const auto ticket = asker.runner.ask(probe, {}, 50ms, count);
    asker.runner.cancel(ticket);
    asker.runner.cancel(ticket);
    asker.runner.cancel(12345);
    CHECK(asker.is_idle());
    SECTION("also when its connection is being made") {
        FullQueue queue;
        const auto slow = asker.runner.ask(TcpProbe{"127.0.0.1", queue.port()}, {}, 5s, count);
        asker.loop.restart();
        asker.loop.poll();
        asker.runner.cancel(slow);
        CHECK(asker.is_idle());
    }
    CHECK(answers == 0);
}

TEST_CASE("an answer may cancel another question and ask a new one", "[integration][probe]") {
    ProbeAsker asker;
    const Port port = unused_port();
    int answers = 0;
    std::uint64_t second = 0;
    asker.runner.ask(TcpProbe{"127.0.0.1", port}, {}, 5s, [&](core::ProbeOutcome) {
        asker.runner.cancel(second);
        asker.runner.ask(
            TcpProbe{"127.0.0.1", port}, {}, 5s, [&](core::ProbeOutcome) { ++answers; });
    });
    second = asker.runner.ask(
        TcpProbe{"127.0.0.1", port}, {}, 5s, [&](core::ProbeOutcome) { answers += 100; });
    asker.loop.run();
    CHECK(answers == 1);
}

TEST_CASE("a runner may go while questions are open", "[integration][probe]") {
    FullQueue queue;
    boost::asio::io_context loop;
    FakeLauncher launcher;
    int answers = 0;
    {
        daemon::ProbeRunner runner{loop, launcher};
        runner.ask(TcpProbe{"127.0.0.1", queue.port()}, {}, 5s, [&](auto) { ++answers; });
        runner.ask(TcpProbe{"127.0.0.1", queue.port()}, {}, 5s, [&](auto) { ++answers; });
        loop.poll();
        runner.ask(TcpProbe{"127.0.0.1", queue.port()}, {}, 5s, [&](auto) { ++answers; });
    }
    loop.run();
    CHECK(answers == 0);
}

TEST_CASE("a command's exit code is its answer", "[integration][probe]") {
    ProbeAsker asker;
    const core::CommandProbe probe{{{"pg_isready", "-p", "5432"}}};
    const auto ask_with = [&](daemon::CommandLauncher::Ended ended) {
        asker.launcher.immediate_end = std::move(ended);
        return asker.ask(probe);
    };
    const auto good = ask_with({true, "", 0, 0, "accepting\n"});
    CHECK(good.is_success);
    CHECK(good.detail == "exited with code 0");
    CHECK(asker.launcher.requests[0].argv == probe.command.argv);
    CHECK(asker.launcher.requests[0].environment == asker.setting.environment);
    CHECK(asker.launcher.requests[0].working_dir == "/tmp");

    const auto bad = ask_with({true, "", 2, 0, "first\n \x1b[31mno response\x1b[0m\n  \n\n"});
    CHECK_FALSE(bad.is_success);
    CHECK(bad.detail == "exited with code 2:  no response");
    CHECK(ask_with({true, "", 3, 0, ""}).detail == "exited with code 3");
    CHECK_FALSE(ask_with({true, "", 0, 9, ""}).is_success);
    const auto unspawned = ask_with({false, "cannot execute pg_isready: no such file", 0, 0, ""});
    CHECK_FALSE(unspawned.is_success);
    CHECK(unspawned.detail == "cannot execute pg_isready: no such file");
    CHECK(asker.is_idle());
}

TEST_CASE("a command that hangs is killed", "[integration][probe]") {
    ProbeAsker asker;
    const core::CommandProbe probe{{{"sleep", "1000"}}};
    const auto outcome = asker.ask(probe, 20ms);
    CHECK_FALSE(outcome.is_success);
    CHECK(outcome.detail == "no answer within 20ms (the command still runs)");
    CHECK(asker.launcher.cancelled == std::vector<std::uint64_t>{1});

    const auto ticket = asker.runner.ask(probe, {}, 5s, [](auto) { FAIL("cancelled"); });
    asker.loop.restart();
    asker.loop.poll();
    asker.runner.cancel(ticket);
    CHECK(asker.launcher.cancelled == std::vector<std::uint64_t>{1, 2});
    CHECK(asker.is_idle());
}
