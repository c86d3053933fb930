#include "devstack/version.hpp"

#include "cli/commands.hpp"
#include "cli/mcp_tools.hpp"

#include <iostream>
#include <string>

namespace devstack::cli {

namespace {

constexpr const char* how_to_look =
    "devstack runs and watches the services of a development or production stack. Begin with "
    "`status`; for a service that is not ready ask `why`, then `doctor` for the root cause, and "
    "`logs` or `crashes` for what it said last. ";
constexpr const char* look_only =
    "These tools only look. To let an assistant start, stop and restart services, its user has to "
    "run `devstack mcp --allow-actions`.";
constexpr const char* may_act =
    "`start`, `stop` and `restart` act on real services: stopping one stops first what needs it.";

}  // namespace

/// Standard output belongs to the protocol: a line in, a line out, until the input ends.
int run_mcp(const Common& common, const McpOptions& options) {
    const core::mcp::Server server{
        {std::string{version},
         std::string{how_to_look} + (options.allow_actions ? may_act : look_only),
         mcp_tools(options.allow_actions),
         [&common](const core::mcp::Call& call) { return call_mcp_tool(common, call); }}};
    for (std::string line; std::getline(std::cin, line);) {
        const std::string reply = server.handle(line);
        if (!reply.empty() && !print(reply + "\n")) return exit_failed;
    }
    return exit_done;
}

}  // namespace devstack::cli
