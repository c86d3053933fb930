// Whose words a line is, and what several lines say together.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

void write(World& world, const std::string& name, const std::vector<std::string>& lines) {
    LogFact log{name, name + ".log", {}};
    for (const std::string& text : lines)
        log.lines.push_back({"2026-11-20T18:37:03.000Z", text});
    world.facts.time = "2026-11-20T18:37:05.000Z";
    world.facts.logs.push_back(log);
}

/// A request to web that somebody asks about.
DialFact& ask(World& world, int status, const std::string& error = "") {
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/orders";
    asked.status = status;
    asked.error = error;
    asked.is_unexpected = true;
    world.facts.dials.push_back(asked);
    return world.facts.dials.back();
}

/// web is an nginx in front of api, a PHP-FPM.
World world_of_php() {
    World world;
    world.service("web").words = {"nginx", "-p", "."};
    world.service("api").words = {"php-fpm8.2", "-F", "-y", "fpm.conf"};
    return world;
}

constexpr const char* nginx_line =
    "2026/11/28 09:56:38 [error] 22#22: *7 FastCGI sent in stderr: \"PHP message: PHP Fatal error: "
    " "
    "Uncaught PDOException: could not find driver in /srv/src/Orders.php:8";

}  // namespace

TEST_CASE("what nginx writes of PHP is PHP's", "[unit][doctor]") {
    World world = world_of_php();
    ask(world, 500);
    write(world, "web", {nginx_line});
    write(world,
          "api",
          {"[28-Nov-2026 09:56:38] WARNING: [pool www] child 18 said into stderr: \"NOTICE: PHP "
           "message: PHP Fatal error:  Uncaught PDOException: could not find driver in "
           "/srv/src/Orders.php:8\""});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].service == "api");
    CHECK(findings[0].what == "api (PHP) has no PDO driver for its database.");
    CHECK(findings[0].evidence[1] == "it happens in /srv/src/Orders.php:8");
}

TEST_CASE("a PHP-FPM that is no service has no name", "[unit][doctor]") {
    World world = world_of_php();
    world.service("api").words = {"node", "api.js"};
    ask(world, 500);
    write(world, "web", {nginx_line});
    CHECK(world.findings()[0].what == "PHP behind web (PHP) has no PDO driver for its database.");
}

TEST_CASE("a script that PHP-FPM does not find is nginx' mistake", "[unit][doctor]") {
    World world = world_of_php();
    ask(world, 500);
    write(
        world,
        "web",
        {"2026/11/28 09:56:38 [error] 22#22: *7 FastCGI sent in stderr: \"Primary script unknown\" "
         "while reading response header from upstream"});
    CHECK(world.findings()[0].what ==
          "PHP-FPM does not find the script that web names to it: root or SCRIPT_FILENAME is "
          "wrong.");
}

TEST_CASE("a configuration is refused for a reason", "[unit][doctor]") {
    World world;
    world.end("api", 78);
    write(world,
          "api",
          {"[28-Nov-2026 09:09:13] ERROR: [fpm.conf:13] unknown entry 'pm.max_childs'",
           "[28-Nov-2026 09:09:13] ERROR: failed to load configuration file 'fpm.conf'",
           "[28-Nov-2026 09:09:13] ERROR: FPM initialization failed"});
    CHECK(world.findings()[0].what ==
          "api (PHP-FPM) refuses its configuration: fpm.conf line 13, unknown entry "
          "'pm.max_childs'.");
}

TEST_CASE("a main class that is missing is the command's mistake", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    write(world,
          "api",
          {"Error: Could not find or load main class shop.Application",
           "Caused by: java.lang.ClassNotFoundException: shop.Application"});
    const auto findings = world.findings();
    CHECK(findings[0].what ==
          "api starts the class shop.Application, which is not on its class path.");
    CHECK(findings[0].fix ==
          "correct the name of the class, or -cp, in the command of api; or build it");
}

TEST_CASE("of rustc errors are told, and no warnings", "[unit][doctor]") {
    World world;
    world.end("api", 101);
    write(world,
          "api",
          {"error[E0382]: use of moved value: `store`",
           "  --> src/main.rs:16:23",
           "warning: unused variable: `x`",
           "  --> src/stock.rs:3:9"});
    CHECK(world.findings()[0].what ==
          "src/main.rs does not compile: line 16, error[E0382]: use of moved value: `store`.");
}

TEST_CASE("what a program ends by is above that it has crashed", "[unit][doctor]") {
    World world;
    world.end("api", 0);
    world.service("api").exit_signal = 6;
    write(world,
          "api",
          {"terminate called after throwing an instance of 'std::out_of_range'",
           "  what():  map::at"});
    const auto findings = world.findings();
    CHECK(findings[0].what ==
          "api is ended by an error that nobody handles: std::out_of_range: map::at.");
    CHECK(findings[0].fix == "see devstack logs api");
    CHECK(findings.size() == 1);
}

TEST_CASE("an error that ends Node.js is told as an end, also once it runs again",
          "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    ServiceFact& api = world.service("api");
    api.restarts = 1;
    api.has_been_ready = true;
    CrashFact crash;
    crash.service = "api";
    crash.time = "2026-11-20T18:37:03.000Z";
    world.facts.crashes = {crash};
    std::vector<std::string> lines{"TypeError: Cannot read properties of undefined",
                                   "    at load (/srv/api.js:4:63)",
                                   "",
                                   "Node.js v20.20.2"};
    write(world, "api", lines);
    CHECK(
        world.findings()[0].what ==
        "api as a whole is ended by an error that nobody handles in /srv/api.js line 4 (load), and "
        "is started again: TypeError: Cannot read properties of undefined.");
    lines.pop_back();
    world.facts.logs.clear();
    write(world, "api", lines);
    CHECK(world.findings()[0].id != "ended-by-exception");
}

