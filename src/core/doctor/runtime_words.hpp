#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <vector>

// What is particular to the runtimes of languages: whose threads wait in a futex(2) when they have
// nothing to do, which of them are the runtime's own, and what shows where a program is.
namespace devstack::core::doctor {

class Picture;

/// So much of a CPU is no work between two waits.
inline constexpr double busy_percent = 80;

/// Somebody sees that it hangs: its probe, clients that have gone without an answer, or who asks.
bool suffers(const ServiceFact& service, const Picture& picture);

/// "jstack 31": what to type, and what it does besides.
std::string profiler_for(const ProcessFact& process);

/// The program's threads that want a CPU all the time, alone or, where only one can run at a time,
/// in turns, the busiest first: not those that collect garbage or compile.
std::vector<const ThreadFact*> find_busy_threads(const ProcessFact& process,
                                                 const Picture& picture);
/// What the busiest of its threads wants of a CPU, in percent; of a program whose threads only run
/// one at a time all of them together.
double percent_wanted(const ProcessFact& process, const Picture& picture);
/// "its main thread wants 99 % of a CPU", "its threads pool-1-thread-1 (41) and … want …".
std::string describe_busy(const ProcessFact& process, const Picture& picture);
/// What the collectors of garbage of a process want of a CPU together, in percent.
double percent_of_collectors(const ProcessFact& process, const Picture& picture);

}  // namespace devstack::core::doctor
