#pragma once

#include <string>

#include <termios.h>

namespace devstack::cli {

/// Puts the terminal right when the program ends by a fault of its own (SIGABRT, SIGSEGV …), as
/// long as the object lives: its settings, and what `sequence` does. There is one at a time; a
/// later one takes the place of the one before until it goes.
class LastAid {
public:
    LastAid(const termios& settings, const std::string& sequence);
    LastAid(const LastAid&) = delete;
    LastAid& operator=(const LastAid&) = delete;
    ~LastAid();

    /// What was written to standard error went into `file`, and belongs to `fd`.
    static void hold_errors(int file, int fd);

private:
    void arm() const;

    termios settings_;
    std::string sequence_;
    LastAid* before_;
};

/// Writes all that is in the file.
void copy_whole_file(int from, int to);

}  // namespace devstack::cli
