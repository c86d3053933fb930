#pragma once

#include "devstack/core/plan/compare_plans.hpp"
#include "devstack/core/probes/notification.hpp"
#include "devstack/core/supervisor/record.hpp"
#include "devstack/core/supervisor/run.hpp"

#include <string>
#include <variant>
#include <vector>

namespace devstack::core {

// Everything devstack reacts to. The list is closed.

// ---- Commands: somebody asks -------------------------------------------------------------------

/// Also brings up all that it needs. Gives everything it touches a fresh restart budget; what has
/// failed or completed is tried anew.
struct Start {
    std::vector<ServiceId> services;
};
/// Also takes down all that needs it, and those first.
struct Stop {
    std::vector<ServiceId> services;
};
/// Ends the service's processes and starts it anew; dependents are left alone.
struct Restart {
    std::vector<ServiceId> services;
};
/// Sends a signal to the service's own process.
struct Signal {
    ServiceId service;
    SignalNumber signal = 0;
};
/// Takes everything down. A second one with `force` kills at once.
struct Shutdown {
    bool force = false;
};

/// Another plan for the same project, from replace_plan: what has changed is ended with the
/// settings that it has and started with the new ones; what has gone ends, and what is new starts,
/// with all that it needs. The rest goes on.
struct PlanReplaced {
    Plan plan;
    PlanComparison comparison;  ///< With the plan that runs; nothing is refused in it.
};

/// Goes on where an earlier supervisor has stopped, with the same services: comes first or never.
/// What was under way is asked for again; what was decided counts.
struct Resume {
    std::vector<ServiceRecord> records;
    std::vector<FoundRun> found;
    bool is_shutting_down = false;
    /// The keeper has died too, and what was found was born under it.
    bool is_keeper_new = false;
    /// Nobody has died: another program goes on in its place.
    bool is_on_purpose = false;
    /// Settings of those whose record names old ones and that are in the plan with others, by their
    /// names. Of what has gone from the profile the plan itself holds them.
    std::vector<ServicePlan> old_settings;
};

// ---- Facts: the world reports ------------------------------------------------------------------

/// Who listens on the run's ports, besides itself. Answers `ScanPorts`.
struct PortsScanned {
    RunId run;
    std::vector<PortHolder> holders;  ///< Empty: all are free.
};
/// Answers `OpenSockets`.
struct SocketsOpened {
    RunId run;
};
/// Answers `AwaitConnection`. `what` is for people: "somebody has connected to port 3000".
struct ConnectionMade {
    ServiceId service;
    std::string what;
};
/// Answers `CheckPrepare`. `why` says what is missing or has changed.
struct PrepareChecked {
    RunId run;
    bool is_needed = false;
    std::string why;
};
struct Spawned {
    RunId run;
    int pid = 0;
};
/// Nothing runs. `stage` and `message` say what could not be done: "cannot enter directory
/// apps/api: no such file or directory". `is_permanent`: trying again cannot help (ENOENT, EACCES
/// …).
struct SpawnFailed {
    RunId run;
    std::string message;
    bool is_permanent = true;
};
/// The leader has ended. `survivors` are processes of the run that still live.
struct Exited {
    RunId run;
    ExitStatus status;
    std::vector<Survivor> survivors;
    ExitUsage usage;
    /// What the status does not say, for people: "killed by the kernel's OOM killer: memory limit
    /// 64 MiB". Empty as a rule.
    std::string cause = {};
};
/// What lives of a run whose leader has ended has changed; empty: nothing is left.
struct SurvivorsChanged {
    RunId run;
    std::vector<Survivor> survivors;
};
/// Answers `RunProbe`.
struct ProbeAnswered {
    RunId run;
    ProbeOutcome outcome;
};
/// The run has shown that it is ready. `what` is for people: "its output says \"listening\"".
struct SignSeen {
    RunId run;
    std::string what;
};
/// A process of the run has said how it is.
struct Notified {
    RunId run;
    Notification what;
};
/// Answers `CollectEvidence`.
struct EvidenceCollected {
    RunId run;
};
/// Where the run's processes really listen, compared with what was declared; answers
/// `CompareListening`. One sentence per difference, empty if there is none.
struct ListeningCompared {
    RunId run;
    std::vector<std::string> differences;
};
/// A file that the service watches has changed.
struct FilesChanged {
    ServiceId service;
    std::string path;  ///< One of them, as people know it: "src/app.js".
};
struct TimePassed {};
/// Nobody looked at the clock when it was time to: we were stopped, suspended or starved, and the
/// services perhaps as well. What they had to do meanwhile is no fault of theirs.
struct TimeLost {
    Duration lost{};
};

using Input = std::variant<Start,
                           Stop,
                           Restart,
                           Signal,
                           Shutdown,
                           PlanReplaced,
                           Resume,
                           PortsScanned,
                           SocketsOpened,
                           ConnectionMade,
                           PrepareChecked,
                           Spawned,
                           SpawnFailed,
                           Exited,
                           SurvivorsChanged,
                           ProbeAnswered,
                           SignSeen,
                           Notified,
                           EvidenceCollected,
                           ListeningCompared,
                           FilesChanged,
                           TimePassed,
                           TimeLost>;

}  // namespace devstack::core
