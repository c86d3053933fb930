#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::api {

/// Writes JSON into a string, front to back, as one line unless told otherwise. By hand because
/// `status` of hundreds of services must cost no more than a moment; reading is the library's.
///
/// Invalid UTF-8 becomes U+FFFD, numbers that JSON can not say become 0: the result always parses.
class JsonWriter {
public:
    enum class Layout { one_line, indented };

    explicit JsonWriter(Layout layout = Layout::one_line) : layout_{layout} {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_list() { open('['); }
    void end_list() { close(']'); }
    /// `name` is one of ours, and needs no escapes.
    void key(std::string_view name);

    void value(std::string_view text);
    void value(const std::string& text) { value(std::string_view{text}); }
    void value(const char* text) { value(std::string_view{text}); }
    void value(double number);
    template <std::same_as<bool> Flag>
    void value(Flag flag) {
        literal(flag ? "true" : "false");
    }
    template <std::integral Number>
    requires(!std::same_as<Number, bool>) void value(Number number) {
        if constexpr (std::signed_integral<Number>) {
            whole(static_cast<std::int64_t>(number));
        } else {
            whole(static_cast<std::uint64_t>(number));
        }
    }
    void value(const std::vector<std::string>& texts);
    /// `json` is a value already.
    void raw(std::string_view json) { literal(json); }

    template <typename T>
    void field(std::string_view name, const T& content) {
        key(name);
        value(content);
    }

    std::string take() { return std::move(text_); }

private:
    void open(char bracket);
    void close(char bracket);
    void separate();
    void literal(std::string_view text);
    void whole(std::int64_t number);
    void whole(std::uint64_t number);

    void begin_line();

    Layout layout_;
    std::size_t depth_ = 0;
    std::string text_;
    bool needs_comma_ = false;
    bool is_after_key_ = false;
};

}  // namespace devstack::core::api
