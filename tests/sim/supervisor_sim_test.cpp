#include "sim/fake_world.hpp"
#include "support/catch.hpp"
#include "support/scenario.hpp"

#include <cstdlib>
#include <string>

using namespace devstack::test;
using namespace devstack::core;
using namespace std::chrono_literals;

namespace {

Plan small_shop() {
    return make_plan({
        service("db").on_port(5432).with_ready(),
        service("cache"),
        task("migrate").after("db"),
        service("api")
            .after("db")
            .after("cache", NeedCondition::started)
            .after("migrate", NeedCondition::completed)
            .on_port(3101)
            .with_health()
            .restart(RestartMode::always)
            .restart_with("db"),
        service("web").after("api").with_prepare().on_port(3200).with_health(),
        service("worker").after("db").never_give_up().shows_line("up"),
        service("teller").after("db").notifies().with_watchdog(std::chrono::seconds{30}),
        service("gate").after("db").with_socket(3300).restart_with("db"),
        service("lazy").after("db").with_socket(3400).on_demand(),
        service("guest").after("lazy").with_health(),
        service("lonely").with_health().restart(RestartMode::no),
    });
}

/// The same shop as its developers change it: another order of things, settings, services.
std::vector<Plan> shop_through_the_week() {
    std::vector<Plan> plans;
    plans.push_back(small_shop());
    plans.push_back(small_shop());
    plans.back().services[0].environment = {"POSTGRES_PASSWORD=other"};
    plans.back().services[3].command = CommandLine{{"run", "--fast"}};
    plans.back().services[3].stop_timeout = 3s;
    plans.back().services[6].health.reset();
    plans.push_back(make_plan({
        service("cache").with_health(),
        service("queue").after("cache"),
        service("web").with_prepare().on_port(3200).with_health(),
        service("api").after("queue").after("web", NeedCondition::started).on_port(3101),
        task("migrate"),
        service("lonely").restart(RestartMode::no).with_ready(),
    }));
    plans.push_back(make_plan({
        service("worker").never_give_up(),
        service("db").after("worker").on_port(5432).with_ready(),
        service("cache").after("db"),
    }));
    return plans;
}

/// 2,000 lives with every test run; DEVSTACK_SIM_LIVES=1000000 for the long look.
std::uint64_t lives() {
    const char* wish = std::getenv("DEVSTACK_SIM_LIVES");
    return wish == nullptr ? 2000 : std::stoull(wish);
}

}  // namespace

TEST_CASE("no order of troubles breaks an invariant", "[sim][supervisor]") {
    const std::vector<Plan> plans = shop_through_the_week();
    for (std::uint64_t seed = 1; seed <= lives(); ++seed) {
        FakeWorld world{plans, seed};
        world.live(30);
        if (world.violations().empty()) continue;
        for (const std::string& line : world.trace())
            UNSCOPED_INFO(line);
        CAPTURE(seed);
        REQUIRE(world.violations() == std::vector<std::string>{});
    }
}

TEST_CASE("the same seed gives the same life", "[sim][supervisor]") {
    FakeWorld first{shop_through_the_week(), 7};
    FakeWorld second{shop_through_the_week(), 7};
    first.live(30);
    second.live(30);
    CHECK(first.trace() == second.trace());
}
