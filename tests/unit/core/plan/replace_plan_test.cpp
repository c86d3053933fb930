#include "devstack/core/plan/replace_plan.hpp"

#include "support/catch.hpp"
#include "support/scenario.hpp"

#include <limits>

using namespace devstack::test;
using namespace devstack::core;

namespace {

std::vector<std::string> names(const Plan& plan) {
    std::vector<std::string> all;
    for (const ServicePlan& it : plan.services)
        all.push_back(it.name);
    return all;
}

std::vector<std::string> names_in_order(const Plan& plan) {
    std::vector<std::string> all;
    for (const ServiceId id : plan.in_order())
        all.push_back(plan.services[id.index].name);
    return all;
}

std::vector<std::string> needs_of(const Plan& plan, const std::string& service) {
    std::vector<std::string> all;
    for (const Need& need : plan.services[plan.find(service)->index].needs)
        all.push_back(plan.services[need.service.index].name);
    return all;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("services keep their ids in another plan", "[unit][plan]") {
    const Plan running = make_plan({service("db"), service("api").after("db"), service("web")});
    const Plan next = replace_plan(
        running,
        make_plan({service("web"), service("queue"), service("api").after("queue").after("web")}));
    CHECK(names(next) == Names{"db", "api", "web", "queue"});
    CHECK(names_in_order(next) == Names{"web", "queue", "api"});
    CHECK(needs_of(next, "api") == Names{"queue", "web"});

    SECTION("and one that comes back has the id it had") {
        const Plan last = replace_plan(next, make_plan({service("db"), service("new")}));
        CHECK(names(last) == Names{"db", "api", "web", "queue", "new"});
        CHECK(names_in_order(last) == Names{"db", "new"});
    }
}

TEST_CASE("what has gone keeps its settings", "[unit][plan]") {
    const Plan running = make_plan({service("db"), service("api").after("db")});
    const Plan next = replace_plan(running, make_plan({service("web")}));
    CHECK(needs_of(next, "api") == Names{"db"});
    CHECK(next.services[1] == running.services[1]);
}

TEST_CASE("secrets of the plan before stay secrets", "[unit][plan]") {
    Plan running = make_plan({service("db")});
    running.secrets = {"older one", "old"};
    Plan next = make_plan({service("db")});
    next.secrets = {"new"};
    CHECK(replace_plan(running, next).secrets == Names{"older one", "new", "old"});
}

TEST_CASE("ids of a supervisor before are taken on", "[unit][plan]") {
    const Plan plan = make_plan({service("db"), service("api").after("db"), service("web")});
    const Plan kept = keep_ids(plan, {{"api", {4}}, {"db", {2}}, {"unknown", {9}}});
    CHECK(names(kept) == Names{"", "", "db", "", "api", "web"});
    CHECK(names_in_order(kept) == Names{"db", "api", "web"});
    CHECK(needs_of(kept, "api") == Names{"db"});

    SECTION("but not those that can not be") {
        const Plan sane = keep_ids(
            plan,
            {{"db", {1}}, {"api", {1}}, {"web", {std::numeric_limits<std::size_t>::max() / 2}}});
        CHECK(names(sane) == Names{"", "db", "api", "web"});
    }
}
