#include "plan_of.hpp"
#include "support/catch.hpp"

using namespace devstack::core;
using namespace devstack::test;

namespace {

std::vector<std::string> names_of(const Plan& plan) {
    std::vector<std::string> names;
    for (const ServicePlan& service : plan.services) {
        names.push_back(service.name);
    }
    return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("services stand in the order of the file where they are free", "[unit][plan]") {
    CHECK(names_of(plan_of("[service.z]\ncommand = 'x'\n"
                           "[task.m]\ncommand = 'x'\n"
                           "[service.a]\ncommand = 'x'\n")) == Names{"z", "m", "a"});
}

TEST_CASE("a service stands after all that it needs", "[unit][plan]") {
    const Plan plan = plan_of(
        "[service.web]\ncommand = 'x'\ndepends_on = ['api', 'migrate']\n"
        "[service.api]\ncommand = 'x'\ndepends_on = { db = 'started', migrate = 'completed' }\n"
        "[task.migrate]\ncommand = 'x'\ndepends_on = ['db']\n"
        "[service.db]\ncommand = 'x'\n");
    CHECK(names_of(plan) == Names{"db", "migrate", "api", "web"});
    CHECK(plan.services[0].needs.empty());
    CHECK(plan.services[1].needs == std::vector<Need>{{ServiceId{0}, NeedCondition::ready}});
    CHECK(plan.services[2].needs == std::vector<Need>{{ServiceId{0}, NeedCondition::started},
                                                      {ServiceId{1}, NeedCondition::completed}});
    CHECK(plan.services[3].needs == std::vector<Need>{{ServiceId{2}, NeedCondition::ready},
                                                      {ServiceId{1}, NeedCondition::completed}});
}

TEST_CASE("a need that is named twice counts once", "[unit][plan]") {
    const Plan plan = plan_of(
        "[service.a]\ncommand = 'x'\ndepends_on = ['b', 'b']\nrestart_with = 'b'\n"
        "[service.b]\ncommand = 'x'\n");
    CHECK(plan.services[1].needs.size() == 1);
    CHECK(plan.services[1].restart_with == std::vector<ServiceId>{ServiceId{0}});
}

TEST_CASE("each cycle is spelled out once, from the service that comes first", "[unit][plan]") {
    CHECK(mistakes_of("[service.top]\ncommand = 'x'\ndepends_on = ['web']\n"
                      "[service.api]\ncommand = 'x'\ndepends_on = ['db', 'web']\n"
                      "[service.web]\ncommand = 'x'\ndepends_on = ['api']\n"
                      "[service.db]\ncommand = 'x'\n"
                      "[service.a]\ncommand = 'x'\ndepends_on = ['b']\n"
                      "[service.b]\ncommand = 'x'\ndepends_on = { c = 'started' }\n"
                      "[service.c]\ncommand = 'x'\ndepends_on = ['a']\n") ==
          "devstack.toml:6:21: error: these need one another, so that none can start: "
          "api -> web -> api [dependency-cycle]\n"
          "  depends_on = ['db', 'web']\n"
          "                      ^\n"
          "  hint: remove one of these from the `depends_on` of the one before it\n"
          "devstack.toml:14:15: error: these need one another, so that none can start: "
          "a -> b -> c -> a [dependency-cycle]\n"
          "  depends_on = ['b']\n"
          "                ^\n"
          "  hint: remove one of these from the `depends_on` of the one before it\n");
}

TEST_CASE("unknown names and self-needs are reported", "[unit][plan]") {
    CHECK(mistakes_of("[service.api]\ncommand = 'x'\n"
                      "depends_on = ['postgress', 'api', 'zebra']\nrestart_with = 'api'\n"
                      "[service.postgres]\ncommand = 'x'\n") ==
          "devstack.toml:3:15: error: `depends_on`: there is no service or task `postgress` "
          "[unknown-service]\n"
          "  depends_on = ['postgress', 'api', 'zebra']\n"
          "                ^\n"
          "  hint: did you mean `postgres`?\n"
          "devstack.toml:3:28: error: service `api` depends on itself [self-dependency]\n"
          "  depends_on = ['postgress', 'api', 'zebra']\n"
          "                             ^\n"
          "  hint: remove it from `depends_on`\n"
          "devstack.toml:3:35: error: `depends_on`: there is no service or task `zebra` "
          "[unknown-service]\n"
          "  depends_on = ['postgress', 'api', 'zebra']\n"
          "                                    ^\n"
          "devstack.toml:4:16: error: service `api` is restarted with itself [self-dependency]\n"
          "  restart_with = 'api'\n"
          "                 ^\n"
          "  hint: remove it from `restart_with`\n");
}

TEST_CASE("as many services in a row as there may be cost neither stack nor patience",
          "[unit][plan]") {
    std::string text;
    for (int i = 0; i < 9'998; ++i) {
        text += "[service.s" + std::to_string(i) + "]\ncommand = 'x'\ndepends_on = ['s" +
                std::to_string(i + 1) + "']\n";
    }
    const Plan plan = plan_of(text +
                              "[task.s9998]\ncommand = 'x'\n"
                              "[service.x-ray]\ncommand = 'x'\n");
    CHECK(plan.services.front().name == "s9998");
    CHECK(plan.services[9'998].name == "s0");
}
