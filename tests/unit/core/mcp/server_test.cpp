#include "devstack/core/mcp/server.hpp"

#include "support/catch.hpp"

using namespace devstack::core::mcp;

namespace {

Outcome echo(const Call& call) {
    std::string text = call.tool;
    for (const auto& [name, values] : call.arguments) {
        text += " " + name + "=";
        for (const std::string& value : values)
            text += value + ";";
    }
    return {text, call.tool == "broken"};
}

Server make_server() {
    return Server{{"1.2.3",
                   "Ask for the status first.",
                   {{"logs",
                     "Log lines",
                     "The newest lines.",
                     {{"services", ParameterType::texts, "of these"},
                      {"lines", ParameterType::number, "so many"},
                      {"grep", ParameterType::text, "that match", true}}},
                    {"broken", "Broken", "Never works.", {}, false}},
                   echo}};
}

std::string call(const std::string& arguments, const std::string& tool = "logs") {
    return make_server().handle(
        R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":")" + tool + "\"" +
        (arguments.empty() ? "" : ",\"arguments\":" + arguments) + "}}");
}

std::string result(const std::string& text, bool is_error = false) {
    return R"({"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":")" + text +
           R"("}],"isError":)" + (is_error ? "true" : "false") + "}}";
}

}  // namespace

TEST_CASE("a client and the server agree on a revision of MCP", "[unit][mcp]") {
    const auto ask = [](const std::string& revision) {
        return make_server().handle(
            R"({"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":")" +
            revision + R"("}})");
    };
    const auto answer = [](const std::string& revision) {
        return R"({"jsonrpc":"2.0","id":"a","result":{"protocolVersion":")" + revision +
               R"(","capabilities":{"tools":{}},"serverInfo":{"name":"devstack","title":"devstack",)"
               R"("version":"1.2.3"},"instructions":"Ask for the status first."}})";
    };
    CHECK(ask("2025-06-18") == answer("2025-06-18"));
    CHECK(ask("2024-11-05") == answer("2024-11-05"));
    CHECK(ask("1999-01-01") == answer("2025-11-25"));
}

TEST_CASE("tools are told with what they take", "[unit][mcp]") {
    CHECK(make_server().handle(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})") ==
          R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"logs","title":"Log lines",)"
          R"("description":"The newest lines.","inputSchema":{"type":"object","properties":{)"
          R"("services":{"type":"array","items":{"type":"string"},"description":"of these"},)"
          R"("lines":{"type":"integer","description":"so many"},)"
          R"("grep":{"type":"string","description":"that match"}},"required":["grep"],)"
          R"("additionalProperties":false},"annotations":{"title":"Log lines","readOnlyHint":true,)"
          R"("destructiveHint":false,"idempotentHint":true,"openWorldHint":false}},)"
          R"({"name":"broken","title":"Broken","description":"Never works.","inputSchema":{)"
          R"("type":"object","properties":{},"additionalProperties":false},"annotations":{)"
          R"("title":"Broken","readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,)"
          R"("openWorldHint":false}}]}})");
}

TEST_CASE("a tool is called with what it takes, or told why not", "[unit][mcp]") {
    CHECK(call(R"({"services":["a","b"],"lines":5,"grep":"x"})") ==
          result("logs grep=x; lines=5; services=a;b;"));
    CHECK(call("{}", "broken") == result("broken", true));
    CHECK(call("", "broken") == result("broken", true));
    CHECK(call("{}") == result("argument grep is missing", true));
    CHECK(call(R"({"grep":"x","line":5})") ==
          result("argument line: logs has none of that name (did you mean `lines`?); it takes "
                 "services, lines and grep",
                 true));
    CHECK(call(R"({"grep":5})") == result("argument grep: expected a text, found 5", true));
    CHECK(call(R"({"grep":"x","lines":-5})") ==
          result("argument lines: expected a whole number, found -5", true));
    CHECK(call(R"({"grep":"x","services":"a"})") ==
          result(R"(argument services: expected a list of texts, found \"a\")", true));
    CHECK(call("[]") == result("arguments: expected an object", true));
    CHECK(call("{}", "lugs") ==
          R"({"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"Unknown tool: lugs"}})");
}

TEST_CASE("whatever comes is answered, and notifications are not", "[unit][mcp]") {
    const Server server = make_server();
    const auto error = [](const std::string& id, int code, const std::string& message) {
        return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
               R"(,"message":")" + message + "\"}}";
    };
    CHECK(server.handle(R"({"jsonrpc":"2.0","id":3,"method":"ping"})") ==
          R"({"jsonrpc":"2.0","id":3,"result":{}})");
    CHECK(server.handle(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").empty());
    CHECK(server.handle(R"({"jsonrpc":"2.0","id":3,"result":{}})").empty());
    CHECK(server.handle("") == error("null", -32700, "Parse error"));
    CHECK(server.handle("{") == error("null", -32700, "Parse error"));
    CHECK(server.handle("[]") == error("null", -32600, "Invalid request: not one of JSON-RPC 2.0"));
    CHECK(server.handle(R"({"jsonrpc":"2.0","id":3})") ==
          error("null", -32600, "Invalid request: it has no method"));
    CHECK(server.handle(R"({"jsonrpc":"2.0","id":[],"method":"ping"})") ==
          error("null", -32600, "Invalid request: its id is no text and no number"));
    CHECK(server.handle(R"({"jsonrpc":"2.0","id":3,"method":"resources/list"})") ==
          error("3", -32601, "Method not found: resources/list"));
    CHECK(server.handle(R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":[1]})") ==
          error("3", -32602, "Invalid params: not an object"));
    CHECK(server.handle(R"({"jsonrpc":"2.0","id":3,"method":"tools/call"})") ==
          error("3", -32602, "Unknown tool: "));
}
