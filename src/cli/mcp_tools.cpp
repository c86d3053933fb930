#include "cli/mcp_tools.hpp"

#include "cli/mcp_answers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace devstack::cli {

namespace {

using core::mcp::Outcome;
using core::mcp::Parameter;
using core::mcp::ParameterType;
using core::mcp::Tool;

struct Row {
    Tool tool;
    Outcome (*answer)(const Common& common, const core::mcp::Call& call);
};

const Parameter some_services{
    "services", ParameterType::texts, "Names of services; without it, all of the project."};
const Parameter one_service{"service", ParameterType::text, "Name of the service or task.", true};
const Parameter chosen_services{
    "services", ParameterType::texts, "Names of the services or tasks.", true};

std::vector<Row> rows_that_look() {
    return {
        {{"status",
          "State of the services",
          "The state of all services as JSON: phase, reason (why), pid, ports, health, restarts, "
          "needs, last exit. Begin here.",
          {some_services}},
         answer_status},
        {{"why",
          "Why a service is as it is",
          "One sentence that says why a service is in its phase, its facts, its last events and "
          "the last lines of its log.",
          {one_service}},
         answer_why},
        {{"doctor",
          "Root cause of what is wrong",
          "Looks at the machine and the project, and names the root cause of what is wrong with "
          "evidence and the command that fixes it. Takes up to two seconds.",
          {{"service", ParameterType::text, "Only what concerns this service."}}},
         answer_doctor},
        {{"logs",
          "Log lines",
          "The newest lines that services have written, oldest first.",
          {some_services,
           {"lines", ParameterType::number, "How many at most, up to 1000; 100 without it."},
           {"grep", ParameterType::text, "Only lines that match this regular expression."},
           {"since", ParameterType::text, "Only from then on: 10m (ago), 12:00, RFC 3339."},
           {"stream", ParameterType::text, "Only stdout or stderr."}}},
         answer_logs},
        {{"events",
          "What has happened",
          "The newest changes of phase and notices, each with its reason, oldest first.",
          {some_services,
           {"count", ParameterType::number, "How many at most, up to 1000; 50 without it."}}},
         answer_events},
        {{"crashes",
          "Unplanned ends",
          "Records of services that ended when they should not have, newest first: exit status, "
          "what came of it, probe answers, last lines.",
          {some_services,
           {"count", ParameterType::number, "How many at most, up to 20; 3 without it."}}},
         answer_crashes},
        {{"ports",
          "Who listens on which port",
          "Listening TCP ports of this host as JSON, each with its process and, if it is one of "
          "the project, its service.",
          {{"port", ParameterType::number, "Only this one."}}},
         answer_ports},
        {{"check",
          "Check a profile",
          "Reads a profile as `devstack up` would, and tells all mistakes in it with their places.",
          {{"profile", ParameterType::text, "A path or a name; without it, the one here."}}},
         answer_check},
    };
}

std::vector<Row> rows_that_act() {
    constexpr bool is_read_only = false;
    return {
        {{"start",
          "Start services",
          "Starts services and what they need, and waits up to 30 seconds until they are ready.",
          {chosen_services},
          is_read_only},
         answer_change},
        {{"stop",
          "Stop services",
          "Stops services, and first what needs them, and waits up to 30 seconds for that.",
          {chosen_services},
          is_read_only},
         answer_change},
        {{"restart",
          "Restart services",
          "Restarts services and waits up to 30 seconds until they are ready again.",
          {chosen_services},
          is_read_only},
         answer_change},
    };
}

std::vector<Row> all_rows() {
    std::vector<Row> rows = rows_that_look();
    std::ranges::move(rows_that_act(), std::back_inserter(rows));
    return rows;
}

}  // namespace

std::vector<Tool> mcp_tools(bool may_act) {
    std::vector<Tool> tools;
    for (Row& row : may_act ? all_rows() : rows_that_look())
        tools.push_back(std::move(row.tool));
    return tools;
}

Outcome call_mcp_tool(const Common& common, const core::mcp::Call& call) {
    for (const Row& row : all_rows()) {
        if (row.tool.name == call.tool) return row.answer(common, call);
    }
    return {"there is no tool " + call.tool, true};
}

}  // namespace devstack::cli
