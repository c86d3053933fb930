#pragma once

#include "devstack/base/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// Where threads of a process are in their code, innermost frame first:
/// "transfer (bank.cpp:41)", or without debug information "transfer".
struct ThreadStacks {
    std::map<int, std::vector<std::string>> frames;  ///< By thread.
    Duration longest_stop{};
    std::string problem;  ///< Why (some) could not be seen: a sentence without its end.
};

/// Frames of an instruction, innermost first.
using DescribeInstruction = std::function<std::vector<std::string>(std::uint64_t)>;

/// Stops each of the threads by ptrace(2) while its registers and stack are read, one after the
/// other, none for longer than some 20 ms; they go on where they were. A thread that sleeps in the
/// kernel uninterruptibly must not be among them: it would be waited for. Returns by `deadline`,
/// as a rule.
/// `on_frame` is told the frame pointer of each frame, innermost first, while the thread stands
/// still. What `describe` says of an instruction, if anything, is told instead of what symbols say.
ThreadStacks read_stacks(int pid,
                         const std::vector<int>& threads,
                         TimePoint deadline,
                         const std::function<void(int, std::uint64_t)>& on_frame,
                         const DescribeInstruction& describe = {});

}  // namespace devstack::diagnosis
