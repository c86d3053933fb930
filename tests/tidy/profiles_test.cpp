// What ships works: every profile in profiles/ makes a plan without a word.

#include "devstack/project/load_plan.hpp"

#include "support/catch.hpp"

#include <filesystem>

using namespace devstack;

TEST_CASE("every profile that ships is accepted without a word", "[tidy]") {
    int seen = 0;
    const std::filesystem::path folder = DEVSTACK_SOURCE_DIR "/profiles";
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        if (entry.path().extension() != ".toml") continue;
        ++seen;
        project::LoadRequest request;
        request.profile_path = entry.path();
        request.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/home/somebody"}};
        const Checked<project::LoadedPlan> loaded = project::load_plan(request);
        INFO(render_diagnostics(loaded.diagnostics));
        CHECK(loaded.diagnostics.empty());
        CHECK(loaded.value.has_value());
    }
    CHECK(seen >= 3);
}
