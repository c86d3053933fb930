#include "cli/live_line.hpp"

#include "devstack/platform/terminal.hpp"

#include <unistd.h>

namespace devstack::cli {

namespace {

constexpr std::string_view erase = "\r\x1b[K";

}  // namespace

/// One column is left free: a full line would begin the next one.
std::string LiveLine::drawn() const {
    if (text_.empty()) return "";
    const std::size_t width = platform::terminal_width(STDOUT_FILENO);
    const std::string text = width > 1 ? shorten(text_, width - 1) : text_;
    return text.find('\x1b') == std::string::npos ? text : text + "\x1b[0m";
}

void LiveLine::set(const std::string& text) {
    if (!terminal_.is_terminal || text == text_) return;
    text_ = text;
    print(std::string{erase} + drawn());
}

void LiveLine::say(std::string_view lines) {
    if (text_.empty()) {
        print(lines);
    } else {
        print(std::string{erase} + std::string{lines} + drawn());
    }
}

void LiveLine::complain(std::string_view message) {
    if (!text_.empty()) print(erase);
    cli::complain(message);
    if (!text_.empty()) print(drawn());
}

void LiveLine::redraw() {
    if (!text_.empty()) print(std::string{erase} + drawn());
}

}  // namespace devstack::cli
