#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace devstack::test {

/// How a command ended, and all that it wrote.
struct CommandResult {
    int code = -1;  ///< Exit code; 128 + signal if one ended it.
    std::string output;
    std::string error;
    bool was_late = false;  ///< It was killed because its time was over.
};

struct CommandSpec {
    std::vector<std::string> argv;  ///< argv[0] is a path.
    std::string directory;
    std::map<std::string, std::string> environment;  ///< Beside our own; an empty value removes.
    std::chrono::milliseconds timeout = std::chrono::seconds{30};
};

/// Runs a command to its end, or to its deadline.
CommandResult run_command(const CommandSpec& spec);

/// A command that goes on while the test does: its output can be waited for, and it can be
/// signalled. Killed, if need be, when the object goes.
class RunningCommand {
public:
    explicit RunningCommand(const CommandSpec& spec);
    ~RunningCommand();
    RunningCommand(const RunningCommand&) = delete;
    RunningCommand& operator=(const RunningCommand&) = delete;

    /// Everything on standard output so far, once it contains `text`; fails the test if that does
    /// not happen in time.
    std::string await_output(const std::string& text,
                             std::chrono::milliseconds timeout = std::chrono::seconds{20});
    void signal(int number) const;
    /// Waits for its end.
    CommandResult finish(std::chrono::milliseconds timeout = std::chrono::seconds{30});
    int pid() const { return pid_; }

private:
    bool read_more(std::chrono::steady_clock::time_point deadline);

    int pid_ = -1;
    int output_ = -1;
    int error_ = -1;
    CommandResult result_;
};

}  // namespace devstack::test
