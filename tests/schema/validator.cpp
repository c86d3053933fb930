#include "schema/validator.hpp"

#include "devstack/core/profile/schema.hpp"

#include "support/catch.hpp"
#include "support/run_command.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace devstack::test {

namespace fs = std::filesystem;

std::vector<std::string> ask_schema(const std::vector<std::string>& profiles) {
    const fs::path directory =
        fs::temp_directory_path() / ("devstack-schema-" + std::to_string(::getpid()));
    fs::create_directories(directory);
    std::ofstream{directory / "schema.json"} << core::profile_schema();
    {
        std::ofstream file{directory / "profiles.jsonl"};
        for (const std::string& profile : profiles)
            file << nlohmann::json(profile) << '\n';
    }
    // Debian's own, which has Debian's python3-jsonschema, whatever else is in PATH.
    const CommandResult result =
        run_command({{"/usr/bin/python3", DEVSTACK_VALIDATOR, "schema.json", "profiles.jsonl"},
                     directory.string(),
                     {}});
    fs::remove_all(directory);
    INFO(result.error);
    REQUIRE(result.code == 0);
    std::vector<std::string> verdicts;
    std::istringstream lines{result.output};
    for (std::string line; std::getline(lines, line);)
        verdicts.push_back(line);
    REQUIRE(verdicts.size() == profiles.size());
    return verdicts;
}

std::set<std::string> codes_in(const std::string& diagnostics) {
    static const std::regex code{R"( \[([a-z-]+)\](\n|$))"};
    std::set<std::string> codes;
    for (std::sregex_iterator it{diagnostics.begin(), diagnostics.end(), code}, end; it != end;
         ++it)
        codes.insert((*it)[1].str());
    return codes;
}

bool is_matter_of_form(const std::set<std::string>& codes) {
    static const std::set<std::string> matters = {"bad-choice",
                                                  "bad-signal",
                                                  "bad-status-set",
                                                  "empty-command",
                                                  "missing-command",
                                                  "not-for-tasks",
                                                  "not-yet-supported",
                                                  "out-of-range",
                                                  "probe-kind",
                                                  "unknown-key",
                                                  "wrong-type"};
    return std::ranges::any_of(codes,
                               [](const std::string& code) { return matters.contains(code); });
}

}  // namespace devstack::test
