#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// The program that a shell script starts: that of its last simple command that is not one of the
/// shell's own, since what comes before prepares it.
struct ShellCommand {
    std::vector<std::string> words;  ///< Empty when it can not be told without running it.
    std::string directory;           ///< Of a `cd` before it; empty: none.
};
ShellCommand find_main_command(std::string_view script);

}  // namespace devstack::core::doctor
