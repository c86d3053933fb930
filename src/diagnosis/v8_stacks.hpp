#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// Where the threads of a Node.js program are in its own code: "collectPages (reports.js:12)", the
/// innermost function first, with the line where it begins. Functions of Node itself and of
/// packages (node_modules) are left out: they are not what somebody has to change.
///
/// By the tables that V8 carries for debuggers (symbols v8dbg_…,
/// src/tools/gen-postmortem-metadata.py of V8). Where one of them is missing nothing is told.
class V8Stacks {
public:
    /// Null for a process that has no V8, or one without these tables.
    static std::unique_ptr<V8Stacks> open(int pid);

    ~V8Stacks();
    V8Stacks(const V8Stacks&) = delete;
    V8Stacks& operator=(const V8Stacks&) = delete;

    /// Notes what a frame is of. To be called while the thread stands still, innermost frame first;
    /// reads 8 bytes of its memory.
    void note(int thread, std::uint64_t frame_pointer);

    /// Of the threads that were noted, and are in the program's own code. `working_dir` is the
    /// process', by which paths are shortened.
    std::map<int, std::vector<std::string>> describe(const std::string& working_dir) const;

private:
    struct Tables;
    V8Stacks(int pid, std::unique_ptr<const Tables> tables);

    int pid_;
    std::unique_ptr<const Tables> tables_;
    std::map<int, std::vector<std::uint64_t>> functions_;  ///< By thread.
};

}  // namespace devstack::diagnosis
