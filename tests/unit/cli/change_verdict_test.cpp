#include "cli/change_verdict.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;
using core::api::ServiceState;
using core::api::StateMessage;
using Sentences = std::vector<std::string>;

namespace {

ServiceState service(const std::string& name,
                     const std::string& phase,
                     const std::string& why = "",
                     std::uint32_t run = 1,
                     int pid = 0) {
    ServiceState it;
    it.name = name;
    it.phase = phase;
    it.why = why;
    it.run = run;
    it.pid = pid;
    return it;
}

Verdict judge(const std::string& command, const std::vector<ServiceState>& services) {
    StateMessage state;
    state.services = services;
    return judge_change(command, {"api"}, {{"api", 1}}, state);
}

}  // namespace

TEST_CASE("a start has come about when the service is ready, or the task completed",
          "[unit][cli]") {
    CHECK(judge("start", {service("api", "ready")}).done == Sentences{"api is ready"});
    CHECK(judge("start", {service("api", "completed")}).done == Sentences{"api is completed"});
    ServiceState lazy = service("api", "waiting", "starts at the first connection to port 3000");
    lazy.awaits_connection = true;
    CHECK(judge("start", {lazy}).done == Sentences{"api is waiting"});
    CHECK(judge("restart", {lazy}).done == Sentences{"api is waiting"});
    const Verdict starting = judge("start", {service("api", "starting", "connection refused")});
    CHECK(starting.pending == Sentences{"api is starting: connection refused"});
    CHECK_FALSE(starting.is_over());
    // It may come up yet: the restart policy says so.
    CHECK_FALSE(judge("start", {service("api", "backing-off", "exited with code 3")}).is_over());
    CHECK_FALSE(judge("start", {service("api", "blocked", "port 1 is held")}).is_over());
}

TEST_CASE("a start that has failed is over at once", "[unit][cli]") {
    const Verdict verdict =
        judge("start", {service("api", "failed", "cannot execute nope: no such file")});
    CHECK(verdict.failed == Sentences{"api is failed: cannot execute nope: no such file"});
    CHECK(verdict.culprits == Sentences{"api"});
    CHECK(verdict.is_over());
}

TEST_CASE("what waits for something that has failed can not start", "[unit][cli]") {
    ServiceState api = service("api", "waiting", "waits for migrate");
    api.needs = {"migrate"};
    ServiceState migrate = service("migrate", "waiting", "waits for postgres");
    migrate.needs = {"postgres"};
    const Verdict verdict =
        judge("start", {service("postgres", "failed", "exited with code 1"), migrate, api});
    CHECK(verdict.failed == Sentences{"api can not start: postgres is failed: exited with code 1"});
    CHECK(verdict.culprits == Sentences{"postgres"});
    CHECK(verdict.is_over());
}

TEST_CASE("needs that go round in circles are no trap", "[unit][cli]") {
    ServiceState api = service("api", "waiting");
    api.needs = {"web"};
    ServiceState web = service("web", "waiting");
    web.needs = {"api"};
    CHECK_FALSE(judge("start", {api, web}).is_over());
}

TEST_CASE("a restart has come about with a new run only", "[unit][cli]") {
    CHECK_FALSE(judge("restart", {service("api", "ready", "", 1)}).is_over());
    CHECK(judge("restart", {service("api", "ready", "", 2)}).done == Sentences{"api is ready"});
}

TEST_CASE("a stop has come about when no process is left", "[unit][cli]") {
    CHECK_FALSE(judge("stop", {service("api", "stopping", "asked to stop", 1, 4711)}).is_over());
    CHECK(judge("stop", {service("api", "stopped")}).done == Sentences{"api is stopped"});
    CHECK(judge("stop", {service("api", "failed")}).done == Sentences{"api is failed"});
}

TEST_CASE("a service that has gone from the project is not waited for", "[unit][cli]") {
    CHECK(judge("start", {}).failed == Sentences{"api is not in the project any more"});
}
