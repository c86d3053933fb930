// Who may know whom, and who may touch the system: docs/architecture.md as a program.

#include "support/catch.hpp"
#include "tidy/source_files.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>

using devstack::test::source_files;
using devstack::test::SourceFile;

namespace {

/// Layer -> layers whose headers it may include. A layer may name only layers that stand above it
/// in this list, which is what keeps the arrows one-way.
const std::vector<std::pair<std::string, std::set<std::string>>> layers = {
    {"base", {}},
    {"core", {"base"}},
    {"platform", {"base"}},
    {"keeper", {"base", "platform"}},
    {"project", {"base", "core", "platform"}},
    {"client", {"base", "core", "platform"}},
    {"dashboard", {"base"}},
    {"daemon", {"base", "core", "platform", "project", "dashboard"}},
    {"diagnosis", {"base", "core", "platform", "project", "client"}},
    {"cli", {"base", "core", "platform", "keeper", "project", "client", "daemon", "diagnosis"}},
};

/// Files of `cli` that may name the processes they start, or look at /proc as those do.
const std::set<std::string> may_start_processes = {
    "up.cpp", "process_modes.cpp", "ports.cpp", "usage_watch.cpp", "reach_daemon.cpp"};

/// Calls that only platform and keeper may make: everywhere else they would hide an effect.
const std::regex effect{
    R"(\b(fork|vfork|posix_spawn|execve|execvp|waitid|waitpid|wait4|getenv|setenv|usleep|sleep_for)\s*\(|)"
    R"([^_\w.]kill\s*\(|_clock::now\s*\()"};

/// Includes that a layer must not have, beyond those of other layers.
const std::map<std::string, std::regex> forbidden = {
    {"base", std::regex{R"(<(boost|spdlog|nlohmann|toml|sys/|unistd|fcntl)[/.>+])"}},
    {"core", std::regex{R"(<(boost|spdlog|thread|filesystem|fstream|sys/|unistd|fcntl)[/.>])"}},
    {"platform", std::regex{R"(<(boost|spdlog|nlohmann|toml)[/.>+])"}},
    {"keeper", std::regex{R"(<(boost|spdlog|nlohmann|toml|iostream|openssl)[/.>+])"}},
    {"client", std::regex{R"(<spdlog)"}},
};

std::string code_of(const std::string& line) {
    return line.substr(0, line.find("//"));
}

}  // namespace

TEST_CASE("layers include only what stands below them", "[tidy]") {
    const std::regex include{R"re(#include "(?:devstack/)?(?!devstack/)(\w+)/)re"};
    std::map<std::string, std::set<std::string>> allowed;
    for (const auto& [layer, below] : layers) {
        for (const std::string& name : below)
            CHECK(allowed.contains(name));
        allowed[layer] = below;
    }
    for (const SourceFile& file : source_files({"include/devstack", "src"})) {
        if (!allowed.contains(file.layer)) {
            FAIL(file.path << ": layer " << file.layer << " is not in the table");
        }
        const bool names_processes =
            file.layer != "cli" || may_start_processes.contains(file.path.filename().string());
        for (const std::string& line : file.lines) {
            std::smatch found;
            if (!std::regex_search(line, found, include) || found[1] == file.layer) continue;
            const std::string other = found[1].str();
            INFO(file.path << ": " << line);
            CHECK(allowed[file.layer].contains(other));
            if (!names_processes) CHECK((other != "keeper" && other != "daemon"));
        }
    }
}

TEST_CASE("only platform and keeper touch processes, clocks and the environment", "[tidy]") {
    for (const SourceFile& file : source_files({"include/devstack", "src"})) {
        if (file.layer == "platform" || file.layer == "keeper") continue;
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            if (!std::regex_search(code_of(file.lines[i]), effect)) continue;
            FAIL_CHECK(file.path << ":" << i + 1 << ": " << file.lines[i]);
        }
    }
}

TEST_CASE("layers keep away from libraries that are not theirs", "[tidy]") {
    for (const SourceFile& file : source_files({"include/devstack", "src"})) {
        const auto rule = forbidden.find(file.layer);
        if (rule == forbidden.end()) continue;
        // The two places where text becomes values: TOML, and the wire.
        const bool is_reader =
            file.path.filename() == "toml_reader.cpp" || file.path.filename() == "json_reader.cpp";
        if (is_reader) continue;
        for (const std::string& line : file.lines) {
            const bool is_include = line.starts_with("#include");
            if (!is_include || !std::regex_search(line, rule->second)) continue;
            FAIL_CHECK(file.path << ": " << line);
        }
    }
}

TEST_CASE("nobody throws", "[tidy]") {
    const std::regex throws{R"(\bthrow\b)"};
    for (const SourceFile& file : source_files({"include/devstack", "src"})) {
        for (const std::string& line : file.lines) {
            if (std::regex_search(code_of(line), throws)) FAIL_CHECK(file.path << ": " << line);
        }
    }
}

TEST_CASE("tests wait for events and never sleep", "[tidy]") {
    const std::regex sleeps{R"(\b(sleep_for|usleep|nanosleep|sleep)\s*\()"};
    for (const SourceFile& file : source_files({"tests"})) {
        if (file.path.filename() == "layers_test.cpp") continue;
        if (file.path.filename() == "testchild.cpp") continue;  // It plays programs that do.
        for (const std::string& line : file.lines) {
            if (std::regex_search(code_of(line), sleeps)) FAIL_CHECK(file.path << ": " << line);
        }
    }
}
