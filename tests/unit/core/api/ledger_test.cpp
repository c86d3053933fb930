#include "devstack/core/api/ledger.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core;
using namespace devstack::core::api;

namespace {

TimePoint at(std::int64_t nanoseconds) {
    return TimePoint{Duration{nanoseconds}};
}

ServiceRecord record(Phase phase) {
    ServiceRecord it;
    it.service = "api";
    it.phase = std::move(phase);
    it.why = "because";
    it.since = at(5);
    return it;
}

/// What comes back of it, as text again.
std::string round_trip(const ServiceRecord& it) {
    const auto again = parse_record(to_text(it));
    return again ? to_text(*again) : again.error().message;
}

}  // namespace

TEST_CASE("a record says what is not as usual", "[unit][api]") {
    CHECK(to_text(record(Stopped{})) ==
          R"({"service":"api","phase":"stopped","why":"because","since":5})");
    ServiceRecord full = record(Ready{{{}, 4}, 812, at(7), std::nullopt, 2, "refused"});
    full.is_requested = true;
    full.runs = 4;
    full.restarts = 3;
    full.delay_exponent = 1;
    full.recent_restarts = {at(1), at(2)};
    full.differences = {"api declared 3002 and listens on 3001"};
    full.last_exit = ExitStatus{0, 11, true};
    full.said = "serving";
    full.watchdog = Duration{30};
    full.is_called = true;
    full.id = {3};
    full.old_settings = 2;
    full.quick_changes = 1;
    full.watch_suspended = "too many";
    CHECK(to_text(full) ==
          R"({"service":"api","id":3,"phase":"ready","run":4,"pid":812,"begun":7,"failures":2,)"
          R"("answer":"refused","why":"because","since":5,"requested":true,"runs":4,"restarts":3,)"
          R"("delay_exponent":1,"recent_restarts":[{"at":1},{"at":2}],)"
          R"("differences":["api declared 3002 and listens on 3001"],)"
          R"("said":"serving","watchdog":{"at":30},"called":true,)"
          R"("last_exit":{"code":0,"signal":11,"dumped_core":true},)"
          R"("old_settings":2,"quick_changes":1,"watch_suspended":"too many"})");
    CHECK(round_trip(full) == to_text(full));
}

TEST_CASE("every phase comes back as it was", "[unit][api]") {
    Starting starting{{{}, 2}, Starting::Step::probing, 812};
    starting.since = at(3);
    starting.deadline = at(9);
    Stopping stopping;
    stopping.run = {{}, 3};
    stopping.group = 812;
    stopping.since = at(3);
    stopping.deadline = at(4);
    stopping.is_killed = true;
    stopping.then = Stopping::Then::go_on;
    stopping.status = ExitStatus{3, 0, false};
    stopping.why = "left one behind";
    const PortHolder holder{
        Port{3101}, "::1", 4711, "node", "chi", "09:12", "/h", true, false, "web"};
    const std::vector<Phase> phases{Stopped{},
                                    Waiting{},
                                    Waiting{Need{}},
                                    Starting{{{}, 2}, Starting::Step::opening_sockets},
                                    Unhealthy{{{}, 2}, 8, at(3), std::nullopt, "mute", true},
                                    Blocked{{{}, 1}, {holder}, std::nullopt, at(2)},
                                    Preparing{{{}, 1}, Preparing::Step::running, 7},
                                    starting,
                                    Ready{{{}, 2}, 812, at(3), std::nullopt, 0, ""},
                                    Unhealthy{{{}, 2}, 812, at(3), std::nullopt, "refused"},
                                    stopping,
                                    BackingOff{at(9), Duration{2}, true, "why", true},
                                    Completed{{3, 0, false}},
                                    Failed{"given up"}};
    for (const Phase& phase : phases) {
        const ServiceRecord it = record(phase);
        CHECK(round_trip(it) == to_text(it));
    }
}

TEST_CASE("a record of a phase that nobody knows is refused", "[unit][api]") {
    const auto sleeping =
        parse_record(R"({"service":"api","phase":"sleeping","why":"","since":5})");
    REQUIRE_FALSE(sleeping);
    CHECK(sleeping.error().message == "the record of api speaks of no known phase (sleeping)");
    const auto dancing =
        parse_record(R"({"service":"api","phase":"starting","step":"dancing","why":"","since":5})");
    REQUIRE_FALSE(dancing);
    CHECK(dancing.error().message ==
          "the record of api speaks of no known phase (starting, dancing)");
}

TEST_CASE("a turn names who was born in it", "[unit][api]") {
    LedgerTurn turn;
    turn.processes = {{"api", 4, 812, 90071, 11, 12},
                      {"tty", 1, 813, 90072, 0, 0, "/sys/fs/cgroup/d-1/tty"}};
    const std::string text = to_text(turn);
    CHECK(text == R"({"events":[],"services":[],"processes":[)"
                  R"({"service":"api","run":4,"pid":812,"start_ticks":90071,"output_pipe":11,)"
                  R"("error_pipe":12},{"service":"tty","run":1,"pid":813,"start_ticks":90072,)"
                  R"("cgroup":"/sys/fs/cgroup/d-1/tty"}]})");
    const auto again = parse_ledger_turn(text);
    REQUIRE(again);
    CHECK(again->processes == turn.processes);
}

TEST_CASE("that nobody knows how it ended is remembered", "[unit][api]") {
    ServiceRecord it = record(Stopped{});
    it.last_exit = ExitStatus{-1, 0, false, true};
    CHECK(parse_record(to_text(it))->last_exit == it.last_exit);
}
