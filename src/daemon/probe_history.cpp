#include "daemon/probe_history.hpp"

#include "devstack/core/limits.hpp"

namespace devstack::daemon {

void ProbeHistory::add(core::RunId run, const core::ProbeOutcome& outcome, WallTime at) {
    Run& known = runs_[run.service];
    if (known.number != run.number) known = Run{run.number, {}};
    if (!known.answers.empty()) {
        Answer& last = known.answers.back();
        if (last.is_success == outcome.is_success && last.detail == outcome.detail) {
            last.last = at;
            ++last.count;
            return;
        }
    }
    known.answers.push_back({at, at, 1, outcome.is_success, outcome.detail});
    if (known.answers.size() > core::limits::crash_record_answers) known.answers.pop_front();
}

std::vector<core::api::ProbeAnswerState> ProbeHistory::of(core::RunId run) const {
    std::vector<core::api::ProbeAnswerState> answers;
    const auto known = runs_.find(run.service);
    if (known == runs_.end() || known->second.number != run.number) return answers;
    for (const Answer& it : known->second.answers) {
        answers.push_back({render_timestamp(it.first),
                           render_timestamp(it.last),
                           it.count,
                           it.is_success,
                           it.detail});
    }
    return answers;
}

}  // namespace devstack::daemon
