#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The server's side of the Model Context Protocol (modelcontextprotocol.io, revisions 2024-11-05 to
// 2025-11-25), as far as a server needs it that offers tools and nothing else: text to text.
namespace devstack::core::mcp {

enum class ParameterType { text, texts, number };

struct Parameter {
    std::string name;
    ParameterType type = ParameterType::text;
    std::string description;
    bool is_required = false;
};

struct Tool {
    std::string name;
    std::string title;
    std::string description;  ///< For who decides whether to call it.
    std::vector<Parameter> parameters;
    bool is_read_only = true;
};

/// A call whose arguments are of the types that the tool has declared.
struct Call {
    std::string tool;
    /// Numbers are in decimal digits. One entry unless the parameter is a list.
    std::map<std::string, std::vector<std::string>> arguments;

    std::optional<std::string> find(const std::string& name) const;
    std::vector<std::string> list(const std::string& name) const;
};

struct Outcome {
    std::string text;
    bool is_error = false;  ///< The text says what went wrong, and what to do.
};

class Server {
public:
    struct Setting {
        std::string version;       ///< Of devstack.
        std::string instructions;  ///< How to use the tools.
        std::vector<Tool> tools;
        std::function<Outcome(const Call&)> call;
    };

    explicit Server(Setting setting) : setting_{std::move(setting)} {}

    /// The reply to one line of JSON-RPC 2.0, without a line end; empty when none is due. Calls
    /// `call` in between. Whatever comes is answered.
    std::string handle(std::string_view line) const;

private:
    Setting setting_;
};

}  // namespace devstack::core::mcp
