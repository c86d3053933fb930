#pragma once

#include "cli/option_set.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

/// A command line that is still being typed, taken apart as far as it goes.
struct TypedWords {
    std::string command;               ///< Empty: it comes next.
    std::vector<std::string> words;    ///< After the command, without options and their values.
    std::vector<std::string> options;  ///< Names of those that were given.
    bool may_be_option = true;         ///< False after `--`.
    std::string directory;             ///< Of -C; empty without.
    std::string project;               ///< Of --project; empty without.
    /// Whose value comes next: "DIR", as in the help; empty if none is due.
    std::string awaited_value;
    std::string current;  ///< What there is of the word under the cursor.
    /// What of it stands before `current` and has to be repeated: "--project=".
    std::string prefix;
};

/// The last of `typed` is the word under the cursor. Of `--name=value` bash makes three words; that
/// is understood.
TypedWords take_apart(std::vector<std::string> typed);

/// What may be typed after this command, with what holds for all; the latter alone for "".
std::vector<OptionView> options_of(const std::string& command);

}  // namespace devstack::cli
