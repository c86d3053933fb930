#include "daemon/probe_history.hpp"

#include "devstack/core/limits.hpp"

namespace devstack::daemon {

void ProbeHistory::add(core::RunId id, const core::ProbeOutcome& outcome, WallTime at) {
    Run& run = runs_[id.service];
    if (run.number != id.number) run = Run{id.number, {}};
    if (!run.answers.empty()) {
        Answer& last = run.answers.back();
        if (last.is_success == outcome.is_success && last.detail == outcome.detail) {
            last.last = at;
            ++last.count;
            return;
        }
    }
    run.answers.push_back({at, at, 1, outcome.is_success, outcome.detail});
    if (run.answers.size() > core::limits::crash_record_answers) run.answers.pop_front();
}

std::vector<core::api::ProbeAnswerState> ProbeHistory::of(core::RunId id) const {
    std::vector<core::api::ProbeAnswerState> answers;
    const auto run = runs_.find(id.service);
    if (run == runs_.end() || run->second.number != id.number) return answers;
    for (const Answer& it : run->second.answers) {
        answers.push_back({render_timestamp(it.first),
                           render_timestamp(it.last),
                           it.count,
                           it.is_success,
                           it.detail});
    }
    return answers;
}

}  // namespace devstack::daemon
