#include "devstack/core/doctor/facts_json.hpp"

#include "cli/doctor_view.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

// What `devstack doctor --from` says of facts that were recorded on real stacks with real faults,
// whole: doctor/NAME.json must give doctor/NAME.txt. Run with DEVSTACK_UPDATE_GOLDEN=1 to write
// what it says now, and review the difference like code.

using namespace devstack;

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

std::set<fs::path> find_facts() {
    std::set<fs::path> found;
    for (const auto& entry : fs::directory_iterator{DEVSTACK_SOURCE_DIR "/tests/golden/doctor"}) {
        if (entry.path().extension() == ".json") found.insert(entry.path());
    }
    return found;
}

}  // namespace

TEST_CASE("recorded faults are diagnosed as they always were", "[golden]") {
    for (const fs::path& path : find_facts()) {
        INFO(path.filename().string());
        const auto facts = core::doctor::parse_facts(read_text(path));
        REQUIRE(facts);
        const std::string said =
            cli::render_diagnosis(core::doctor::diagnose(*facts), cli::Terminal{});
        fs::path expected = path;
        expected.replace_extension(".txt");
        if (std::getenv("DEVSTACK_UPDATE_GOLDEN") != nullptr) {
            std::ofstream{expected, std::ios::binary} << said;
        }
        CHECK(said == read_text(expected));
    }
}

TEST_CASE("recorded healthy stacks have nothing wrong", "[golden]") {
    int seen = 0;
    for (const fs::path& path : find_facts()) {
        if (!path.filename().string().starts_with("healthy")) continue;
        ++seen;
        const auto facts = core::doctor::parse_facts(read_text(path));
        REQUIRE(facts);
        INFO(path.filename().string());
        CHECK(core::doctor::diagnose(*facts).is_healthy());
    }
    CHECK(seen >= 5);
}
