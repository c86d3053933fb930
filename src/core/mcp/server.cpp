#include "devstack/core/mcp/server.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

namespace devstack::core::mcp {

using Json = nlohmann::ordered_json;

namespace {

/// Newest first: what is offered to a client that wants something else.
constexpr std::array<std::string_view, 4> revisions = {
    "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

// JSON-RPC 2.0, section 5.1.
constexpr int parse_error = -32700;
constexpr int invalid_request = -32600;
constexpr int method_not_found = -32601;
constexpr int invalid_params = -32602;

std::string render(const Json& message) {
    return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string reply(const Json& id, Json result) {
    return render({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
}

std::string refuse(const Json& id, int code, const std::string& message) {
    return render(
        {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}});
}

/// The text at `name`; empty when it is something else or not there.
std::string text_at(const Json& object, const char* name) {
    if (!object.is_object()) return "";
    const auto it = object.find(name);
    return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

Json schema_of(const Parameter& parameter) {
    Json schema;
    if (parameter.type == ParameterType::texts) {
        schema = {{"type", "array"}, {"items", {{"type", "string"}}}};
    } else {
        schema = {{"type", parameter.type == ParameterType::number ? "integer" : "string"}};
    }
    schema["description"] = parameter.description;
    return schema;
}

Json describe(const Tool& tool) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const Parameter& parameter : tool.parameters) {
        properties[parameter.name] = schema_of(parameter);
        if (parameter.is_required) required.push_back(parameter.name);
    }
    Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) schema["required"] = std::move(required);
    schema["additionalProperties"] = false;
    return {{"name", tool.name},
            {"title", tool.title},
            {"description", tool.description},
            {"inputSchema", std::move(schema)},
            {"annotations",
             {{"title", tool.title},
              {"readOnlyHint", tool.is_read_only},
              {"destructiveHint", !tool.is_read_only},
              {"idempotentHint", tool.is_read_only},
              {"openWorldHint", false}}}};
}

Json describe_all(const std::vector<Tool>& tools) {
    Json list = Json::array();
    for (const Tool& tool : tools)
        list.push_back(describe(tool));
    return {{"tools", std::move(list)}};
}

/// Empty when the value is not of the type.
std::optional<std::vector<std::string>> take(const Json& value, ParameterType type) {
    if (type == ParameterType::number) {
        if (!value.is_number_unsigned()) return std::nullopt;
        return std::vector{std::to_string(value.get<std::uint64_t>())};
    }
    if (type == ParameterType::text) {
        if (!value.is_string()) return std::nullopt;
        return std::vector{value.get<std::string>()};
    }
    if (!value.is_array()) return std::nullopt;
    std::vector<std::string> texts;
    for (const Json& element : value) {
        if (!element.is_string()) return std::nullopt;
        texts.push_back(element.get<std::string>());
    }
    return texts;
}

std::string_view words_for(ParameterType type) {
    switch (type) {
        case ParameterType::text: return "a text";
        case ParameterType::texts: return "a list of texts";
        case ParameterType::number: return "a whole number";
    }
    return "";
}

std::vector<std::string> names_of(const std::vector<Parameter>& parameters) {
    std::vector<std::string> names;
    for (const Parameter& parameter : parameters)
        names.push_back(parameter.name);
    return names;
}

/// Puts the arguments into `call`. Returns what is wrong with them, as a sentence; empty if nothing
/// is.
std::string take_arguments(const Json& arguments, const Tool& tool, Call& call) {
    if (!arguments.is_null() && !arguments.is_object()) return "arguments: expected an object";
    for (const auto& [name, value] : arguments.items()) {
        const auto parameter = std::ranges::find(tool.parameters, name, &Parameter::name);
        if (parameter == tool.parameters.end()) {
            const std::vector<std::string> known = names_of(tool.parameters);
            return "argument " + name + ": " + tool.name + " has none of that name" +
                   did_you_mean(name, known) +
                   (known.empty() ? "" : "; it takes " + join_for_people(known));
        }
        auto taken = take(value, parameter->type);
        if (!taken) {
            return "argument " + name + ": expected " + std::string{words_for(parameter->type)} +
                   ", found " + render(value).substr(0, 40);
        }
        call.arguments[name] = std::move(*taken);
    }
    for (const Parameter& parameter : tool.parameters) {
        const bool is_there = !call.list(parameter.name).empty();
        if (parameter.is_required && !is_there) return "argument " + parameter.name + " is missing";
    }
    return "";
}

Json make_result(const Outcome& outcome) {
    return {{"content", Json::array({{{"type", "text"}, {"text", outcome.text}}})},
            {"isError", outcome.is_error}};
}

}  // namespace

std::optional<std::string> Call::find(const std::string& name) const {
    const auto it = arguments.find(name);
    if (it == arguments.end() || it->second.empty()) return std::nullopt;
    return it->second.front();
}

std::vector<std::string> Call::list(const std::string& name) const {
    const auto it = arguments.find(name);
    return it == arguments.end() ? std::vector<std::string>{} : it->second;
}

namespace {

Json initialize(const Server::Setting& setting, const Json& params) {
    const std::string wished = text_at(params, "protocolVersion");
    const bool is_known = std::ranges::find(revisions, wished) != revisions.end();
    return {
        {"protocolVersion", is_known ? wished : std::string{revisions.front()}},
        {"capabilities", {{"tools", Json::object()}}},
        {"serverInfo", {{"name", "devstack"}, {"title", "devstack"}, {"version", setting.version}}},
        {"instructions", setting.instructions}};
}

std::string call_tool(const Server::Setting& setting, const Json& id, const Json& params) {
    const std::string name = text_at(params, "name");
    const auto tool = std::ranges::find(setting.tools, name, &Tool::name);
    if (tool == setting.tools.end()) return refuse(id, invalid_params, "Unknown tool: " + name);
    Call call{name, {}};
    const auto arguments = params.find("arguments");
    const Json given = arguments == params.end() ? Json{} : *arguments;
    // Whoever has called it can mend that: an answer of the tool, not of the protocol.
    const std::string problem = take_arguments(given, *tool, call);
    if (!problem.empty()) return reply(id, make_result({problem, true}));
    return reply(id, make_result(setting.call(call)));
}

}  // namespace

std::string Server::handle(std::string_view line) const {
    const Json message = Json::parse(line, nullptr, false);
    if (message.is_discarded()) return refuse(nullptr, parse_error, "Parse error");
    if (!message.is_object() || text_at(message, "jsonrpc") != "2.0") {
        return refuse(nullptr, invalid_request, "Invalid request: not one of JSON-RPC 2.0");
    }
    const std::string method = text_at(message, "method");
    const auto found = message.find("id");
    if (method.empty()) {
        // A reply to what we have never asked; else something that is nothing.
        if (message.contains("result") || message.contains("error")) return "";
        return refuse(nullptr, invalid_request, "Invalid request: it has no method");
    }
    if (found == message.end()) return "";  // A notification.
    const Json& id = *found;
    if (!id.is_string() && !id.is_number_integer()) {
        return refuse(nullptr, invalid_request, "Invalid request: its id is no text and no number");
    }
    const auto given = message.find("params");
    const Json params = given == message.end() ? Json::object() : *given;
    if (!params.is_object()) return refuse(id, invalid_params, "Invalid params: not an object");
    if (method == "initialize") return reply(id, initialize(setting_, params));
    if (method == "ping") return reply(id, Json::object());
    if (method == "tools/list") return reply(id, describe_all(setting_.tools));
    if (method == "tools/call") return call_tool(setting_, id, params);
    return refuse(id, method_not_found, "Method not found: " + method);
}

}  // namespace devstack::core::mcp
