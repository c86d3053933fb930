#pragma once

#include "devstack/daemon/probe_runner.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

namespace devstack::test {

/// Remembers what is launched; the test plays the end.
class FakeLauncher : public daemon::CommandLauncher {
public:
    std::uint64_t launch(platform::SpawnRequest request,
                         std::function<void(Ended)> on_end,
                         std::size_t /*output_max*/) override {
        requests.push_back(std::move(request));
        if (immediate_end) {
            on_end(*immediate_end);
            return 0;
        }
        running[++last_ticket] = std::move(on_end);
        return last_ticket;
    }
    void cancel(std::uint64_t ticket) override {
        cancelled.push_back(ticket);
        running.erase(ticket);
    }
    void end(Ended ended) {
        auto on_end = std::move(running.begin()->second);
        running.erase(running.begin());
        on_end(std::move(ended));
    }

    std::vector<platform::SpawnRequest> requests;
    std::map<std::uint64_t, std::function<void(Ended)>> running;
    std::vector<std::uint64_t> cancelled;
    std::optional<Ended> immediate_end;
    std::uint64_t last_ticket = 0;
};

/// Asks one question at a time and runs the loop until it is answered.
class ProbeAsker {
public:
    core::ProbeOutcome ask(const core::Probe& probe, Duration timeout = std::chrono::seconds{5}) {
        std::optional<core::ProbeOutcome> outcome;
        runner.ask(probe, setting, timeout, [&](core::ProbeOutcome answer) { outcome = answer; });
        CHECK_FALSE(outcome);  // Never from inside `ask`.
        loop.restart();
        while (!outcome && loop.run_one_for(std::chrono::seconds{20}) > 0) {
        }
        REQUIRE(outcome);
        return *outcome;
    }

    /// True when nothing is pending: no timer, no socket. Aborted operations are swept up first.
    bool is_idle() {
        loop.restart();
        loop.poll();
        return loop.stopped();
    }

    boost::asio::io_context loop{1};
    FakeLauncher launcher;
    daemon::ProbeRunner::CommandSetting setting{{"PATH=/bin"}, "/tmp"};
    daemon::ProbeRunner runner{loop, launcher};
};

inline core::UrlProbe url_probe(Port port, const std::string& host = "127.0.0.1") {
    core::UrlProbe probe;
    probe.host = host;
    probe.port = port;
    probe.target = "/health?full=1";
    return probe;
}

}  // namespace devstack::test