TEST_CASE("a panic cuts the answer off", "[unit][doctor]") {
    const std::vector<std::string> panic{
        "2026/11/28 09:13:41 http: panic serving 127.0.0.1:39364: assignment to entry in nil map",
        "goroutine 34 [running]:",
        "net/http.(*conn).serve.func1()",
        "\t/usr/lib/go-1.19/src/net/http/server.go:1850 +0xbf",
        "main.(*Cart).Add(...)",
        "\t/srv/cart.go:11"};
    World world;
    write(world, "web", {"thread '<unnamed>' (7) panicked at src/stock.rs:15:35:", "no article"});
    CHECK(world.findings()[0].what ==
          "A request to web fails by an error that nobody handles in src/stock.rs line 15: no "
          "article.");
    world.facts.logs.clear();
    write(world, "web", panic);
    CHECK(world.findings()[0].what ==
          "A request to web fails by an error that nobody handles in /srv/cart.go line 11 "
          "(main.(*Cart).Add): panic: assignment to entry in nil map.");
    world.facts.time = "2026-11-20T19:37:05.000Z";
    CHECK(world.said().empty());
}

TEST_CASE("an error of a service that is well matters when a request is cut off",
          "[unit][doctor]") {
    World world;
    write(world,
          "web",
          {"java.lang.IllegalStateException: no article",
           "\tat shop.Stock.find(Stock.java:15)",
           "\tat shop.Main.main(Main.java:7)"});
    CHECK(world.said().empty());
    ask(world, 0, "closed the connection without an answer");
    CHECK(world.findings()[0].what ==
          "A request to web fails by an error that nobody handles in Stock.java line 15 "
          "(shop.Stock.find): java.lang.IllegalStateException: no article.");
}

TEST_CASE("an error of packages alone is told of what has ended", "[unit][doctor]") {
    const std::vector<std::string> trace{"Traceback (most recent call last):",
                                         "  File \"/usr/lib/python3/x.py\", line 3, in run",
                                         "RuntimeError: cache index is corrupt"};
    World world;
    write(world, "api", trace);
    world.break_probe("api", 503);
    world.service("api").has_been_ready = true;
    for (const Finding& it : world.findings())
        CHECK(it.topic != "traceback");
    World ended;
    write(ended, "api", trace);
    ended.end("api", 1);
    CHECK(ended.findings()[0].what ==
          "api is ended by an error that nobody handles: RuntimeError: cache index is corrupt.");
}

TEST_CASE("who does not listen is told once", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    write(world,
          "api",
          {"Exception in thread \"main\" org.postgresql.util.PSQLException: Connection to "
           "localhost:5433 refused. Check that the hostname and port are correct and that the "
           "postmaster is accepting TCP/IP connections."});
    ListenerFact postgres;
    postgres.port = 5432;
    postgres.pid = 40;
    postgres.command = "/usr/lib/postgresql/15/bin/postgres -D data";
    world.facts.listeners.push_back(postgres);
    CHECK(world.said() ==
          "[nothing-listens] Nothing listens on localhost:5433, which api connects to; PostgreSQL "
          "listens on port 5432.\n");
}

TEST_CASE("a file that is not found is no peer that is not found", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    write(world,
          "api",
          {"Exception in thread \"main\" java.io.FileNotFoundException: conf/app.yml (No such file "
           "or directory)",
           "\tat Main.load(Main.java:1)"});
    CHECK(world.said() == "[file-missing] api opens conf/app.yml, which does not exist.\n");
    CHECK(world.findings()[0].evidence[1] == "it happens in Main.java:1 (Main.load)");
}

TEST_CASE("a file that is missing matters where it is the last word", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    write(world,
          "api",
          {"open conf/local.yml: no such file or directory, taking defaults",
           "connecting",
           "retrying",
           "retrying",
           "error: gave up"});
    CHECK(world.findings()[0].id == "ends-with-error");
}

TEST_CASE("what PHP does not catch has failed a request", "[unit][doctor]") {
    World world;
    write(world, "web", {"PHP Fatal error:  Uncaught Error: no in /srv/src/Orders.php:8"});
    CHECK(world.findings()[0].id == "php-error");
    world.facts.time = "2026-11-20T19:37:05.000Z";
    CHECK(world.said().empty());
}

TEST_CASE("who is refused where somebody listens was started anew", "[unit][doctor]") {
    World world;
    DialFact& asked = ask(world, 0, "connection refused");
    asked.id = "other scheme: asked";
    asked.stage = "connect";
    asked.addresses = {{"127.0.0.1", "refused"}};
    for (const Finding& it : world.findings())
        CHECK(it.id != "address-family");
}

TEST_CASE("workers that can not load their application are why there is no answer",
          "[unit][doctor]") {
    World world;
    DialFact& probe = world.probe("api");
    probe.status = 0;
    probe.error = "no answer";
    probe.is_unexpected = true;
    world.service("api").phase = "unhealthy";
    write(
        world,
        "api",
        {"Error while loading /srv/app.psgi: Can't locate Mojo/UserAgent.pm in @INC (you may need "
         "to install the Mojo::UserAgent module) (@INC contains: lib /etc/perl) at lib/Orders.pm "
         "line 4.",
         "BEGIN failed--compilation aborted at lib/Orders.pm line 4."});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what == "api uses the Perl module Mojo::UserAgent, which is not installed.");
    CHECK(findings[0].evidence[1] == "it happens in lib/Orders.pm:4");
}
