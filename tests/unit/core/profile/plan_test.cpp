#include "devstack/core/plan/plan.hpp"

#include "plan_of.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

namespace {

ServicePlan service_of(const std::string& keys, const std::string& before = "") {
    return plan_of(before + "[service.api]\ncommand = 'x'\n" + keys).services[0];
}

}  // namespace

TEST_CASE("a profile of one command gets every default", "[unit][plan]") {
    const Plan plan = plan_of("[service.api]\ncommand = 'npm run dev'\n");
    ServicePlan expected;
    expected.name = "api";
    expected.command = CommandLine::shell("npm run dev");
    expected.working_dir = "/home/chi/shop";
    expected.environment = {"DEVSTACK_PROJECT=shop", "DEVSTACK_SERVICE=api"};
    CHECK(plan.project == "shop");
    CHECK(plan.project_dir == "/home/chi/shop");
    CHECK(plan.mode == Mode::development);
    REQUIRE(plan.services.size() == 1);
    CHECK(plan.services[0] == expected);
    CHECK(plan.find("api") == ServiceId{0});
    CHECK(plan.find("web") == std::nullopt);
}

TEST_CASE("everything that can be said is taken over", "[unit][plan]") {
    const Plan plan = plan_of(R"(
[project]
name = "sora"
mode = "development"
x-note = 1

[service.api]
description = "The API"
command = ["node", "server.js", "--port", "${port}"]
working_dir = "apps/api"
port = 3101
env = { NODE_ENV = "development" }
prepare = { command = "npm install", creates = "node_modules", inputs = ["package-lock.json"] }
ready = { tcp = "localhost:${port}", timeout = "1s" }
restart = { policy = "always", max = 3, window = "2m", delay = "1s", max_delay = "10s" }
start_timeout = "2m"
stop_timeout = "0s"
stop_signal = "INT"
success_exit_codes = [3, 4]
x-owner = "chi"

[service.api.health]
url = "http://localhost:${port}/health"
interval = "20s"
timeout = "3s"
retries = 5
expect = "200,404"
body = "ok ${NODE_ENV}"
body_regex = "o+k$"
headers = { "x-api-key" = "${NODE_ENV}" }
tls = "insecure"
ca = "ca.pem"
)");
    const ServicePlan& api = plan.services[0];
    CHECK(plan.project == "sora");
    CHECK(api.command == CommandLine{{"node", "server.js", "--port", "3101"}});
    CHECK(api.working_dir == "/home/chi/shop/apps/api");
    CHECK(api.ports == std::vector<DeclaredPort>{{"", Port{3101}}});
    CHECK(api.prepare == PrepareStep{CommandLine::shell("npm install"),
                                     "/home/chi/shop/apps/api/node_modules",
                                     {"/home/chi/shop/apps/api/package-lock.json"}});
    CHECK(api.ready == ReadyCheck{TcpProbe{"localhost", Port{3101}}, 1s});
    UrlProbe url;
    url.url = "http://localhost:3101/health";
    url.host = "localhost";
    url.port = Port{3101};
    url.target = "/health";
    url.headers = {{"x-api-key", "development"}};
    url.expect.ranges = {{200, 200}, {404, 404}};
    url.body_contains = "ok development";
    url.body_matches = "o+k$";
    url.tls = TlsMode::insecure;
    url.ca_file = "/home/chi/shop/apps/api/ca.pem";
    CHECK(api.health == HealthCheck{url, 20s, 3s, 5});
    CHECK(api.restart == RestartPolicy{RestartMode::always, 3, 2min, 1s, 10s, true});
    CHECK(api.start_timeout == 2min);
    CHECK(api.stop_timeout == 0s);
    CHECK(api.stop_signal == 2);
    CHECK(api.success_exit_codes == std::vector<int>{3, 4});
    CHECK(api.url == "http://localhost:3101/");
}

