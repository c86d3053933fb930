#include "schema/validator.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// Whole profiles: those that ship, those in the documentation, and those of the golden tests, which
// are mostly wrong.

using namespace devstack::test;

namespace {

namespace fs = std::filesystem;
const fs::path source{DEVSTACK_SOURCE_DIR};

std::string read_text(const fs::path& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

std::vector<fs::path> profiles_in(const fs::path& directory) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator{directory}) {
        if (entry.path().extension() == ".toml") found.push_back(entry.path());
    }
    return found;
}

/// As in the test of the documentation: "toml service" holds keys of one service.
std::vector<std::string> examples_in(const fs::path& page) {
    std::vector<std::string> examples;
    std::ifstream stream{page};
    bool is_inside = false;
    for (std::string line; std::getline(stream, line);) {
        if (line == "```toml" || line == "```toml service") {
            examples.emplace_back(line == "```toml" ? "" : "[service.example]\n");
            is_inside = true;
        } else if (line == "```") {
            is_inside = false;
        } else if (is_inside) {
            examples.back() += line + "\n";
        }
    }
    return examples;
}

}  // namespace

TEST_CASE("the schema accepts what ships and what is documented", "[integration][schema]") {
    std::vector<std::string> profiles = examples_in(source / "docs/profile.md");
    CHECK(profiles.size() >= 10);
    for (const fs::path& path : profiles_in(source / "profiles"))
        profiles.push_back(read_text(path));
    CHECK(ask_schema(profiles) == std::vector<std::string>(profiles.size(), "accepted"));
}

TEST_CASE("the schema refuses what is wrong in its form", "[integration][schema]") {
    std::vector<fs::path> paths;
    std::vector<std::string> profiles;
    for (const fs::path& path : profiles_in(source / "tests/golden/check")) {
        if (path.filename().string().starts_with("syntax_")) continue;  // Not even TOML.
        paths.push_back(path);
        profiles.push_back(read_text(path));
    }
    const std::vector<std::string> verdicts = ask_schema(profiles);
    std::size_t refused = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        fs::path told = paths[i];
        const std::string reader = read_text(told.replace_extension(".txt"));
        INFO(paths[i].filename().string() << ": " << verdicts[i]);
        if (is_matter_of_form(codes_in(reader))) {
            CHECK(verdicts[i] != "accepted");
            ++refused;
        }
        if (reader.starts_with("good: ")) CHECK(verdicts[i] == "accepted");
    }
    CHECK(refused >= 6);
}

TEST_CASE("what the schema says of a mistake can be understood", "[integration][schema]") {
    CHECK(ask_schema({"[service.web]\ncomand = \"x\"\ncommand = \"x\"\n",
                      "[service.web]\ncommand = \"x\"\nport = 70000\n",
                      "[service.web]\nport = 80\n",
                      "[task.seed]\ncommand = \"x\"\nready = { tcp = 80 }\n",
                      "[service.web]\ncommand = \"x\"\ndepends_on = { db = \"readdy\" }\n",
                      "[service.web]\ncommand = \"x\"\nx-owner = \"chi\"\n"}) ==
          std::vector<std::string>{
              "service/web: 'comand' does not match any of the regexes: '^x-'",
              "service/web/port: 70000 is greater than the maximum of 65535",
              "service/web: 'command' is a required property",
              "task/seed: 'ready' does not match any of the regexes: '^x-'",
              "service/web/depends_on/db: 'readdy' is not one of ['started', 'ready', "
              "'completed']",
              "accepted"});
}
