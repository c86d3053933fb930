#pragma once

#include "cli/commands.hpp"
#include "cli/option_set.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

// The commands as data: the command line is taken apart, explained and completed by it.
namespace devstack::cli {

using Runner = std::function<int(const Common&)>;

struct Command {
    const char* name;
    /// Declares what may be typed after it; the runner is to be called when that has been parsed.
    Runner (*add)(OptionSet& set);
};

std::span<const Command> all_commands();
/// Null when there is no such command.
const Command* find_command(std::string_view name);

/// The options that every command has.
struct CommonArguments {
    std::string directory;
    std::string project;
    bool with_colour = false;
    bool without_colour = false;
};
void add_common(OptionSet& set, CommonArguments& arguments, bool& wants_help);

}  // namespace devstack::cli
