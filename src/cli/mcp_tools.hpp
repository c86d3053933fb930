#pragma once

#include "devstack/core/mcp/server.hpp"

#include "cli/commands.hpp"

#include <vector>

namespace devstack::cli {

/// What an assistant may do: look at everything; start, stop and restart only if it may act.
std::vector<core::mcp::Tool> mcp_tools(bool may_act);

/// Carries out a call of one of these tools. The project is looked for at each call: it may have
/// been brought up, or its daemon been started again, since the last one.
core::mcp::Outcome call_mcp_tool(const Common& common, const core::mcp::Call& call);

}  // namespace devstack::cli
