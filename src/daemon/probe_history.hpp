#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/probes/probe.hpp"
#include "devstack/core/supervisor/run.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace devstack::daemon {

/// The last answers of the probes of each service's current run. A service that answers the same
/// for months costs one entry.
class ProbeHistory {
public:
    void add(core::RunId run, const core::ProbeOutcome& outcome, WallTime at);
    /// Oldest first.
    std::vector<core::api::ProbeAnswerState> of(core::RunId run) const;

private:
    struct Answer {
        WallTime first;
        WallTime last;
        int count = 1;
        bool is_success = false;
        std::string detail;
    };
    struct Run {
        std::uint32_t number = 0;
        std::deque<Answer> answers;
    };

    std::map<core::ServiceId, Run> runs_;
};

}  // namespace devstack::daemon
