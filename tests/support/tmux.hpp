#pragma once

#include "support/run_command.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace devstack::test {

/// A shell in a real terminal of its own, by tmux(1): what is on the screen can be waited for, and
/// keys be pressed. It has its own server, which ends with the object.
class Tmux {
public:
    struct Size {
        int columns = 80;
        int rows = 24;
    };
    /// The shell stands in `directory`, with `environment` beside our own, and the prompt "ready$
    /// ".
    Tmux(const std::string& directory,
         const std::map<std::string, std::string>& environment,
         Size size);
    Tmux(const Tmux&) = delete;
    Tmux& operator=(const Tmux&) = delete;

    /// What is on the screen, line by line, without spaces at the ends; with SGR sequences if
    /// asked.
    std::string screen(bool has_colours = false) const;
    /// The screen, once it contains `text`; fails the test if that does not happen in time.
    std::string await(const std::string& text,
                      std::chrono::milliseconds timeout = std::chrono::seconds{20}) const;
    /// Once it does not contain it any more.
    std::string await_end_of(const std::string& text) const;
    /// As send-keys calls them: "q", "Enter", "C-c", "PageUp".
    void press(const std::vector<std::string>& keys) const;
    /// Types a command line and enters it.
    void enter(const std::string& line) const;
    void resize(Size size) const;
    /// What tmux knows of the terminal, as "cursor_flag".
    std::string flag(const std::string& name) const;

private:
    /// Ends it even when the constructor does not come to its end.
    struct Server {
        std::string socket;
        ~Server();
        CommandResult run(const std::vector<std::string>& words) const;
    };
    CommandResult run(const std::vector<std::string>& words) const { return server_.run(words); }

    Server server_;
};

}  // namespace devstack::test
