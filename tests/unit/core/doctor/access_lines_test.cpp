// Requests that fail now by the access log of their server.

#include "core/doctor/access_lines.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

std::string read(const std::string& line) {
    const auto access = read_access_line(line);
    if (!access) return "";
    return access->method + " " + access->path + " " + std::to_string(access->status);
}

/// api has been ready for five minutes, and has said this lately.
World say_all(const std::vector<LineFact>& lines) {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    for (ServiceFact& it : world.facts.services)
        it.phase_seconds = it.uptime_seconds = 300;
    for (ProcessFact& it : world.facts.processes)
        it.age_seconds = 300;
    world.facts.logs = {{"api", "api.log", lines}};
    return world;
}

LineFact answer(int second, const std::string& path, int status) {
    return {"2026-11-20T18:37:0" + std::to_string(second) + ".000Z",
            R"(127.0.0.1 - - [20/Nov/2026:18:37:00 +0000] "GET )" + path + R"( HTTP/1.1" )" +
                std::to_string(status) + R"( 12 "-" "curl/7.88.1")"};
}

}  // namespace

TEST_CASE("access logs are read as servers write them", "[unit][doctor]") {
    CHECK(read(answer(1, "/cart?x=1", 500).text) == "GET /cart 500");
    CHECK(read("INFO:     127.0.0.1:5 - \"POST /cart HTTP/1.1\" 500 Internal Server Error") ==
          "POST /cart 500");
    CHECK(read("127.0.0.1 -  28/Nov/2026:21:17:47 +0000 \"GET /index.php\" 500") ==
          "GET /index.php 500");
    CHECK(read("[Sat Nov 28 21:17:23 2026] 127.0.0.1:58322 [500]: GET /cart - Uncaught Error") ==
          "GET /cart 500");
    CHECK(read("127.0.0.1:36442 [28/Nov/2026:21:18:08.816] f b/s1 0/0/-1/-1/3005 503 217 - - "
               "SC-- 1/1/0/0/3 0/0 \"GET /cart HTTP/1.1\"") == "GET /cart 503");
    CHECK(read("GET /cart 500 3.151 ms - 21") == "GET /cart 500");
    CHECK(read("--> GET /cart 500 3ms") == "GET /cart 500");
    CHECK(read(" POST /api/cart 500 in 23ms") == "POST /api/cart 500");
    CHECK(read("[GIN] 2026/11/28 - 21:17:47 | 500 |  1.2ms |  127.0.0.1 | GET      \"/cart\"") ==
          "GET /cart 500");
    CHECK(read("2026/11/28 21:17:47 \"GET http://localhost:3000/cart HTTP/1.1\" from "
               "127.0.0.1:5 - 500 21B in 1ms") == "GET /cart 500");
    CHECK(read("[pid: 1|app: 0] 127.0.0.1 () {32 vars} [Sat Nov 28] GET /cart => generated 21 "
               "bytes in 1 msecs (HTTP/1.1 500)") == "GET /cart 500");
    CHECK(read("[E 261128 21:17:47 web:2271] 500 GET /cart (127.0.0.1) 1.20ms") == "GET /cart 500");
    CHECK(read(R"({"level":"error","logger":"http.log.access","request":{"method":"GET",)"
               R"("uri":"/cart?x=1"},"duration":0.1,"status":502})") == "GET /cart 502");
    CHECK(read("fetch of GET /cart took 500 steps").empty());
    CHECK(read("listening on 8000").empty());
}

TEST_CASE("a request that fails by the access log is told where nothing tells why",
          "[unit][doctor]") {
    World world = say_all({answer(1, "/ok", 200), answer(5, "/cart", 500)});
    CHECK(world.said() ==
          "[requests-fail] api has answered GET /cart with status 500 in the last minute.\n");
    const auto findings = world.findings();
    CHECK(findings[0].is_open);
    CHECK(findings[0].fix ==
          "devstack doctor http://127.0.0.1:3101/cart, which asks again; devstack logs api");
    CHECK(say_all({answer(4, "/cart", 500), answer(5, "/cart", 500)}).said() ==
          "[requests-fail] api has answered 2 requests with a server error in the last minute, "
          "all of them GET /cart (status 500).\n");
    // Since then it was answered well; it was not the server's fault; it is not written when; it
    // was before the project was up.
    CHECK(say_all({answer(4, "/cart", 500), answer(5, "/cart?again", 200)}).said().empty());
    CHECK(say_all({answer(5, "/cart", 404), answer(6, "/cart", 501)}).said().empty());
    CHECK(say_all({{"", answer(5, "/cart", 500).text}}).said().empty());
    world.service("web").phase_seconds = 3;
    CHECK(world.said().empty());
    world.service("web").phase_seconds = 300;
    world.facts.processes[0].age_seconds = 3;
    CHECK(world.said().empty());
    // A proxy that has not yet seen that its server is up.
    for (const int status : {500, 503}) {
        world = say_all({answer(5, "/cart", status)});
        world.service("web").phase_seconds = 8;
        CHECK(world.said().empty() == (status == 503));
    }
}

