#pragma once

#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/supervisor/action.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/project/project_paths.hpp"

#include "daemon/probe_history.hpp"
#include "daemon/state_view.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace devstack::daemon {

/// Collects the evidence of unplanned ends, and writes it down.
class CrashRecorder {
public:
    CrashRecorder(project::ProjectPaths paths, platform::Procfs procfs, WallTime now);

    void probe_answered(core::RunId run, const core::ProbeOutcome& outcome, WallTime at) {
        probes_.add(run, outcome, at);
    }

    std::vector<core::api::ProbeAnswerState> probe_answers(core::RunId run) const {
        return probes_.of(run);
    }

    /// Takes down what is known at this moment, while it is. `state` is that of the service after
    /// the decision.
    void collect(const core::WriteCrashRecord& action,
                 const core::api::ServiceState& state,
                 const Instant& instant);
    /// Adds the last words, and writes all that has been collected, without the secrets. Returns
    /// what went wrong.
    std::vector<Error> write(const std::vector<std::string>& secrets);

private:
    /// What the kernel had counted when it was last looked at.
    struct OomKills {
        std::uint64_t count = 0;
        WallTime at;
    };

    void look_for_oom_kills(core::api::CrashMessage& crash, WallTime now);

    project::ProjectPaths paths_;
    platform::Procfs procfs_;
    ProbeHistory probes_;
    std::optional<OomKills> oom_kills_;
    std::vector<core::api::CrashMessage> collected_;
};

}  // namespace devstack::daemon
