#pragma once

#include "devstack/core/mcp/server.hpp"

#include "cli/commands.hpp"

namespace devstack::cli {

// What the tools of `devstack mcp` say, one function each.
core::mcp::Outcome answer_status(const Common& common, const core::mcp::Call& call);
core::mcp::Outcome answer_why(const Common& common, const core::mcp::Call& call);
core::mcp::Outcome answer_doctor(const Common& common, const core::mcp::Call& call);
core::mcp::Outcome answer_logs(const Common& common, const core::mcp::Call& call);
core::mcp::Outcome answer_events(const Common& common, const core::mcp::Call& call);
core::mcp::Outcome answer_crashes(const Common& common, const core::mcp::Call& call);
core::mcp::Outcome answer_ports(const Common& common, const core::mcp::Call& call);
core::mcp::Outcome answer_check(const Common& common, const core::mcp::Call& call);
/// start, stop and restart: the tool's name is the command.
core::mcp::Outcome answer_change(const Common& common, const core::mcp::Call& call);

}  // namespace devstack::cli
