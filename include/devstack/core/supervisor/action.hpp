#pragma once

#include "devstack/core/supervisor/run.hpp"

#include <string>
#include <variant>

namespace devstack::core {

// What the daemon must do, in order. Nothing is returned: what came of it arrives as a fact.

struct ScanPorts {
    RunId run;
};
/// Listens on the sockets that the service is handed, unless that is done already. Answered by
/// `SocketsOpened`, or by `SpawnFailed`.
struct OpenSockets {
    RunId run;
};
/// Watches the sockets for a connection (`ConnectionMade`) until they are closed or the service is
/// spawned.
struct AwaitConnection {
    ServiceId service;
};
/// Nobody is to connect any more.
struct CloseSockets {
    ServiceId service;
};
struct CheckPrepare {
    RunId run;
};
struct SpawnPrepare {
    RunId run;
};
/// The run's prepare step has succeeded: remember its inputs.
struct RecordPrepared {
    RunId run;
};
struct SpawnProcess {
    RunId run;
};
/// Ends the processes that hold the run's ports, as its phase names them, politely, then firmly;
/// then looks at the ports again (`PortsScanned`). What may not be ended is left alone.
struct FreePorts {
    RunId run;
};
/// Sends the signal, then SIGCONT (a stopped process can not hear it otherwise), to the run's whole
/// group; or to those survivors that had left the group and so have not heard it.
struct AskToStop {
    enum class Scope { group, strays };

    RunId run;
    SignalNumber signal = 0;
    Scope scope = Scope::group;
};
/// SIGKILL to everything of the run: group, session, survivors.
struct ForceKill {
    RunId run;
};
/// To the service's own process only, or to the run's whole group.
struct SendSignal {
    RunId run;
    SignalNumber signal = 0;
    bool is_for_group = false;
};
/// Asks the plan's probe (`ready`, else `health`, else TCP on the first port) once.
struct RunProbe {
    enum class Purpose { readiness, health };

    RunId run;
    Purpose purpose = Purpose::readiness;
};
/// Looks for the line in the run's output by which it shows that it is ready, from the run's first
/// byte on, until it is seen or the run is ready or over.
struct AwaitLine {
    RunId run;
};
struct CompareListening {
    RunId run;
};
/// The run is about to be restarted because it is unhealthy: look before it is gone.
struct CollectEvidence {
    RunId run;
};
/// The run has ended unplanned, and it has been decided what comes of it.
struct WriteCrashRecord {
    RunId run;
    RunEnd end;
    std::string why;  ///< Why it ended: "exited with code 3", "was unhealthy: status 500".
    std::string
        decision;  ///< "restart 2 comes after 500ms", "given up after 5 restarts within 1m".
};

using Action = std::variant<ScanPorts,
                            FreePorts,
                            OpenSockets,
                            AwaitConnection,
                            CloseSockets,
                            CheckPrepare,
                            SpawnPrepare,
                            RecordPrepared,
                            SpawnProcess,
                            AskToStop,
                            ForceKill,
                            SendSignal,
                            RunProbe,
                            AwaitLine,
                            CompareListening,
                            CollectEvidence,
                            WriteCrashRecord>;

}  // namespace devstack::core
