#include "devstack/core/plan/make_plan.hpp"

#include "support/accounts.hpp"
#include "support/catch.hpp"

#include <fstream>
#include <string>
#include <vector>

// Every block of TOML in docs/profile.md is a profile that works. A block that is marked "toml
// service" holds keys of one service.

using namespace devstack;

namespace {

struct Block {
    int line = 0;
    std::string text;
};

std::vector<Block> read_blocks(const std::string& path) {
    std::vector<Block> blocks;
    std::ifstream stream{path};
    std::string line;
    bool is_inside = false;
    for (int number = 1; std::getline(stream, line); ++number) {
        if (line == "```toml" || line == "```toml service") {
            const bool is_whole = line == "```toml";
            blocks.push_back({number, is_whole ? "" : "[service.example]\n"});
            is_inside = true;
        } else if (line == "```") {
            is_inside = false;
        } else if (is_inside) {
            blocks.back().text += line + "\n";
        }
    }
    return blocks;
}

std::string mistakes_of(const std::string& text) {
    core::ReadProfile read = core::read_profile("devstack.toml", text);
    core::Surroundings surroundings{
        "/home/chi/shop", {{"PATH", "/bin"}}, {}, test::accounts_of_root()};
    while (true) {
        const auto strangers = core::find_missing_accounts(read.profile, surroundings);
        test::add_missing(strangers, surroundings.accounts);
        const auto missing = core::find_missing_env_files(read.profile, surroundings);
        if (missing.empty() && strangers.is_empty()) break;
        for (const std::string& path : missing) {
            surroundings.env_files.emplace(
                path, core::EnvFile{path, "DATABASE_URL=x\nJWT_SECRET=y\n", ""});
        }
    }
    const Checked<core::Plan> plan = core::make_plan(read.profile, surroundings);
    return render_diagnostics(read.diagnostics) + render_diagnostics(plan.diagnostics);
}

}  // namespace

TEST_CASE("every example in the documentation of the profile works", "[unit][profile]") {
    const auto blocks = read_blocks(std::string{DEVSTACK_SOURCE_DIR} + "/docs/profile.md");
    CHECK(blocks.size() >= 10);
    for (const Block& block : blocks) {
        INFO("docs/profile.md:" << block.line);
        CHECK(mistakes_of(block.text).empty());
    }
}
