#pragma once

#include <string>
#include <vector>

namespace devstack::core {

/// What to execute. An array in a profile is executed as it stands; a string goes through
/// `/bin/sh -c`.
struct CommandLine {
    std::vector<std::string> argv;  ///< Never empty in a plan.

    static CommandLine shell(std::string script) { return {{"/bin/sh", "-c", std::move(script)}}; }
    bool is_shell() const { return argv.size() == 3 && argv[0] == "/bin/sh" && argv[1] == "-c"; }
    /// As a person would type it: the script of a shell command, else the quoted words.
    std::string text() const;

    bool operator==(const CommandLine&) const = default;
};

}  // namespace devstack::core
