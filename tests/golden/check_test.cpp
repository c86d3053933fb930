#include "devstack/project/load_plan.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

// What `devstack check` says, whole: check/NAME.toml must give check/NAME.txt. Run with
// DEVSTACK_UPDATE_GOLDEN=1 to write what it says now, and review the difference like code.

using namespace devstack;

namespace {

const std::string directory = std::string{DEVSTACK_SOURCE_DIR} + "/tests/golden/check";

std::string read_text(const std::filesystem::path& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

std::set<std::filesystem::path> find_profiles() {
    std::set<std::filesystem::path> profiles;
    for (const auto& entry : std::filesystem::directory_iterator{directory}) {
        if (entry.path().extension() == ".toml") profiles.insert(entry.path());
    }
    return profiles;
}

std::string check(const std::string& path) {
    project::LoadRequest request;
    request.profile_path = path;
    request.shown_relative_to = directory;
    request.environment = {{"HOME", "/home/chi"}, {"PATH", "/usr/bin"}, {"EMPTY", ""}};
    const auto loaded = project::load_plan(request);
    const std::string text = render_diagnostics(loaded.diagnostics);
    return loaded.value ? text + "good: " + loaded.value->plan.project + "\n" : text;
}

}  // namespace

TEST_CASE("mistakes in profiles are told as they always were", "[golden]") {
    for (const std::filesystem::path& profile : find_profiles()) {
        const std::string said = check(profile.string());
        std::filesystem::path expected = profile;
        expected.replace_extension(".txt");
        if (std::getenv("DEVSTACK_UPDATE_GOLDEN") != nullptr) {
            std::ofstream{expected, std::ios::binary} << said;
        }
        INFO(profile.filename().string());
        CHECK(said == read_text(expected));
    }
}
