#pragma once

#include "devstack/base/result.hpp"

#include "cli/top/frame.hpp"
#include "cli/top/key.hpp"

#include <memory>
#include <optional>

namespace devstack::cli {

/// The whole terminal, by ncurses: frames in, keys out. It is as it was before when the object
/// goes, and also when the program ends by a signal of its own making (SIGABRT, SIGSEGV …). What is
/// written to standard error meanwhile is shown after that. There is at most one.
class Screen {
public:
    /// Needs a terminal for standard input and output: fails (invalid) with why they will not do.
    static Status check();
    /// The same, and takes the terminal.
    static Result<std::unique_ptr<Screen>> open(bool has_colour);
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen();

    FrameSize size() const;
    /// The terminal may have another size now (SIGWINCH).
    void adapt();
    void show(const Frame& frame);
    /// All of it, also what is there already: something else has written to the terminal.
    void show_anew(const Frame& frame);
    /// The terminal as it was, until the process is told to go on (SIGCONT).
    void suspend();

    /// To wait for keys.
    static int fd();
    /// The next key that is there; empty when there is none.
    std::optional<Key> take_key();
    /// Nobody sits there any more: its window was closed, its connection lost.
    static bool is_gone();

private:
    class Implementation;
    explicit Screen(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace devstack::cli
