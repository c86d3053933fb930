#pragma once

#include "support/run_command.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace devstack::test {

/// A project in a temporary directory, and the real program to run in it. Whatever it has brought
/// up is taken down when the object goes, and it is an error if something of it is left then.
class TestProject {
public:
    /// `profile` becomes devstack.toml; "@CHILD@" in it is replaced by the path of the test child.
    explicit TestProject(const std::string& profile);
    ~TestProject();
    TestProject(const TestProject&) = delete;
    TestProject& operator=(const TestProject&) = delete;

    const std::string& directory() const { return directory_; }
    void write_file(const std::string& name, const std::string& content) const;
    std::string read_file(const std::string& name) const;

    /// `devstack WORDS…` in the project's directory.
    CommandResult devstack(const std::vector<std::string>& words,
                           std::chrono::milliseconds timeout = std::chrono::seconds{30}) const;
    CommandSpec command(const std::vector<std::string>& words) const;
    /// `devstack up -d --wait`; fails the test unless it succeeds.
    void bring_up() const;
    /// Waits, along the event journal, until the service enters that phase, counted from when the
    /// journal had `after` lines; returns the event's reason.
    std::string await_phase(const std::string& service,
                            const std::string& phase,
                            std::chrono::milliseconds timeout = std::chrono::seconds{20},
                            std::size_t after = 0) const;
    std::size_t events_so_far() const;
    /// Of `status --json`.
    int pid_of(const std::string& service) const;

    std::map<std::string, std::string> environment;  ///< For every command.

private:
    std::vector<std::string> event_lines() const;

    std::string directory_;
};

/// Pids of processes that were started for the project in this directory, by the cookie in their
/// environment, and of devstack's own; waits a moment for those that are just ending.
std::vector<int> processes_left_of(const std::string& directory);

/// A TCP port that nobody used just now.
std::uint16_t free_port();

bool is_alive(int pid);

/// kill(2), of one process: fails the test where there is none, and would mean our own group.
int kill_process(int pid, int signal);

/// True once it happens; false when the time is over. Asks again every few milliseconds.
bool eventually(const std::function<bool()>& claim,
                std::chrono::milliseconds timeout = std::chrono::seconds{10});

}  // namespace devstack::test