TEST_CASE("a host never gives up, and tasks are not restarted", "[unit][plan]") {
    const Plan host = plan_of("[project]\nmode = 'host'\n[service.a]\ncommand = 'x'\n");
    CHECK(host.mode == Mode::host);
    CHECK_FALSE(host.services[0].restart.gives_up);
    const Plan task = plan_of("[task.a]\ncommand = 'x'\n");
    CHECK(task.services[0].kind == ServiceKind::task);
    CHECK(task.services[0].restart.mode == RestartMode::no);
    CHECK(plan_of("[task.a]\ncommand = 'x'\nrestart = 'on-failure'\n").services[0].restart.mode ==
          RestartMode::on_failure);
}

TEST_CASE("defaults give way to each other", "[unit][plan]") {
    const ServicePlan quick = service_of("health = { tcp = ':80', interval = '1s' }\n");
    CHECK(quick.health->timeout == 500ms);
    CHECK(service_of("health = { tcp = ':80', interval = '1m' }\n").health->timeout == 2s);
    CHECK(service_of("restart = { delay = '1m' }\n").restart.max_delay == 1min);
    CHECK(service_of("restart = { max_delay = '100ms' }\n").restart.delay == 100ms);
    CHECK(service_of("restart = { max = 2 }\n").restart.mode == RestartMode::on_failure);
}

TEST_CASE("ports are known by name across services", "[unit][plan]") {
    const Plan plan = plan_of(
        "[service.api]\ncommand = 'x ${ports.http} ${service.my-web.v2.port}'\n"
        "ports = { http = 3101, debug = 9229 }\n"
        "[service.\"my-web.v2\"]\ncommand = ['x', '${service.api.ports.debug}']\nport = 3200\n");
    CHECK(plan.services[0].command.text() == "x 3101 3200");
    CHECK(plan.services[1].command.text() == "x 9229");
    CHECK(plan.services[0].ports ==
          std::vector<DeclaredPort>{{"http", Port{3101}}, {"debug", Port{9229}}});
}

TEST_CASE("in a shell command only braces and double dollars are ours", "[unit][plan]") {
    const Plan plan =
        plan_of("[service.a]\ncommand = 'echo $HOME $(date) $? $$HOME ${A} $${A}'\n", {{"A", "1"}});
    CHECK(plan.services[0].command.argv[2] == "echo $HOME $(date) $? $HOME 1 ${A}");
}

TEST_CASE("paths begin in the working directory, and that in the project", "[unit][plan]") {
    const Plan plan = plan_of(
        "[service.a]\ncommand = 'x'\nworking_dir = '~/a'\n"
        "prepare = { command = 'x', creates = '${PROJECT_DIR}/x', "
        "inputs = '../b' }\n",
        {{"HOME", "/home/chi"}});
    CHECK(plan.services[0].working_dir == "/home/chi/a");
    CHECK(plan.services[0].prepare->creates == "/home/chi/shop/x");
    CHECK(plan.services[0].prepare->inputs == std::vector<std::string>{"/home/chi/b"});
}

TEST_CASE("the url of a service is known if it speaks HTTP", "[unit][plan]") {
    CHECK(service_of("health = { url = 'https://example.org/api/health' }\n").url ==
          "https://example.org/");
    CHECK(service_of("ready = { url = 'http://127.0.0.1:3000/x' }\n").url ==
          "http://127.0.0.1:3000/");
    CHECK(service_of("ports = { debug = 9229, http = 3000 }\n").url == "http://localhost:3000/");
    CHECK(service_of("port = 5432\nready = { tcp = ':5432' }\n").url.empty());
    CHECK(service_of("port = 5432\n").url.empty());
}

TEST_CASE("a tcp probe may be a number or a text", "[unit][plan]") {
    const Probe expected = TcpProbe{"localhost", Port{5432}};
    CHECK(service_of("ready = { tcp = 5432 }\n").ready->probe == expected);
    CHECK(service_of("port = 5432\nready = { tcp = '${port}' }\n").ready->probe == expected);
}

