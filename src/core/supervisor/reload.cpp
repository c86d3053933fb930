#include "devstack/base/assert.hpp"
#include "devstack/base/text.hpp"
#include "devstack/core/plan/compare_plans.hpp"
#include "devstack/core/supervisor/supervisor.hpp"

#include <algorithm>
#include <utility>

// Another plan takes the place of the one that runs. Ids stay, so nothing that is under way has to
// be told. A service whose process is replaced is two things for a while: the run that ends, with
// the settings that it was started with (`outgoing`), and what the plan says that comes next. One
// that has gone from the profile keeps its place, its phase and its settings until it has ended.

namespace devstack::core {

void Supervisor::take_plan(Plan plan) {
    plan_ = std::move(plan);
    services_.resize(plan_.services.size());
}

/// Who comes after whom, among all that is in the plan or still on its way out of it.
void Supervisor::take_order() {
    order_ = plan_.in_order();
    std::vector<bool> is_known(services_.size());
    for (const ServiceId id : order_) {
        is_known[id.index] = true;
        for (const Need& need : plan_.services[id.index].needs)
            DEVSTACK_ASSERT(is_known[need.service.index], "a plan is in dependency order");
    }
    for (std::size_t i = 0; i < services_.size(); ++i) {
        if (services_[i].is_leaving && !is_known[i]) order_.push_back({i});
    }
    take_dependents();
}

/// What ends is a dependent of what it was started with.
void Supervisor::take_dependents() {
    dependents_.assign(services_.size(), {});
    for (const ServiceId id : order_) {
        for (const Need& need : spec(id).needs)
            dependents_[need.service.index].push_back(id);
    }
}

std::optional<ServiceId> Supervisor::find(const std::string& name) const {
    const auto id = plan_.find(name);
    if (!id || std::ranges::find(order_, *id) == order_.end()) return std::nullopt;
    return id;
}

void Supervisor::on(const PlanReplaced& command) {
    if (is_shutting_down_) return;
    const PlanComparison& comparison = command.comparison;
    DEVSTACK_ASSERT(comparison.refused.empty(), "the plan is one of the same project");
    const Plan before = std::exchange(plan_, {});
    take_plan(command.plan);
    std::vector<ServiceId> added;
    for (std::size_t i = 0; i < services_.size(); ++i) {
        touch({i});
        services_[i].watch_suspended.clear();
        services_[i].quick_changes = 0;
    }
    // First all get the settings that they end with, so that no decision sees half of it.
    for (const ServiceChange& change : comparison.changes) {
        const ServiceId id = *plan_.find(change.service);
        Service& service = at(id);
        const bool was_there = id.index < before.services.size();
        if (!was_there || !is_alive(service.phase)) continue;
        if (change.kind == ServiceChange::Kind::adjusted) continue;
        if (service.old_settings == 0) service.old_settings = before.number;
        if (change.kind == ServiceChange::Kind::removed || service.outgoing) continue;
        service.outgoing = before.services[id.index];
    }
    for (const ServiceChange& change : comparison.changes) {
        const ServiceId id = *plan_.find(change.service);
        const std::string why = "the profile has changed: " + join(change.reasons, ", ");
        switch (change.kind) {
            case ServiceChange::Kind::changed: replace(id, why); break;
            case ServiceChange::Kind::adjusted: adjust(id, why); break;
            case ServiceChange::Kind::added: added.push_back(id); break;
            case ServiceChange::Kind::removed: remove(id); break;
        }
    }
    take_order();
    request_what_is_new(added);
    out_.events.push_back(ProjectChanged{"reloaded", describe(comparison)});
}

/// It starts anew with what the plan says now, if anybody wants it.
void Supervisor::replace(ServiceId id, const std::string& why) {
    Service& service = at(id);
    if (is_alive(service.phase)) {
        if (is_wanted(id)) ask_again(id);
        return begin_stop(id, is_wanted(id) ? Stopping::Then::restart : Stopping::Then::rest, why);
    }
    // A task that has run does so again when something needs it, or somebody asks.
    if (std::holds_alternative<Completed>(service.phase) && spec(id).kind == ServiceKind::task) {
        service.is_requested = false;
    }
    // Who waits for a connection does so on the sockets that the plan had.
    const bool is_waiting =
        std::holds_alternative<Stopped>(service.phase) ||
        (std::holds_alternative<Waiting>(service.phase) && !waits_for_connection(id));
    if (!is_waiting) enter(id, Stopped{}, why);
    if (is_wanted(id)) ask_again(id);
}

/// What devstack goes by has changed, and its process does not know: questions are asked anew.
void Supervisor::adjust(ServiceId id, const std::string& why) {
    const auto run = run_of(phase(id));
    out_.events.push_back(Noticed{id, run ? run->number : 0, Noticed::Kind::adjusted, why});
    const Phase was = phase(id);
    if (const auto* ready = std::get_if<Ready>(&was)) {
        Ready again = *ready;
        again.next_probe.reset();
        resume(again, id, again.pid);
    } else if (const auto* sick = std::get_if<Unhealthy>(&was)) {
        if (spec(id).health) return resume(Unhealthy{*sick}, id, sick->pid);
        enter(id, Ready{sick->run, sick->pid, sick->since}, "it has no health check any more");
    } else if (const auto* starting = std::get_if<Starting>(&was)) {
        if (starting->step != Starting::Step::probing) return;
        Starting again = *starting;
        again.deadline = again.since + spec(id).start_timeout;
        again.next_probe.reset();
        again.ready_at.reset();
        resume(again, id, again.pid);
    }
}

void Supervisor::remove(ServiceId id) {
    at(id).is_requested = false;
    at(id).is_leaving = true;  // Until the end of this step at least: see forget_what_has_left.
}

/// All that is new, and all that is needed by what is wanted and that nobody had asked for. A task
/// that nobody needs runs when somebody asks for it.
void Supervisor::request_what_is_new(const std::vector<ServiceId>& added) {
    for (const ServiceId id : added) {
        Service& service = at(id);
        service.is_leaving = false;
        service.is_requested = spec(id).kind == ServiceKind::service;
        if (is_alive(service.phase)) {
            begin_stop(id,
                       service.is_requested ? Stopping::Then::restart : Stopping::Then::rest,
                       "it is in the profile again");
        } else {
            if (!std::holds_alternative<Stopped>(service.phase)) {
                enter(id, Stopped{}, "it is in the profile again");
            }
            if (service.is_requested) ask_again(id);
            service.why = "it is new in the profile";
        }
    }
    std::vector<ServiceId> wanted;
    for (const ServiceId id : order_) {
        if (at(id).is_requested) wanted.push_back(id);
    }
    const std::vector<bool> needed = with_needs(wanted);
    for (const ServiceId id : order_) {
        if (needed[id.index] && !at(id).is_requested) ask_again(id);
    }
}

/// What has gone from the profile is forgotten when nothing of it is left.
void Supervisor::forget_what_has_left() {
    bool has_left = false;
    for (const ServiceId id : order_) {
        Service& service = at(id);
        if (!service.is_leaving || is_alive(service.phase)) continue;
        service.is_leaving = false;
        has_left = true;
    }
    if (has_left) take_order();
}

}  // namespace devstack::core
