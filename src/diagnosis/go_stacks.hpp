#pragma once

#include "devstack/base/time.hpp"

#include "diagnosis/go_functions.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// A goroutine that waits, or is in a system call.
struct WaitingGoroutine {
    std::uint64_t number = 0;
    std::string state;   ///< As Go's dumps name it: "chan send", "sync.Mutex.Lock", "syscall".
    double seconds = 0;  ///< That it has waited at least; its runtime notes it now and then only.
    std::uint64_t stack = 0;      ///< Where its stack ends: it moves when the goroutine goes on.
    std::vector<GoPlace> frames;  ///< Innermost first, without the runtime's own.
    bool operator==(const WaitingGoroutine&) const = default;
};

struct Goroutines {
    std::vector<WaitingGoroutine> waiting;
    int running = 0;  ///< Also those ready to run, and those that were not looked at.
};

/// Where a Go program is, from its memory as it runs, without stopping it: Go 1.18 and later, also
/// stripped. Everything is found by what must be so (a module names its table of functions, a
/// goroutine its stack and itself), so that of a layout that is not known nothing is told.
class GoStacks {
public:
    /// Null for a process that is no such program, or that we may not read.
    static std::unique_ptr<GoStacks> open(int pid);

    ~GoStacks();
    GoStacks(const GoStacks&) = delete;
    GoStacks& operator=(const GoStacks&) = delete;

    /// Who moves while they are looked at is left out, and what is not read by `deadline`.
    Goroutines read(TimePoint deadline) const;

    /// What the address of an instruction is in, innermost first; empty: not in Go's code.
    std::vector<std::string> describe(std::uint64_t address) const;

private:
    struct Program;
    explicit GoStacks(std::unique_ptr<const Program> program);

    std::unique_ptr<const Program> program_;
};

}  // namespace devstack::diagnosis