TEST_CASE("what is said when a request fails by the access log is why", "[unit][doctor]") {
    const LineFact remark{"2026-11-20T18:37:05.000Z",
                          "Can't locate object method \"total\" via package \"Cart\" at "
                          "/app/app.psgi line 5"};
    CHECK(say_all({remark, answer(5, "/cart", 500)}).said() ==
          "[perl-method-missing] /app/app.psgi line 5 of api calls the method total of Cart, "
          "which has none of that name.\n");
    CHECK(say_all({remark}).said().empty());
    CHECK(say_all({remark, answer(5, "/cart", 200)}).said().empty());
}

TEST_CASE("http.server tells that a handler has failed", "[unit][doctor]") {
    const std::string time = "2026-11-20T18:37:05.000Z";
    const auto traced = [&](const std::string& error) {
        return say_all(
            {{time, "Exception occurred during processing of request from ('127.0.0.1')"},
             {time, "Traceback (most recent call last):"},
             {time, "  File \"/app/api.py\", line 4, in do_GET"},
             {time, "    v = {}[\"price\"]"},
             {time, error}});
    };
    CHECK(traced("KeyError: 'price'").said() ==
          "[unhandled-exception] A request to api fails by an error that nobody handles in "
          "/app/api.py line 4 (do_GET): KeyError: 'price'.\n");
    // The client has gone.
    CHECK(traced("BrokenPipeError: [Errno 32] Broken pipe").said().empty());
}

TEST_CASE("a program of several that has failed at its start is told by its port",
          "[unit][doctor]") {
    const auto dead = [](const std::string& second) {
        const std::string time = "2026-11-20T18:37:0" + second + ".000Z";
        World world = say_all({{time, "/app/ws.js:3"},
                               {time, "TypeError: Cannot read properties of undefined"},
                               {time, "    at main (/app/ws.js:3:7)"},
                               {time, "Node.js v20.20.2"}});
        world.service("api").phase_seconds = world.service("api").uptime_seconds = 8;
        world.service("api").ports.push_back("3102");
        world.service("api").differences = {"api declared port 3102 and listens on nothing"};
        return world;
    };
    CHECK(dead("3").said() ==
          "[ended-by-exception] Nobody listens on port 3102, which api declares: a program of it "
          "has failed at its start in /app/ws.js line 3 (main): TypeError: Cannot read properties "
          "of undefined.\n");
    // Without an error it may be as it should be: that is only told.
    World world = dead("3");
    world.facts.logs.clear();
    const Diagnosis diagnosis = diagnose(world.facts);
    CHECK(diagnosis.is_healthy());
    CHECK(diagnosis.seen ==
          std::vector<std::string>{"api declared port 3102 and listens on nothing"});
    // It has been handled, or somebody listens.
    world = dead("3");
    world.service("api").ports.pop_back();
    CHECK(world.said().empty());
}

TEST_CASE("a service that changes what it watches is told", "[unit][doctor]") {
    World world;
    world.service("api").watch_suspended =
        "its files are not watched any more: 5 changes in a row, the last one of "
        "cache/routes.json, came within 2s of its start, as if it changed them itself; restart it "
        "to watch again";
    CHECK(world.said() ==
          "[watch-suspended] api seems to change cache/routes.json itself, which its watch "
          "(devstack.toml:1) includes: it was started anew for each of 5 changes in a row, and "
          "now its files are not watched any more, so that no change is picked up.\n");
}

TEST_CASE("what a process at its limit of open files has left open is told", "[unit][doctor]") {
    World world;
    ProcessFact& process = world.facts.processes[1];  // web
    process.open_files = 63;
    process.open_files_limit = 64;
    process.runtime = "node";
    world.facts.peers = {{20, "127.0.0.1:3101", 56}};
    CHECK(world.said() ==
          "[too-many-open-files] web (node web.js, pid 20) has reached its limit of open files: 63 "
          "file descriptors of 64 (too many open files), of which 56 are connections to api at "
          "127.0.0.1:3101, which it does not close.\n");
    // Few of them; a proxy.
    const std::string plain =
        "[too-many-open-files] web (node web.js, pid 20) has reached its limit of open files: 63 "
        "file descriptors of 64 (too many open files).\n";
    world.facts.peers[0].count = 20;
    CHECK(world.said() == plain);
    world.facts.peers[0].count = 56;
    process.runtime = "";
    CHECK(world.said() == plain);
}

TEST_CASE("gunicorn's default is told where a request takes its only worker", "[unit][doctor]") {
    const auto fix = [](const std::vector<std::string>& words) {
        World world;
        world.service("api").words = words;
        world.facts.processes[0].runtime = "python";
        DialFact dial;
        dial.id = dial.purpose = "asked";
        dial.protocol = "http";
        dial.host = "127.0.0.1";
        dial.port = 3101;
        dial.path = "/";
        dial.stage = "first byte";
        dial.error = "no answer";
        dial.seconds = dial.timeout = 1.3;
        world.facts.dials.push_back(dial);
        return world.findings()[0].fix;
    };
    CHECK(fix({"gunicorn", "-b", ":3101", "app:app"})
              .starts_with("-w 4, or for answers that last (streams, slow calls) -k gthread "
                           "--threads 8, in the command of api; look at"));
    CHECK(fix({"gunicorn", "-w4", "app:app"}).starts_with("look at"));
}
