#include "support/catch.hpp"
#include "support/scenario.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;
using namespace devstack::core;

TEST_CASE("a changed file restarts the service and is named", "[unit][supervisor][watch]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.after(5s);
    CHECK(s.file_changed("api", "src/app.js") ==
          Trace{"ask api#1 to stop", "api: ready -> stopping (src/app.js changed)"});
    CHECK(s.exited("api", {0, 15}) ==
          Trace{"spawn api#2",
                "api: stopping -> stopped (has ended, and is started again: src/app.js changed)",
                "api: stopped -> starting (it was asked for)"});
    CHECK(s.supervisor().snapshot({0}).restarts == 0);
}

TEST_CASE("a changed file does not start what nobody wants", "[unit][supervisor][watch]") {
    Scenario s{service("api")};
    CHECK(s.file_changed("api", "src/app.js").empty());
}

TEST_CASE("what has failed is tried again when a file has changed, with a fresh budget",
          "[unit][supervisor][watch]") {
    Scenario s{service("api").restart(RestartMode::no)};
    s.bring_up("api");
    s.exited("api", {1, 0});
    CHECK(s.file_changed("api", "src/app.js") ==
          Trace{"spawn api#2",
                "api: failed -> stopped (src/app.js changed)",
                "api: stopped -> starting (it was asked for)"});
}

TEST_CASE("a delay is cut short by a changed file", "[unit][supervisor][watch]") {
    Scenario s{service("api")};
    s.bring_up("api");
    s.exited("api", {1, 0});
    CHECK(s.phase("api") == "backing-off");
    s.file_changed("api", "src/app.js");
    CHECK(s.phase("api") == "starting");
}

TEST_CASE("a service that changes its own files is not restarted for ever",
          "[unit][supervisor][watch]") {
    Scenario s{service("api")};
    s.bring_up("api");
    for (int i = 0; i < 4; ++i) {
        s.file_changed("api", "src/made.js");
        s.exited("api", {0, 15});
        s.spawned("api");
        s.after(1s);
    }
    const std::string why =
        "its files are not watched any more: 5 changes in a row, the last one of src/made.js, came "
        "within 2s of its start, as if it changed them itself; restart it to watch again";
    CHECK(s.file_changed("api", "src/made.js") == Trace{"api: " + why});
    CHECK(s.file_changed("api", "src/other.js").empty());
    CHECK(s.supervisor().snapshot({0}).watch_suspended == why);
    CHECK_FALSE(s.supervisor().minds_files({0}));

    SECTION("not by the daemon after this one either") {
        s.daemon_dies({"api"});
        CHECK(s.supervisor().snapshot({0}).watch_suspended == why);
    }
    SECTION("until somebody restarts it") {
        s.restart("api");
        CHECK(s.supervisor().minds_files({0}));
        s.exited("api", {0, 15});
        s.spawned("api");
        CHECK(s.file_changed("api", "src/made.js").size() == 2);
    }
    SECTION("until a reload") {
        s.reload({service("api")});
        CHECK(s.supervisor().minds_files({0}));
    }
}

TEST_CASE("a change after a while is a person's", "[unit][supervisor][watch]") {
    Scenario s{service("api")};
    s.bring_up("api");
    for (int i = 0; i < 12; ++i) {
        s.file_changed("api", "src/app.js");
        s.exited("api", {0, 15});
        s.spawned("api");
        s.after(i % 4 == 3 ? 3s : 1s);
    }
    CHECK(s.supervisor().minds_files({0}));
}
