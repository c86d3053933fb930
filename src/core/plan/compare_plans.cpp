#include "devstack/core/plan/compare_plans.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace devstack::core {

namespace {

/// One service in the plan that runs and in the one that comes.
struct Pair {
    const Plan& running_plan;
    const Plan& next_plan;
    const ServicePlan& running;
    const ServicePlan& next;
};

template <auto member>
bool same(const Pair& it) {
    return it.running.*member == it.next.*member;
}

template <auto member>
bool same_of_process(const Pair& it) {
    return it.running.process.*member == it.next.process.*member;
}

/// By names: ids mean something within their plan alone.
std::map<std::string, NeedCondition> needs_of(const Plan& plan, const ServicePlan& service) {
    std::map<std::string, NeedCondition> needs;
    for (const Need& need : service.needs)
        needs.emplace(plan.services[need.service.index].name, need.condition);
    return needs;
}

bool same_needs(const Pair& it) {
    return needs_of(it.running_plan, it.running) == needs_of(it.next_plan, it.next);
}

std::vector<std::string> companions_of(const Plan& plan, const ServicePlan& service) {
    std::vector<std::string> names;
    for (const ServiceId id : service.restart_with)
        names.push_back(plan.services[id.index].name);
    std::ranges::sort(names);
    return names;
}

bool same_companions(const Pair& it) {
    return companions_of(it.running_plan, it.running) == companions_of(it.next_plan, it.next);
}

/// Whether it is told where to say how it is.
bool same_notify(const Pair& it) {
    return it.running.notifies() == it.next.notifies();
}

/// A setting, by the key that people know it by.
struct Row {
    std::string_view key;
    bool (*is_same)(const Pair&);
    /// The process was given it at its start, so that another one is needed.
    bool is_of_process = true;
};

constexpr Row rows[] = {
    {"kind", same<&ServicePlan::kind>},
    {"command", same<&ServicePlan::command>},
    {"working_dir", same<&ServicePlan::working_dir>},
    {"port", same<&ServicePlan::ports>},
    {"prepare", same<&ServicePlan::prepare>},
    {"ready.notify", same_notify},
    {"watchdog", same<&ServicePlan::watchdog>},
    {"on_demand", same<&ServicePlan::on_demand>},
    {"user", same_of_process<&ProcessSettings::identity>},
    {"umask", same_of_process<&ProcessSettings::umask>},
    {"ulimits", same_of_process<&ProcessSettings::limits>},
    {"nice", same_of_process<&ProcessSettings::nice>},
    {"oom_score_adj", same_of_process<&ProcessSettings::oom_score_adj>},
    {"cap_add or cap_drop", same_of_process<&ProcessSettings::capabilities>},
    {"no_new_privileges", same_of_process<&ProcessSettings::no_new_privileges>},
    {"tty", same_of_process<&ProcessSettings::terminal>},
    {"stdin_open", same_of_process<&ProcessSettings::stdin_open>},
    {"mem_limit, cpus or pids_limit", same_of_process<&ProcessSettings::cgroup>},
    {"depends_on", same_needs, false},
    {"restart_with", same_companions, false},
    {"restart", same<&ServicePlan::restart>, false},
    {"ready", same<&ServicePlan::ready>, false},
    {"ready.log", same<&ServicePlan::ready_sign>, false},
    {"health", same<&ServicePlan::health>, false},
    {"start_timeout", same<&ServicePlan::start_timeout>, false},
    {"stop_timeout", same<&ServicePlan::stop_timeout>, false},
    {"stop_signal", same<&ServicePlan::stop_signal>, false},
    {"dump_signal", same<&ServicePlan::dump_signal>, false},
    {"success_exit_codes", same<&ServicePlan::success_exit_codes>, false},
    {"watch", same<&ServicePlan::watch>, false},
};

using Variables = std::map<std::string, std::string>;

Variables variables_of(const Plan& plan, const ServicePlan& service) {
    Variables variables;
    for (const std::string& line : complete_environment(plan, service)) {
        const std::size_t equals = line.find('=');
        variables.emplace(line.substr(0, equals),
                          equals == std::string::npos ? "" : line.substr(equals + 1));
    }
    return variables;
}

void add_reason(const std::vector<std::string>& names,
                std::string_view verb,
                std::vector<std::string>& reasons) {
    if (names.empty()) return;
    reasons.push_back("environment " + join_for_people(names) + " " + std::string{verb});
}

void compare_environments(const Pair& pair, std::vector<std::string>& reasons) {
    // Nearly always nothing has changed: told without taking it all apart.
    if (pair.running.environment == pair.next.environment &&
        pair.running_plan.environment == pair.next_plan.environment) {
        return;
    }
    const Variables before = variables_of(pair.running_plan, pair.running);
    const Variables after = variables_of(pair.next_plan, pair.next);
    std::vector<std::string> changed;
    std::vector<std::string> added;
    std::vector<std::string> removed;
    for (const auto& [name, value] : after) {
        const auto found = before.find(name);
        if (found == before.end()) {
            added.push_back(name);
        } else if (found->second != value) {
            changed.push_back(name);
        }
    }
    for (const auto& [name, value] : before) {
        if (!after.contains(name)) removed.push_back(name);
    }
    add_reason(changed, "changed", reasons);
    add_reason(added, "added", reasons);
    add_reason(removed, "removed", reasons);
}

ServiceChange compare(const Pair& pair) {
    ServiceChange change{pair.next.name, ServiceChange::Kind::adjusted, {}};
    std::vector<std::string> of_devstack;
    for (const Row& row : rows) {
        if (row.is_same(pair)) continue;
        auto& reasons = row.is_of_process ? change.reasons : of_devstack;
        reasons.push_back(std::string{row.key} + " changed");
    }
    compare_environments(pair, change.reasons);
    if (!change.reasons.empty()) change.kind = ServiceChange::Kind::changed;
    change.reasons.insert(change.reasons.end(), of_devstack.begin(), of_devstack.end());
    return change;
}

std::string word_of(Mode mode) {
    return mode == Mode::host ? "host" : "development";
}

std::string word_of(OnKeeperDeath choice) {
    return choice == OnKeeperDeath::keep ? "keep" : "stop";
}

std::string describe(const std::optional<ApiListener>& api) {
    return api ? api->address + " port " + to_string(api->port) : "none";
}

void compare_projects(const Plan& running, const Plan& next, std::vector<std::string>& refused) {
    const auto refuse = [&](std::string_view what, const std::string& from, const std::string& to) {
        if (from == to) return;
        refused.push_back(std::string{what} + " can not change from " + from + " to " + to +
                          " while the project runs");
    };
    refuse("`name` in [project]", running.project, next.project);
    refuse("`mode` in [project]", word_of(running.mode), word_of(next.mode));
    // What is left out follows the mode.
    if (running.mode == next.mode) {
        refuse("`on_keeper_death` in [project]",
               word_of(running.on_keeper_death),
               word_of(next.on_keeper_death));
    }
    refuse("`listen` in [api]", describe(running.api), describe(next.api));
    refuse("the project's directory", running.project_dir, next.project_dir);
}

std::string describe(const PlanComparison& comparison, ServiceChange::Kind kind) {
    std::vector<std::string> parts;
    for (const ServiceChange& it : comparison.changes) {
        if (it.kind != kind) continue;
        parts.push_back(it.reasons.empty() ? it.service
                                           : it.service + ": " + join(it.reasons, ", "));
    }
    const bool is_named_only =
        kind == ServiceChange::Kind::added || kind == ServiceChange::Kind::removed;
    return join(parts, is_named_only ? ", " : "; ");
}

std::size_t count(const PlanComparison& comparison, ServiceChange::Kind kind) {
    return static_cast<std::size_t>(
        std::ranges::count(comparison.changes, kind, &ServiceChange::kind));
}

}  // namespace

