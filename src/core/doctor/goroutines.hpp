#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

struct GoFrame {
    std::string function;  ///< "main.cleanup".
    std::string file;      ///< "tempkeys.go".
    int line = 0;

    /// "main.cleanup (tempkeys.go:50)".
    std::string text() const;
};

/// One of the dump that Go's profiler gives, and that a Go program writes when it gets SIGQUIT.
struct Goroutine {
    std::string number;
    std::string state;            ///< "semacquire, 2 minutes".
    std::vector<GoFrame> frames;  ///< The program's own, innermost first.

    bool waits_for_lock() const;
};

/// What is no part of a dump is skipped.
std::vector<Goroutine> parse_goroutines(std::string_view dump);

}  // namespace devstack::core::doctor
