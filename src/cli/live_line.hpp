#pragma once

#include "devstack/cli/terminal.hpp"

#include <string>
#include <string_view>

namespace devstack::cli {

/// Output line by line, and below it, on a terminal, one line that is drawn over again and again:
/// how far things are, or what somebody types.
class LiveLine {
public:
    explicit LiveLine(const Terminal& terminal) : terminal_{terminal} {}

    /// Goes with what comes next; empty: there is none. May hold SGR sequences. Nothing in a pipe.
    void set(const std::string& text);
    bool is_shown() const { return !text_.empty(); }
    /// Whole lines, above it.
    void say(std::string_view lines);
    /// On standard error: "devstack: …".
    void complain(std::string_view message);
    /// After something else has written there, or the width has changed.
    void redraw();

private:
    std::string drawn() const;

    Terminal terminal_;
    std::string text_;
};

}  // namespace devstack::cli