const ServiceChange* PlanComparison::find(const std::string& service) const {
    const auto found = std::ranges::find(changes, service, &ServiceChange::service);
    return found == changes.end() ? nullptr : &*found;
}

void PlanComparison::add_reason(const std::string& service, std::string reason) {
    auto found = std::ranges::find(changes, service, &ServiceChange::service);
    if (found == changes.end()) {
        --unchanged;
        found = changes.insert(found, {service, ServiceChange::Kind::changed, {}});
    }
    if (found->kind == ServiceChange::Kind::adjusted) found->kind = ServiceChange::Kind::changed;
    found->reasons.push_back(std::move(reason));
}

PlanComparison compare_plans(const Plan& running, const Plan& next) {
    PlanComparison result;
    compare_projects(running, next, result.refused);
    std::map<std::string, ServiceId> before;
    for (const ServiceId id : running.in_order())
        before.emplace(running.services[id.index].name, id);
    for (const ServiceId id : next.in_order()) {
        const ServicePlan& service = next.services[id.index];
        const auto found = before.find(service.name);
        if (found == before.end()) {
            result.changes.push_back({service.name, ServiceChange::Kind::added, {}});
            continue;
        }
        ServiceChange change =
            compare({running, next, running.services[found->second.index], service});
        before.erase(found);
        if (change.reasons.empty()) {
            ++result.unchanged;
        } else {
            result.changes.push_back(std::move(change));
        }
    }
    for (const ServiceId id : running.in_order()) {
        const std::string& name = running.services[id.index].name;
        if (!before.contains(name)) continue;
        result.changes.push_back({name, ServiceChange::Kind::removed, {}});
    }
    return result;
}

std::string describe(const PlanComparison& comparison, std::string_view verb) {
    using Kind = ServiceChange::Kind;
    const auto changed = count(comparison, Kind::changed);
    std::string text = std::string{verb} + " " + count_of(changed, "service");
    if (changed > 0) text += " (" + describe(comparison, Kind::changed) + ")";
    for (const auto& [kind, word] : {std::pair{Kind::adjusted, "adjusted without a restart"},
                                     std::pair{Kind::added, "added"},
                                     std::pair{Kind::removed, "removed"}}) {
        const std::size_t some = count(comparison, kind);
        if (some == 0) continue;
        text += ", " + std::to_string(some) + " " + word + " (" + describe(comparison, kind) + ")";
    }
    return text + ", " + std::to_string(comparison.unchanged) + " unchanged";
}

}  // namespace devstack::core
