#pragma once

#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/supervisor/action.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/project/project_paths.hpp"

#include "daemon/probe_history.hpp"
#include "daemon/state_view.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace devstack::daemon {

/// Collects the evidence of unplanned ends, and writes it down.
class CrashRecorder {
public:
    CrashRecorder(project::ProjectPaths paths, platform::Procfs procfs, WallTime now);

    void probe_answered(core::RunId run, const core::ProbeOutcome& outcome, WallTime at) {
        probes_.add(run, outcome, at);
    }

    /// Evidence of this run is being collected: its record waits for it.
    void expect_evidence(core::RunId run) { awaited_.insert(run); }
    /// It has come, or there is none.
    void add_evidence(core::RunId run, Result<core::api::DiagnosisMessage> evidence);
    std::vector<core::api::ProbeAnswerState> probe_answers(core::RunId run) const {
        return probes_.of(run);
    }

    /// Takes down what is known at this moment, while it is. `state` is that of the service after
    /// the decision.
    void collect(const core::WriteCrashRecord& action,
                 const core::api::ServiceState& state,
                 const Instant& instant);
    /// Adds the last words and what else takes time to find out, and writes all that has been
    /// collected and waits for nothing, without the secrets; at the end of the daemon those too
    /// that wait. Returns what went wrong.
    std::vector<Error> write(const std::vector<std::string>& secrets,
                             WallTime now,
                             bool is_end = false);

private:
    struct Evidence {
        core::RunId run;
        Result<core::api::DiagnosisMessage> diagnosis;
    };

    /// What the kernel had counted when it was last looked at.
    struct OomKills {
        std::uint64_t count = 0;
        WallTime at;
    };

    struct Collected {
        core::RunId run;
        core::api::CrashMessage crash;
    };

    void look_for_oom_kills(core::api::CrashMessage& crash, WallTime now);
    void take_evidence(const Collected& from, core::api::CrashMessage& crash);

    project::ProjectPaths paths_;
    platform::Procfs procfs_;
    ProbeHistory probes_;
    std::optional<OomKills> oom_kills_;
    std::vector<Collected> collected_;
    std::set<core::RunId> awaited_;
    /// Of each service's latest run that was looked at.
    std::map<core::ServiceId, Evidence> evidence_;
};

}  // namespace devstack::daemon
