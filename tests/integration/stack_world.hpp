#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/core/plan/plan.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace devstack::test {

/// What a command said, both streams together, and how it ended (124: it was not done in time).
struct CommandResult {
    int exit_code = -1;
    std::string output;
};

/// A project in a scratch directory, run by the real binary as a user would run it.
///
/// It is a copy of a profile that ships and of the application that goes with it, with other ports
/// and another name, so that it disturbs nothing on this machine. At the end everything is taken
/// down and removed.
class StackWorld {
public:
    struct Setting {
        std::string profile;             ///< "fullstack": profiles/fullstack.toml.
        std::string application;         ///< Below tests/stacks; empty: the profile is enough.
        std::vector<std::string> texts;  ///< Files of the application that name ports.
        std::vector<int> ports;          ///< All that they name.
        core::Mode mode = core::Mode::development;
    };

    explicit StackWorld(const Setting& setting);
    ~StackWorld();
    StackWorld(const StackWorld&) = delete;
    StackWorld& operator=(const StackWorld&) = delete;

    /// The port that is used here instead of this one.
    int port(int shipped) const { return ports_.at(shipped); }
    /// "http://127.0.0.1:PORT/path".
    std::string url(int shipped, const std::string& path) const;

    /// `devstack WORDS`, for the shell, in the project's directory. Ends within `limit` whatever
    /// happens; also when it leaves a process behind that holds its output.
    CommandResult devstack(const std::string& words,
                           std::chrono::seconds limit = std::chrono::seconds{20}) const;
    CommandResult shell(const std::string& script, std::chrono::seconds limit) const;
    /// The body of an answer that succeeds; else a text that begins with "curl: ".
    std::string fetch(const std::string& url, const std::string& curl_options = "") const;

    const std::string& directory() const { return directory_; }

    /// `status --json`, which must succeed.
    core::api::StateMessage state() const;
    core::api::ServiceState service(const std::string& name) const;
    /// "api ready" for each service, in the order of the profile.
    std::vector<std::string> phases() const;

    /// The first event after `cursor` that is wanted. Fails the test, with all that has happened,
    /// when there is none in time.
    core::api::EventMessage wait_for_event(
        std::uint64_t cursor,
        std::chrono::seconds limit,
        const std::function<bool(const core::api::EventMessage&)>& is_wanted) const;

    /// Kills the service's process the hard way, and waits until its next run is ready.
    core::api::ServiceState kill_and_wait_for_repair(const std::string& name) const;

    /// Processes that have inherited this world's environment, and sockets that still listen on its
    /// ports: "process 4711: node server.js", "port 20001". Empty after `down`.
    std::vector<std::string> leftovers() const;

private:
    std::string control_socket() const;
    void copy_and_rewrite(const Setting& setting);

    std::string directory_;
    std::string project_;
    core::Mode mode_;
    std::map<int, int> ports_;
};

/// `devstack WORDS` in a world's project that goes on while the test does. Killed at the end.
class RunningCommand {
public:
    RunningCommand(const StackWorld& world, const std::string& words);
    ~RunningCommand();
    RunningCommand(const RunningCommand&) = delete;
    RunningCommand& operator=(const RunningCommand&) = delete;

    /// True when it has written this, on either stream, within `limit`.
    bool shows(const std::string& text, std::chrono::seconds limit);
    void send_signal(int number) const;
    /// Its exit code, or minus the signal that ended it. Fails the test if it does not end.
    int wait_for_end(std::chrono::seconds limit);
    const std::string& output() const { return output_; }

private:
    /// False at the end of its output, or when there was none until `deadline`.
    bool read_more(std::chrono::steady_clock::time_point deadline);

    pid_t pid_ = -1;
    int pipe_ = -1;
    std::string output_;
};

/// True if all of these programs are installed; else says which one is missing.
bool has_programs(const std::vector<std::string>& programs);

}  // namespace devstack::test