TEST_CASE("places of variables in long strings are found", "[unit][plan]") {
    CHECK(mistakes_of("[service.a]\ncommand = '''\ntrue\necho ü ${NONE}\n'''\n") ==
          "devstack.toml:4:8: error: variable `NONE` is not set [missing-variable]\n"
          "  echo ü ${NONE}\n"
          "         ^\n"
          "  hint: set it, give it a default with ${NONE:-…}, or write $${NONE} to leave it as it "
          "is\n");
}

TEST_CASE("a plan knows by what a service is ready, and what it is handed", "[unit][profile]") {
    const Plan plan = plan_of(R"(
[service.line]
command = "x"
ready = { log = "up", stream = "stderr" }
[service.word]
command = "x"
ready = { notify = true }
[service.watched]
command = "x"
watchdog = "30s"
ready = { notify = false }
[service.lazy]
command = "x"
on_demand = true
ports = { http = { port = 3000, socket = true, host = "localhost" }, debug = { port = 9229 } }
)");
    const auto named = [&](const char* name) { return plan.services[plan.find(name)->index]; };
    CHECK(named("line").ready_sign == ReadySign{LogSign{"up", LogStream::standard_error}});
    CHECK_FALSE(named("line").notifies());
    CHECK(named("word").ready_sign == ReadySign{NotifySign{}});
    CHECK(named("word").notifies());
    CHECK_FALSE(named("watched").ready_sign);
    CHECK(named("watched").notifies());
    const ServicePlan lazy = named("lazy");
    CHECK(lazy.on_demand);
    CHECK(lazy.has_sockets());
    CHECK(lazy.ports ==
          std::vector<DeclaredPort>{{"http", Port{3000}, "127.0.0.1"}, {"debug", Port{9229}, ""}});
    CHECK(lazy.first_own_port()->port == Port{9229});
}

TEST_CASE("the API by TCP is for loopback addresses, or somebody says otherwise", "[unit][plan]") {
    const std::string service = "[service.a]\ncommand = 'x'\n";
    const auto listener = [&](const std::string& text) {
        return plan_of("[api]\n" + text + "\n" + service).api.value();
    };
    CHECK(listener("listen = '127.0.0.1:7070'") == ApiListener{"127.0.0.1", Port{7070}, false});
    CHECK(listener("listen = 'localhost:1'") == ApiListener{"127.0.0.1", Port{1}, false});
    CHECK(listener("listen = '[::1]:65535'") == ApiListener{"::1", Port{65535}, false});
    CHECK(listener("listen = '0.0.0.0:7070'\nallow_remote = true") ==
          ApiListener{"0.0.0.0", Port{7070}, true});
    CHECK_FALSE(plan_of(service).api);
    CHECK(mistakes_of("[api]\nlisten = '0.0.0.0:7070'\n" + service) ==
          "devstack.toml:2:10: error: `api.listen`: 0.0.0.0 is not a loopback address: whoever "
          "reaches this host could knock [not-loopback]\n"
          "  listen = '0.0.0.0:7070'\n"
          "           ^\n"
          "  hint: write 127.0.0.1, or add allow_remote = true\n");
    CHECK(mistakes_of("[api]\nallow_remote = true\n" + service) ==
          "devstack.toml:1:2: error: [api] has no `listen` [missing-listen]\n"
          "  [api]\n"
          "   ^\n"
          "  hint: add listen = \"127.0.0.1:7070\"\n");
    for (const std::string bad :
         {"", "7070", "127.0.0.1", "::1:7070", "host:7070", "127.0.0.1:0", "127.0.0.1:65536"}) {
        CHECK(mistakes_of("[api]\nlisten = '" + bad + "'\n" + service) ==
              "devstack.toml:2:10: error: `api.listen`: \"" + bad +
                  "\" is not an address and a port such as \"127.0.0.1:7070\" or "
                  "\"[::1]:7070\" [bad-address]\n"
                  "  listen = '" +
                  bad + "'\n           ^\n");
    }
}
