#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

class Picture;

struct GoFrame {
    std::string function;  ///< "main.cleanup".
    std::string file;      ///< "tempkeys.go".
    int line = 0;

    /// "main.cleanup (tempkeys.go:50)".
    std::string text() const;
};

/// One of the dump that Go's profiler gives, and that a Go program writes when it gets SIGQUIT; or
/// several that wait at the same place, as they were found in its memory.
struct Goroutine {
    std::string number;
    std::string state;               ///< "semacquire, 2 minutes".
    std::vector<GoFrame> frames;     ///< The program's own, innermost first.
    std::vector<std::string> calls;  ///< All functions, innermost first.
    int count = 1;

    bool waits_for_lock() const;
    /// It answers a request, by what has called it.
    bool serves_request() const;
    /// It waits for a connection of a pool (database/sql, pgx, go-redis) that has none free.
    bool waits_for_pool() const;
    bool is_in(std::string_view function) const;
    /// "main.cleanup (tempkeys.go:50), called by …": the innermost three.
    std::string path() const;
};

/// What is no part of a dump is skipped.
std::vector<Goroutine> parse_goroutines(std::string_view dump);

/// Those that were found waiting in the memory of a process.
std::vector<Goroutine> goroutines_of(const ProcessFact& process, const Picture& picture);

/// Where most of the requests to it wait, or, if it serves none, its main goroutine; null: unknown.
const Goroutine* find_waiting(const std::vector<Goroutine>& goroutines);

/// "waits to send to a channel (chan send)".
std::string describe_wait(const Goroutine& goroutine);

}  // namespace devstack::core::doctor
