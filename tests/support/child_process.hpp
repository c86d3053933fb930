#pragma once

#include <string>
#include <vector>

namespace devstack::test {

/// A real child of the test, in a session of its own like every service; killed with its whole
/// session when the object goes. What it orphans becomes the test's child, as it would the
/// keeper's.
class ChildProcess {
public:
    /// Runs a script with /bin/sh; `inherited` descriptors stay open in it. What it prints is read
    /// with `read_line`.
    explicit ChildProcess(const std::string& script,
                          std::vector<std::string> environment = {"PATH=/usr/bin:/bin"},
                          std::vector<int> inherited = {});
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    int pid() const { return pid_; }
    /// Blocks for a line; empty at the end of output.
    std::string read_line();
    /// The number on the next line: a pid that the script tells.
    int read_pid();
    /// Blocks until the process has ended, and reaps it.
    void wait();

private:
    int pid_ = -1;
    int output_ = -1;
    bool is_reaped_ = false;
    std::vector<int> told_;
};

/// PATH, and the cookie of a run.
std::vector<std::string> run_environment(const std::string& project_dir, const std::string& run);

/// Blocks until a child of the test, direct or adopted, has ended, and reaps it.
void reap(int pid);

}  // namespace devstack::test
