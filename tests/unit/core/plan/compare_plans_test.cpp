#include "devstack/core/plan/compare_plans.hpp"

#include "support/catch.hpp"
#include "unit/core/profile/plan_of.hpp"

using namespace devstack::test;
using namespace devstack::core;
using Kind = ServiceChange::Kind;

namespace {

const std::string shop = R"(
[project]
name = "shop"
env_file = ".env"
[service.db]
command = "postgres"
[service.api]
command = "node api"
env_file = ".env"
depends_on = ["db"]
[service.web]
command = "next"
)";

const Variables files{{"/home/chi/shop/.env", "DATABASE_URL=postgres://secret\n"}};

Plan plan_with(const std::string& text, const Variables& env_files = files) {
    return plan_of(text, {{"PATH", "/bin"}}, env_files);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

std::string told(const std::string& next) {
    return describe(compare_plans(plan_with(shop), plan_with(next)));
}

}  // namespace

TEST_CASE("plans of the same profile are the same", "[unit][plan]") {
    CHECK(told(shop) == "reloaded 0 services, 3 unchanged");
}

TEST_CASE("another order of the same services changes nothing", "[unit][plan]") {
    const std::string next = R"(
[project]
name = "shop"
env_file = ".env"
[service.web]
command = "next"
[service.api]
command = "node api"
env_file = ".env"
depends_on = ["db"]
[service.db]
command = "postgres"
)";
    CHECK(told(next) == "reloaded 0 services, 3 unchanged");
}

TEST_CASE("what a process was given is a reason to replace it", "[unit][plan]") {
    CHECK(told(replaced(shop, "node api", "node api.js")) ==
          "reloaded 1 service (api: command changed), 2 unchanged");
    CHECK(told(replaced(shop, "\"next\"", "\"next\"\nport = 3200\nworking_dir = \"web\"")) ==
          "reloaded 1 service (web: working_dir changed, port changed, environment PORT added), "
          "2 unchanged");
    CHECK(told(replaced(shop, "\"next\"", "\"next\"\nenv = { A = \"1\", B = \"2\" }")) ==
          "reloaded 1 service (web: environment A and B added), 2 unchanged");
}

TEST_CASE("what only devstack goes by is taken on without a restart", "[unit][plan]") {
    CHECK(told(replaced(shop, "depends_on = [\"db\"]", "stop_signal = \"SIGINT\"")) ==
          "reloaded 0 services, 1 adjusted without a restart (api: depends_on changed, stop_signal "
          "changed), 2 unchanged");
}

TEST_CASE("a variable is named, and its value is not", "[unit][plan]") {
    const Plan next =
        plan_with(shop, {{"/home/chi/shop/.env", "DATABASE_URL=postgres://hidden\nNEW=1\n"}});
    const std::string text = describe(compare_plans(plan_with(shop), next));
    CHECK(text ==
          "reloaded 3 services (db: environment DATABASE_URL changed, environment NEW added; api: "
          "environment DATABASE_URL changed, environment NEW added; web: environment DATABASE_URL "
          "changed, environment NEW added), 0 unchanged");
    CHECK(describe(compare_plans(next, plan_with(shop)), "would reload") ==
          "would reload 3 services (db: environment DATABASE_URL changed, environment NEW removed; "
          "api: environment DATABASE_URL changed, environment NEW removed; web: environment "
          "DATABASE_URL changed, environment NEW removed), 0 unchanged");
}

TEST_CASE("what is new and what has gone is named", "[unit][plan]") {
    const std::string next = replaced(shop, "[service.web]", "[service.frontend]");
    CHECK(told(next) == "reloaded 0 services, 1 added (frontend), 1 removed (web), 2 unchanged");
    const PlanComparison comparison = compare_plans(plan_with(shop), plan_with(next));
    REQUIRE(comparison.find("web") != nullptr);
    CHECK(comparison.find("web")->kind == Kind::removed);
    CHECK(comparison.find("db") == nullptr);
}

TEST_CASE("a reason of somebody else's makes a service one that has changed", "[unit][plan]") {
    PlanComparison comparison = compare_plans(
        plan_with(shop), plan_with(replaced(shop, "\"next\"", "\"next\"\nstop_timeout = \"1s\"")));
    comparison.add_reason("db", "its prepare step is due");
    comparison.add_reason("web", "its prepare step is due");
    CHECK(
        describe(comparison) ==
        "reloaded 2 services (web: stop_timeout changed, its prepare step is due; db: its prepare "
        "step is due), 1 unchanged");
}

TEST_CASE("what can not change while the project runs is refused by name", "[unit][plan]") {
    const PlanComparison comparison = compare_plans(
        plan_with(shop),
        plan_with(replaced(shop, "name = \"shop\"", "name = \"store\"\nmode = \"host\"")));
    CHECK(
        comparison.refused ==
        std::vector<std::string>{
            "`name` in [project] can not change from shop to store while the project runs",
            "`mode` in [project] can not change from development to host while the project runs"});
    const PlanComparison kept =
        compare_plans(plan_with(shop),
                      plan_with(replaced(
                          shop, "name = \"shop\"", "name = \"shop\"\non_keeper_death = \"keep\"")));
    CHECK(kept.refused == std::vector<std::string>{
                              "`on_keeper_death` in [project] can not change from stop to keep "
                              "while the project runs"});
}
