#include "devstack/core/api/messages.hpp"

#include "support/catch.hpp"

#include <limits>

#include <nlohmann/json.hpp>

using namespace devstack;
using namespace devstack::core::api;

namespace {

ServiceState full_service() {
    ServiceState service;
    service.name = "api";
    service.kind = "service";
    service.phase = "unhealthy";
    service.why = "3 health checks failed: status 503, wanted 200-299";
    service.says = "3 clients";
    service.awaits_connection = true;
    service.since = "2026-11-21T12:00:03.123Z";
    service.phase_seconds = 1.25;
    service.is_wanted = true;
    service.pid = 4711;
    service.run = 4;
    service.uptime_seconds = 63.5;
    service.restarts = 3;
    service.ports = {{"", 3101}, {"debug", 9229}};
    service.url = "http://localhost:3101/";
    service.health = {"unhealthy", "GET http://localhost:3101/health", "status 503", 3};
    service.usage = UsageState{12.5, 104857600, 3};
    service.last_exit = ExitState{3, 0};
    service.needs = {"postgres"};
    service.differences = {"api declared 3101 and listens on 3001"};
    service.stale = {"command changed"};
    service.watch = {"src/**"};
    service.watch_suspended = "too many changes";
    service.log_file = "/home/chi/shop/.devstack/logs/api.log";
    return service;
}

StateMessage full_state() {
    StateMessage state;
    state.version = "0.1.0";
    state.project = "shop";
    state.project_dir = "/home/chi/shop";
    state.profile = "/home/chi/shop/devstack.toml";
    state.mode = "development";
    state.status = "running";
    state.daemon_pid = 4700;
    state.keeper_pid = 4699;
    state.started_at = "2026-11-21T11:59:00.000Z";
    state.cursor = 42;
    state.services = {full_service()};
    return state;
}

const std::string full_service_text =
    R"({"name":"api","kind":"service","phase":"unhealthy",)"
    R"("why":"3 health checks failed: status 503, wanted 200-299",)"
    R"("says":"3 clients","awaits_connection":true,)"
    R"("since":"2026-11-21T12:00:03.123Z","phase_seconds":1.25,"wanted":true,"pid":4711,"run":4,)"
    R"("uptime_seconds":63.5,"restarts":3,)"
    R"("ports":[{"name":"","port":3101},{"name":"debug","port":9229}],)"
    R"("url":"http://localhost:3101/","health":{"status":"unhealthy",)"
    R"("probe":"GET http://localhost:3101/health","last_answer":"status 503","failures":3},)"
    R"("usage":{"cpu_percent":12.5,"memory_bytes":104857600,"processes":3},)"
    R"("last_exit":{"code":3,"signal":0},)"
    R"("needs":["postgres"],"differences":["api declared 3101 and listens on 3001"],)"
    R"("stale":["command changed"],"watch":["src/**"],"watch_suspended":"too many changes",)"
    R"("log_file":"/home/chi/shop/.devstack/logs/api.log"})";

void check_same(const StateMessage& left, const StateMessage& right) {
    CHECK(left.version == right.version);
    CHECK(left.project == right.project);
    CHECK(left.project_dir == right.project_dir);
    CHECK(left.profile == right.profile);
    CHECK(left.mode == right.mode);
    CHECK(left.status == right.status);
    CHECK(left.daemon_pid == right.daemon_pid);
    CHECK(left.keeper_pid == right.keeper_pid);
    CHECK(left.started_at == right.started_at);
    CHECK(left.cursor == right.cursor);
    CHECK(left.services == right.services);
}

}  // namespace

TEST_CASE("a state tells the project first and then each service", "[unit][api]") {
    CHECK(to_text(full_service()) == full_service_text);
    CHECK(to_text(full_state()) ==
          R"({"version":"0.1.0","project":"shop","project_dir":"/home/chi/shop",)"
          R"("profile":"/home/chi/shop/devstack.toml","mode":"development","status":"running",)"
          R"("daemon_pid":4700,"keeper_pid":4699,"started_at":"2026-11-21T11:59:00.000Z",)"
          R"("cursor":42,"services":[)" +
              full_service_text + "]}");
}

TEST_CASE("a service without a look at its usage has none", "[unit][api]") {
    ServiceState service;
    service.name = "db";
    service.phase = "stopped";
    CHECK(to_text(service) ==
          R"({"name":"db","kind":"","phase":"stopped","why":"","says":"",)"
          R"("awaits_connection":false,"since":"","phase_seconds":0,)"
          R"("wanted":false,"pid":0,"run":0,"uptime_seconds":0,"restarts":0,"ports":[],"url":"",)"
          R"("health":{"status":"none","probe":"","last_answer":"","failures":0},)"
          R"("needs":[],"differences":[],"stale":[],"watch":[],"log_file":""})");
}

TEST_CASE("a state survives its way over the wire", "[unit][api]") {
    StateMessage state = full_state();
    for (int i = 0; i < 20; ++i) {
        ServiceState service = full_service();
        service.name = "service-" + std::to_string(i);
        service.phase_seconds = i / 7.0;
        if (i % 2 == 0) service.usage.reset();
        state.services.push_back(service);
    }
    const Result<StateMessage> again = parse_state(to_text(state));
    REQUIRE(again);
    check_same(*again, state);
}

TEST_CASE("a brief state says what a table shows, and nothing that is empty", "[unit][api]") {
    ServiceState idle;
    idle.name = "db";
    idle.phase = "stopped";
    StateMessage state;
    state.project = "shop";
    state.services = {idle, full_service()};
    const Result<StateMessage> brief = parse_state(to_text(state, StateDetail::brief));
    REQUIRE(brief);
    CHECK(brief->services[0] == idle);
    ServiceState rest = full_service();
    for (std::string* left_out : {&rest.kind, &rest.since, &rest.url, &rest.log_file})
        left_out->clear();
    for (std::vector<std::string>* left_out : {&rest.needs, &rest.watch})
        left_out->clear();
    rest.phase_seconds = 0;
    rest.run = 0;
    rest.last_exit.reset();
    CHECK(brief->services[1] == rest);
    CHECK(to_text(state, StateDetail::none).ends_with(R"("services":[]})"));
}

TEST_CASE("what we write is what another reader of JSON reads", "[unit][api]") {
    StateMessage state = full_state();
    state.project = "quote \" backslash \\ newline \n tab \t return \r bell \a delete \x7f";
    state.profile = "gr\xC3\xBC\xC3\x9F \xF0\x9F\x9A\x80";
    const auto json = nlohmann::json::parse(to_text(state), nullptr, false);
    REQUIRE_FALSE(json.is_discarded());
    CHECK(json["project"].get<std::string>() == state.project);
    CHECK(json["profile"].get<std::string>() == state.profile);
    CHECK(json["services"][0]["usage"]["memory_bytes"].get<int>() == 104857600);
    CHECK(json["services"][0]["phase_seconds"].get<double>() == 1.25);
    const Result<StateMessage> again = parse_state(to_text(state));
    REQUIRE(again);
    check_same(*again, state);
}

TEST_CASE("numbers that JSON can not say are sent as zero", "[unit][api]") {
    ServiceState service = full_service();
    service.phase_seconds = std::numeric_limits<double>::infinity();
    service.uptime_seconds = std::numeric_limits<double>::quiet_NaN();
    const auto json = nlohmann::json::parse(to_text(service), nullptr, false);
    REQUIRE_FALSE(json.is_discarded());
    CHECK(json["phase_seconds"].get<double>() == 0);
    CHECK(json["uptime_seconds"].get<double>() == 0);
}

TEST_CASE("what an older or newer daemon says is understood", "[unit][api]") {
    const Result<StateMessage> older =
        parse_state(R"({"project":"shop","cursor":1,"services":[{"name":"a","phase":"ready"}]})");
    REQUIRE(older);
    REQUIRE(older->services.size() == 1);
    CHECK(older->services[0].health.status == "none");
    const Result<StateMessage> newer = parse_state(
        R"({"future":{"a":[1,{"b":null}],"c":"d"},"project":"shop","more":[[],[{}]],"cursor":1,)"
        R"("services":[{"new":7,"name":"a","phase":"ready","usage":null,"x":[true,false,-1.5e3]}]})");
    REQUIRE(newer);
    REQUIRE(newer->services.size() == 1);
    CHECK(newer->services[0].name == "a");
    CHECK(newer->services[0].phase == "ready");
    CHECK_FALSE(newer->services[0].usage.has_value());
}

TEST_CASE("a wrong field of a state is named with its place", "[unit][api]") {
    const auto message_of = [](const std::string& text) {
        const Result<StateMessage> state = parse_state(text);
        return state ? std::string{"accepted"} : state.error().message;
    };
    const std::string head = R"({"project":"p","cursor":1,"services":[)";
    CHECK(message_of(head + R"({"name":"a","phase":"ready"},{"name":"b"}]})") ==
          "services[1].phase: is missing");
    CHECK(message_of(head + R"({"name":"a","phase":null}]})") == "services[0].phase: is missing");
    CHECK(message_of(head + R"({"name":7}]})") ==
          "services[0].name: expected a string, found a number");
    CHECK(message_of(head + R"({"pid":"x"}]})") ==
          "services[0].pid: expected a whole number, found a string");
    CHECK(message_of(head + R"({"pid":1.5}]})") ==
          "services[0].pid: expected a whole number, found 1.5");
    CHECK(message_of(head + R"({"pid":99999999999}]})") ==
          "services[0].pid: 99999999999 is out of range");
    CHECK(message_of(head + R"({"run":-1}]})") == "services[0].run: -1 is out of range");
    CHECK(message_of(head + R"({"wanted":1}]})") ==
          "services[0].wanted: expected true or false, found a number");
    CHECK(message_of(head + R"({"ports":[{"port":1},{}]}]})") ==
          "services[0].ports[1].port: is missing");
    CHECK(message_of(head + R"({"ports":{}}]})") ==
          "services[0].ports: expected a list, found an object");
    CHECK(message_of(head + R"({"needs":["a",["b"]]}]})") ==
          "services[0].needs[1]: expected a string, found a list");
    CHECK(message_of(head + R"({"needs":[true]}]})") ==
          "services[0].needs[0]: expected a string, found true or false");
    CHECK(message_of(head + R"({"health":[]}]})") ==
          "services[0].health: expected an object, found a list");
    CHECK(message_of(head + R"({"name":"a","name":"b"}]})") == "services[0].name: is given twice");
    CHECK(message_of(head + R"(17]})") == "services[0]: expected an object, found a number");
    CHECK(message_of(R"({"project":"p","services":[]})") == "cursor: is missing");
    CHECK(message_of("[]") == "expected an object, found a list");
    CHECK(message_of("7") == "expected an object, found a number");
}
