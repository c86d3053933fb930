#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

TEST_CASE("a crash is retried after a growing delay, and given up when it happens too often",
          "[unit][supervisor]") {
    Scenario s{service("api")};
    s.start("api");
    std::vector<Duration> delays;
    for (int crash = 1; crash <= 5; ++crash) {
        s.spawned("api");
        CHECK(s.exited("api", {3, 0}) ==
              Trace{"crash record of api#" + std::to_string(crash),
                    "api: starting -> backing-off (exited with code 3)"});
        delays.push_back(std::get<BackingOff>(s.supervisor().phase({0})).delay);
        CHECK(s.after(delays.back() - 1ns).empty());
        CHECK(s.after(1ns).front() == "spawn api#" + std::to_string(crash + 1));
    }
    for (std::size_t i = 0; i < delays.size(); ++i) {
        const Duration nominal = 500ms * (1 << i);
        CHECK(delays[i] >= nominal * 9 / 10);
        CHECK(delays[i] <= nominal * 11 / 10);
    }
    s.spawned("api");
    CHECK(
        s.exited("api", {3, 0}) ==
        Trace{"crash record of api#6",
              "api: starting -> failed (exited with code 3; given up after 5 restarts within 1m)"});

    SECTION("it then stays down") {
        CHECK(s.after(1h).empty());
        CHECK(s.supervisor().next_deadline() == std::nullopt);
    }
    SECTION("asking again gives it a fresh budget and the shortest delay") {
        CHECK(s.start("api").front() == "spawn api#7");
        s.spawned("api");
        s.exited("api", {3, 0});
        CHECK(std::get<BackingOff>(s.supervisor().phase({0})).delay <= 550ms);
    }
}

TEST_CASE("a watchdog never gives up: it keeps trying at the longest delay", "[unit][supervisor]") {
    Scenario s{service("api").never_give_up()};
    s.start("api");
    for (int crash = 1; crash <= 5; ++crash) {
        s.spawned("api");
        s.exited("api", {3, 0});
        s.after(30s);
        s.after(1ms);
    }
    // Far apart, so the window never fills; close together it does.
    Scenario loop{service("api").never_give_up()};
    loop.start("api");
    for (int crash = 1; crash <= 5; ++crash) {
        loop.spawned("api");
        loop.exited("api", {3, 0});
        loop.start("api");
        CHECK(loop.phase("api") == "starting");
    }
    CHECK(s.phase("api") == "starting");
}

TEST_CASE("a crash loop of a watchdog is named", "[unit][supervisor]") {
    ServiceSpec spec = service("api").never_give_up();
    spec.plan.restart.max = 1;
    Scenario s{spec};
    s.start("api");
    s.spawned("api");
    s.exited("api", {3, 0});
    s.after(1s);
    s.spawned("api");
    s.exited("api", {3, 0});
    CHECK(s.explain("api") ==
          "api is backing-off: exited with code 3; restart 2 comes after 30s (crash-looping)");
    CHECK(s.after(30s).front() == "spawn api#3");
}

TEST_CASE("after half a minute in good health the delay is the shortest again",
          "[unit][supervisor]") {
    Scenario s{service("api")};
    s.start("api");
    for (int crash = 1; crash <= 4; ++crash) {
        s.spawned("api");
        s.after(1s);
        s.after(30s);
        s.exited("api", {3, 0});
        CHECK(std::get<BackingOff>(s.supervisor().phase({0})).delay <= 550ms);
        s.after(1s);
    }
}

TEST_CASE("what can not work is not tried again", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.start("api");
    CHECK(s.spawn_failed("api", "cannot enter directory apps/api: no such file or directory") ==
          Trace{"api: starting -> failed (cannot enter directory apps/api: no such file or "
                "directory)"});
    CHECK(s.after(1h).empty());
}

TEST_CASE("the restart policy looks at how the service ended", "[unit][supervisor]") {
    const auto end = [](RestartMode mode, ExitStatus status) {
        Scenario s{service("api").restart(mode)};
        s.bring_up("api");
        return s.exited("api", status).back();
    };
    CHECK(end(RestartMode::on_failure, {0, 0}) == "api: ready -> completed (exited with code 0)");
    CHECK(end(RestartMode::on_failure, {0, 15}) == "api: ready -> completed (ended by SIGTERM)");
    CHECK(end(RestartMode::on_failure, {0, 9}) ==
          "api: ready -> backing-off (was killed by SIGKILL)");
    CHECK(end(RestartMode::on_failure, {0, 11, true}) ==
          "api: ready -> backing-off (was killed by SIGSEGV (core dumped))");
    CHECK(end(RestartMode::always, {0, 0}) == "api: ready -> backing-off (exited with code 0)");
    CHECK(end(RestartMode::no, {0, 0}) == "api: ready -> completed (exited with code 0)");
    CHECK(end(RestartMode::no, {1, 0}) == "api: ready -> failed (exited with code 1)");
    // Whatever it was, nobody may say that it went well.
    CHECK(end(RestartMode::on_failure, {0, 0, false, true}) ==
          "api: ready -> backing-off (ended while it had no parent: its exit status is not known)");
}

TEST_CASE("exit codes can be declared a success", "[unit][supervisor]") {
    ServiceSpec spec = service("api");
    spec.plan.success_exit_codes = {143};
    Scenario s{spec};
    s.bring_up("api");
    CHECK(s.exited("api", {143, 0}) == Trace{"api: ready -> completed (exited with code 143)"});
}

TEST_CASE("a restart that was asked for costs no budget and waits for nothing",
          "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    CHECK(s.restart("api") ==
          Trace{"ask api#1 to stop", "api: ready -> stopping (a restart was asked for)"});
    CHECK(s.exited("api", {0, 15}) ==
          Trace{"spawn api#2",
                "api: stopping -> stopped (has ended, and is started again: a restart was asked "
                "for)",
                "api: stopped -> starting (it was asked for)"});
    CHECK(s.supervisor().snapshot({0}).restarts == 0);
}

TEST_CASE("asking for a service that backs off starts it at once", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.exited("api", {1, 0});
    CHECK(s.start("api").front() == "spawn api#2");
}

TEST_CASE("what a shell says of its command is told, and not tried again when it is hopeless",
          "[unit][supervisor]") {
    ServiceSpec spec = service("api");
    spec.plan.command = CommandLine::shell("nmp run dev");
    Scenario s{spec};
    s.start("api");
    s.spawned("api");
    SECTION("no such command") {
        CHECK(s.exited("api", {127, 0}) ==
              Trace{"crash record of api#1",
                    "api: starting -> failed (exited with code 127 (the shell found no such "
                    "command, or the loader no library of it))"});
    }
    SECTION("a signal") {
        CHECK(s.exited("api", {139, 0}).back() ==
              "api: starting -> backing-off (exited with code 139 (its command was killed by "
              "SIGSEGV))");
    }
}

TEST_CASE("a restart after a delay says so", "[unit][supervisor]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.exited("api", {1, 0});
    const std::string answer = s.after(1s).back();
    CHECK(answer.starts_with("api: backing-off -> starting (its delay of "));
    CHECK(answer.ends_with(" is over (restart 1))"));
}
