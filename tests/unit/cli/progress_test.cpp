#include "cli/progress.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;

TEST_CASE("nothing is ready where everything was stopped", "[unit][cli]") {
    core::api::StateMessage state;
    CHECK_FALSE(is_all_stopped(state));
    core::api::ServiceState task;
    task.kind = "task";
    state.services.push_back(task);
    CHECK_FALSE(is_all_stopped(state));  // Tasks are not started by `up`.
    core::api::ServiceState api;
    api.kind = "service";
    api.phase = "stopping";
    state.services.push_back(api);
    CHECK(is_all_stopped(state));
    state.services.back().is_wanted = true;
    CHECK_FALSE(is_all_stopped(state));
    state.services.back().is_wanted = false;
    state.services.back().awaits_connection = true;
    CHECK_FALSE(is_all_stopped(state));
}
