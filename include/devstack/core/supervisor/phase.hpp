#pragma once

#include "devstack/core/supervisor/run.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace devstack::core {

// The life of a service. Each phase carries the data that exists only while it lasts, so there is
// no pid-like field to forget and no deadline to disarm.
//
//                  needs unmet        port held      `prepare` runs
//   Stopped --> Waiting --> Starting --> Blocked
//                  ^          |   ^  \-> Preparing --> Starting
//                  |          |   |
//                  |          v   | (delay over)
//                  |        Ready <--> Unhealthy        probe says so
//                  |          |          |
//                  +-- BackingOff <------+--(ended, policy says again)--+
//                             |                                         |
//                         Stopping  (told to, or survivors to be ended) +
//                             |
//                  Stopped | Completed | Failed

/// Not running, and nothing wants it to.
struct Stopped {};

/// Wanted; waits for the condition of `need`, or for the first connection to one of its sockets.
struct Waiting {
    std::optional<Need> need;  ///< Empty: for a connection.
};

/// Wanted; somebody else listens where it must listen. Looked at again when `look_again` is over.
struct Blocked {
    RunId run;
    std::vector<PortHolder> holders;
    std::optional<TimePoint> look_again;  ///< Empty while an answer is awaited.
    TimePoint since;
    bool is_freeing = false;  ///< The holders have been asked to go.
};

/// Its `prepare` step is looked at, and runs if it has to. A run of its own.
struct Preparing {
    enum class Step { checking, spawning, running };

    RunId run;
    Step step = Step::checking;
    int pid = 0;
};

/// On its way up: ports are looked at, its sockets are opened, then it is spawned, then asked
/// whether it is ready.
struct Starting {
    enum class Step { checking_ports, opening_sockets, spawning, probing };

    RunId run;
    Step step = Step::checking_ports;
    int pid = 0;                          ///< From the step `probing` on.
    TimePoint since;                      ///< When the process was spawned.
    TimePoint deadline;                   ///< `start_timeout`; counts from the spawn.
    std::optional<TimePoint> next_probe;  ///< Empty while an answer is awaited.
    std::optional<TimePoint> ready_at;  ///< Without probe and port: when it has lived long enough.
    std::string last_answer;            ///< Of the probe; empty before the first.
    /// When it is looked (again) whether it listens elsewhere; set when it was spawned.
    TimePoint next_comparison;
};

/// Running, and safe to depend on.
struct Ready {
    RunId run;
    int pid = 0;
    TimePoint since;
    std::optional<TimePoint> next_probe;
    int failures = 0;  ///< In a row.
    std::string last_answer;
    std::optional<TimePoint> watchdog = {};  ///< When it must have said that it is alive.
};

/// Alive, but its health check failed too often. Evidence is collected; then its restart policy
/// decides. With policy `no` it stays here until the check succeeds again.
struct Unhealthy {
    RunId run;
    int pid = 0;
    TimePoint since;
    std::optional<TimePoint> next_probe;
    std::string last_answer;
    bool is_watchdog = false;  ///< It was silent for too long, or asked for help.
};

/// Told to end, or its leader has ended and survivors are being ended. Not gone yet.
struct Stopping {
    enum class Then {
        rest,     ///< Stay down.
        restart,  ///< Start at once: somebody asked for it.
        retry,    ///< It has failed: back off, within the budget.
        decide,   ///< It ended by itself: the restart policy looks at `status`.
        go_on,    ///< Its prepare step has ended: `status` says whether the service is next.
    };

    RunId run;
    int pid = 0;    ///< 0 when the leader has ended.
    int group = 0;  ///< Of its processes: the leader's pid, also when that has ended.
    TimePoint since;
    TimePoint deadline;  ///< After it comes SIGKILL.
    bool is_killed = false;
    Then then = Then::rest;
    std::optional<ExitStatus> status;  ///< Of the leader, once it has ended.
    std::vector<Survivor> survivors;
    std::string why;  ///< Why it has to end.
    /// Nobody had asked for its end, whatever was asked since: it is worth a record.
    bool is_unplanned = false;
    enum class Ports {
        unknown,  ///< Looked at when no process is left, before it is called stopped.
        asked,
        held,  ///< By `holders`; looked at again at the deadline.
        free,
    };
    Ports ports = Ports::unknown;
    /// Who listens on its ports, is of this project, and of none of its runs.
    std::vector<PortHolder> holders;
};

/// Ended unplanned; waits before the next try.
struct BackingOff {
    TimePoint until;
    Duration delay{};
    bool is_crash_loop = false;
    std::string why;
    bool is_cut_short = false;  ///< Somebody asked for it meanwhile.
};

/// Ended by itself as it should, and stays so until someone asks again.
struct Completed {
    ExitStatus status;
};

/// Given up until someone asks again.
struct Failed {
    std::string why;
};

using Phase = std::variant<Stopped,
                           Waiting,
                           Blocked,
                           Preparing,
                           Starting,
                           Ready,
                           Unhealthy,
                           Stopping,
                           BackingOff,
                           Completed,
                           Failed>;

/// "restart 2 comes after 500ms", "restart 7 comes after 30s (crash-looping)".
std::string describe_restart(const BackingOff& phase, int restarts);

/// The word that users see: "backing-off".
std::string_view name_of(const Phase& phase);

/// True while a process of the service may exist, or is about to.
bool is_alive(const Phase& phase);

/// The run that this phase is about; empty when there is none.
std::optional<RunId> run_of(const Phase& phase);

/// Pid of the service's own process; 0 when there is none.
int pid_of(const Phase& phase);

}  // namespace devstack::core
