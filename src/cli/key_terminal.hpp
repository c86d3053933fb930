#pragma once

#include "cli/top/key.hpp"
#include "cli/top/last_aid.hpp"

#include <memory>
#include <vector>

#include <termios.h>

namespace devstack::cli {

/// Keys one by one, while a log goes over the same terminal: what is pressed is not shown, and
/// Ctrl-C and Ctrl-Z do what they do. The terminal is as it was when the object goes.
class KeyTerminal {
public:
    /// Null where nobody can press anything: no terminal, or one that belongs to another job.
    static std::unique_ptr<KeyTerminal> open();
    KeyTerminal(const KeyTerminal&) = delete;
    KeyTerminal& operator=(const KeyTerminal&) = delete;
    ~KeyTerminal();

    /// To wait for keys; -1 while there are none to come.
    int fd() const;
    /// All that are there.
    std::vector<Key> take();

    /// As it was, for something else that uses the terminal; and back.
    void release();
    void resume();
    /// Stops the process, as Ctrl-Z does for others (SIGTSTP); returns when it is told to go on.
    void suspend();

private:
    explicit KeyTerminal(const termios& before);

    termios before_;
    LastAid last_aid_;
    bool is_held_ = false;
};

/// The keys in what a terminal has sent; what it sends for keys that have no character of their own
/// is left out.
std::vector<Key> keys_in(const std::string& bytes);

}  // namespace devstack::cli
