#pragma once

#include "cli/option_set.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::cli {

/// What a command's --help says besides its options.
struct Manual {
    std::string_view command;
    std::string_view summary;   ///< One line, for the list of commands.
    std::string_view synopsis;  ///< What follows "devstack COMMAND"; one form a line.
    std::string_view description;
    /// Pairs of lines: what to type, and what it does.
    std::string_view examples;
    std::string_view exit_status;
};

/// In the order in which they are listed: by how often they are wanted.
std::span<const Manual> manuals();

/// Null when there is no such command.
const Manual* find_manual(std::string_view command);

/// Like a page of man(1): NAME, SYNOPSIS, DESCRIPTION, OPTIONS, EXAMPLES, EXIT STATUS.
std::string render_manual(const Manual& manual,
                          const std::vector<HelpLine>& options,
                          const std::vector<HelpLine>& common_options);

/// What `devstack` alone says.
std::string render_overview(const std::vector<HelpLine>& common_options);

}  // namespace devstack::cli
