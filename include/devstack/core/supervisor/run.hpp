#pragma once

#include "devstack/core/plan/plan.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace devstack::core {

/// One life of one service. A new number for every spawn, so that late news of an old life is
/// recognised and dropped.
struct RunId {
    ServiceId service;
    std::uint32_t number = 0;
    auto operator<=>(const RunId&) const = default;
};

/// How a process ended: exit code, or signal when `signal` is not 0.
struct ExitStatus {
    int code = 0;
    SignalNumber signal = 0;
    bool dumped_core = false;
    /// It has ended, and its parent had died before: nobody can know how. The rest says nothing.
    bool is_unknown = false;

    bool operator==(const ExitStatus&) const = default;
};

/// What a process and those that it waited for have used, as the kernel says at its end.
struct ExitUsage {
    Duration user_time{};
    Duration system_time{};
    std::uint64_t peak_memory = 0;  ///< Bytes; of the largest process.

    bool operator==(const ExitUsage&) const = default;
};

/// The end of a run's own process.
struct RunEnd {
    int pid = 0;
    ExitStatus status;
    ExitUsage usage;
    TimePoint spawned_at{};
    TimePoint ended_at{};
    std::string cause = {};  ///< See Exited::cause.
};

/// "exited with code 3", "was killed by SIGKILL", "ended by SIGSEGV (core dumped)".
std::string describe(ExitStatus status);

/// A process that outlived the leader of its run.
struct Survivor {
    int pid = 0;
    std::string command;

    bool operator==(const Survivor&) const = default;
};

/// Somebody who listens where a service wants to listen.
struct PortHolder {
    Port port;
    std::string address;  ///< "127.0.0.1", "::", "0.0.0.0", "::1".
    /// 0: nobody we may see. Then `user` says whose socket it is, unless it is being torn down.
    int pid = 0;
    std::string command;  ///< Short name of the process: "node".
    std::string user;
    std::string since;         ///< Wall clock when the process started: "09:12" or "Nov 20 09:12".
    std::string working_dir;   ///< May be empty: not ours to see.
    bool is_leftover = false;  ///< It belongs to an earlier run of this project.
    bool is_teardown = false;  ///< Nobody owns the socket any more: the kernel is closing it.
    /// A service of this project that runs now and listens there; empty if it is not one.
    std::string service;

    bool operator==(const PortHolder&) const = default;
};

/// "port 3101 is held by node (pid 4711, user chi, since 09:12, /home/chi/shop)".
std::string describe(const PortHolder& holder);

}  // namespace devstack::core
