#include "cli/change_verdict.hpp"

#include "cli/service_names.hpp"

#include <optional>
#include <set>

namespace devstack::cli {

namespace {

namespace api = core::api;

/// The failed service that keeps `service` from starting, however far down; needs do not cycle,
/// but what a state says is not to be trusted with our stack.
const api::ServiceState* find_failed_need(const api::StateMessage& state,
                                          const api::ServiceState& service,
                                          std::set<std::string>& seen) {
    for (const std::string& name : service.needs) {
        if (!seen.insert(name).second) continue;
        const api::ServiceState* const need = find_service(state, name);
        if (need == nullptr) continue;
        if (need->phase == "failed") return need;
        if (const auto* deeper = find_failed_need(state, *need, seen)) return deeper;
    }
    return nullptr;
}

void judge_start(const api::ServiceState& service,
                 const api::StateMessage& state,
                 bool must_be_new,
                 std::uint32_t run_before,
                 Verdict& verdict) {
    // Who is started by a connection is as ready as it gets while it waits for one.
    const bool is_up =
        service.phase == "ready" || service.phase == "completed" || service.awaits_connection;
    const bool is_new = !must_be_new || service.run > run_before || service.awaits_connection;
    if (is_up && is_new) {
        verdict.done.push_back(service.name + " is " + service.phase);
        return;
    }
    if (service.phase == "failed") {
        verdict.failed.push_back(sentence_of(service));
        verdict.culprits.push_back(service.name);
        return;
    }
    std::set<std::string> seen;
    const api::ServiceState* const need =
        service.phase == "waiting" ? find_failed_need(state, service, seen) : nullptr;
    if (need == nullptr) {
        verdict.pending.push_back(sentence_of(service));
        return;
    }
    verdict.failed.push_back(service.name + " can not start: " + sentence_of(*need));
    verdict.culprits.push_back(need->name);
}

void judge_stop(const api::ServiceState& service, Verdict& verdict) {
    const bool is_down =
        service.pid == 0 &&
        (service.phase == "stopped" || service.phase == "completed" || service.phase == "failed");
    if (is_down) {
        verdict.done.push_back(service.name + " is " + service.phase);
    } else {
        verdict.pending.push_back(sentence_of(service));
    }
}

}  // namespace

RunNumbers run_numbers(const api::StateMessage& state) {
    RunNumbers runs;
    for (const api::ServiceState& service : state.services)
        runs[service.name] = service.run;
    return runs;
}

Verdict judge_change(const std::string& command,
                     const std::vector<std::string>& services,
                     const RunNumbers& before,
                     const api::StateMessage& state) {
    Verdict verdict;
    for (const std::string& name : services) {
        const api::ServiceState* const service = find_service(state, name);
        if (service == nullptr) {
            verdict.failed.push_back(name + " is not in the project any more");
        } else if (command == "stop") {
            judge_stop(*service, verdict);
        } else {
            const auto run = before.find(name);
            judge_start(*service,
                        state,
                        command == "restart",
                        run == before.end() ? 0 : run->second,
                        verdict);
        }
    }
    return verdict;
}

}  // namespace devstack::cli
