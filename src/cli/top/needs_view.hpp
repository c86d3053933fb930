#pragma once

#include "devstack/core/api/messages.hpp"

#include <string>

namespace devstack::cli {

/// Who needs whom, as a tree: what nobody needs stands at the left, and below it what it needs. A
/// branch that has been shown already is not shown again. With SGR sequences.
std::string render_needs_tree(const core::api::StateMessage& state);

}  // namespace devstack::cli
