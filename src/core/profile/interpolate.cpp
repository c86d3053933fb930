#include "devstack/core/profile/interpolate.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"

#include <algorithm>
#include <cctype>

namespace devstack::core {

namespace {

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// `service.my-api.port` may contain what separates a name from its default elsewhere.
bool is_reference(std::string_view text) {
    return text.starts_with("service.") || text.starts_with("ports.");
}

std::size_t name_length(std::string_view text) {
    const bool is_wide = is_reference(text);
    std::size_t length = 0;
    while (length < text.size() && (is_name_character(text[length]) ||
                                    (is_wide && (text[length] == '.' || text[length] == '-')))) {
        ++length;
    }
    return length;
}

/// Where the `}` stands that closes the `${` whose inside begins at `at`.
std::optional<std::size_t> find_close(std::string_view text, std::size_t at) {
    int depth = 1;
    for (; at < text.size(); ++at) {
        if (text[at] == '$' && at + 1 < text.size()) {
            if (text[at + 1] == '{') ++depth;
            if (text[at + 1] == '{' || text[at + 1] == '$') ++at;
        } else if (text[at] == '}' && --depth == 0) {
            return at;
        }
    }
    return std::nullopt;
}

/// As much as is shown in a message, and no character cut in half.
std::string_view beginning_of(std::string_view text) {
    constexpr std::size_t shown_max = 40;
    const auto is_inside_character = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    std::size_t size = std::min(text.size(), shown_max);
    while (size > 0 && size < text.size() && is_inside_character(size))
        --size;
    return text.substr(0, size);
}

class Interpolation {
public:
    explicit Interpolation(const VariableLookup& find_variable) : find_variable_{find_variable} {}

    std::string expand(std::string_view text, int depth) {
        std::string result;
        std::size_t at = 0;
        while (at < text.size()) {
            const auto dollar = std::min(text.find('$', at), text.size());
            result += text.substr(at, dollar - at);
            at = dollar;
            if (at < text.size()) at += expand_dollar(text.substr(at), depth, result);
            if (result.size() > limits::interpolated_size_max) {
                report_too_long();
                // What is too long already must not make what refers to it longer still.
                result.resize(limits::interpolated_size_max);
                break;
            }
        }
        return result;
    }

    std::vector<InterpolationMistake> take_mistakes() { return std::move(mistakes_); }

private:
    /// What begins with `$`; returns how much of it has been used up.
    std::size_t expand_dollar(std::string_view text, int depth, std::string& result) {
        if (text.starts_with("$$")) {
            result += '$';
            return 2;
        }
        if (!text.starts_with("${")) {
            result += '$';
            return 1;
        }
        const std::optional<std::size_t> close = find_close(text, 2);
        if (!close) {
            report("bad-interpolation", "`${` without `}`", escape_hint(), text.substr(0, 2));
            return text.size();
        }
        result += expand_expression(text.substr(2, *close - 2), depth);
        return *close + 1;
    }

    std::string expand_expression(std::string_view inside, int depth) {
        const std::size_t length = name_length(inside);
        const std::string_view name = inside.substr(0, length);
        std::string_view rest = inside.substr(length);
        if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) {
            return report_unreadable(inside);
        }
        const bool has_colon = rest.starts_with(':');
        if (has_colon) rest.remove_prefix(1);
        const char action = rest.empty() ? '\0' : rest.front();
        if (!(action == '\0' && !has_colon) && action != '-' && action != '?') {
            return report_unreadable(inside);
        }
        const VariableAnswer answer = find_variable_(name);
        const bool is_usable = answer.value && !(has_colon && answer.value->empty());
        if (is_usable) return *answer.value;
        if (action == '-') return expand_default(rest.substr(1), depth);
        return report_missing(name, answer, action == '?' ? rest.substr(1) : std::string_view{});
    }

    std::string expand_default(std::string_view text, int depth) {
        if (depth < limits::interpolation_depth_max) return expand(text, depth + 1);
        report("bad-interpolation", "too many `${…}` inside one another", "", "${");
        return "";
    }

    std::string report_unreadable(std::string_view inside) {
        const std::string_view head = beginning_of(inside);
        const std::string shown =
            "${" + std::string{head} + (head.size() < inside.size() ? "…" : "") + "}";
        report("bad-interpolation",
               "cannot read `" + shown +
                   "`: write ${NAME}, ${NAME:-default}, ${NAME-default} or ${NAME:?message}",
               escape_hint(),
               "${" + std::string{head});
        return "";
    }

    std::string report_missing(std::string_view name,
                               const VariableAnswer& answer,
                               std::string_view message) {
        std::string text = "variable `" + std::string{name} + "` is not set";
        if (answer.value) text = "variable `" + std::string{name} + "` is empty";
        if (!answer.problem.empty()) text = answer.problem;
        if (!message.empty()) text += ": " + std::string{message};
        std::string hint = answer.hint;
        if (hint.empty() && answer.problem.empty() && message.empty()) {
            hint = "set it, give it a default with ${" + std::string{name} + ":-…}, or write $${" +
                   std::string{name} + "} to leave it as it is";
        }
        report("missing-variable", text, hint, "${" + std::string{name});
        return "";
    }

    static std::string escape_hint() { return "write $$ for a dollar that is meant as such"; }

    void report_too_long() {
        if (is_too_long_) return;
        is_too_long_ = true;
        report("too-large",
               "with its variables replaced this is longer than " +
                   render_bytes(limits::interpolated_size_max + 1) + ", which Linux refuses",
               "",
               "${");
    }

    void report(std::string code, std::string message, std::string hint, std::string_view part) {
        mistakes_.push_back(
            {std::move(code), std::move(message), std::move(hint), std::string{part}});
    }

    const VariableLookup& find_variable_;
    std::vector<InterpolationMistake> mistakes_;
    bool is_too_long_ = false;
};

}  // namespace

Interpolated interpolate(std::string_view text, const VariableLookup& find_variable) {
    Interpolation interpolation{find_variable};
    Interpolated result;
    result.text = interpolation.expand(text, 0);
    result.mistakes = interpolation.take_mistakes();
    return result;
}

}  // namespace devstack::core
