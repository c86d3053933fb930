#include "devstack/core/plan/replace_plan.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/core/plan/secrets.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace devstack::core {

namespace {

using Ids = std::map<std::string, ServiceId>;

/// The needs and companions of `service`, which name places in `source`, by the ids of their names.
void redirect(ServicePlan& service, const Plan& source, const Ids& ids) {
    const auto id_of = [&](ServiceId place) -> std::optional<ServiceId> {
        const auto found = ids.find(source.services[place.index].name);
        if (found == ids.end()) return std::nullopt;
        return found->second;
    };
    std::vector<Need> needs;
    for (const Need& need : service.needs) {
        if (const auto id = id_of(need.service)) needs.push_back({*id, need.condition});
    }
    service.needs = std::move(needs);
    std::vector<ServiceId> companions;
    for (const ServiceId companion : service.restart_with) {
        if (const auto id = id_of(companion)) companions.push_back(*id);
    }
    service.restart_with = std::move(companions);
}

/// Puts each service of `next` where `ids` says, among those in `places`.
Plan arrange(Plan next, const Ids& ids, std::vector<ServicePlan> places) {
    const std::vector<ServiceId> order = next.in_order();
    for (ServicePlan service : next.services) {
        redirect(service, next, ids);
        places[ids.at(service.name).index] = std::move(service);
    }
    next.order.clear();
    for (const ServiceId place : order)
        next.order.push_back(ids.at(next.services[place.index].name));
    next.services = std::move(places);
    return next;
}

Ids ids_in(const Plan& plan) {
    Ids ids;
    for (std::size_t i = 0; i < plan.services.size(); ++i)
        ids.emplace(plan.services[i].name, ServiceId{i});
    ids.erase("");
    return ids;
}

}  // namespace

Plan replace_plan(const Plan& running, Plan next) {
    Ids ids = ids_in(running);
    std::vector<ServicePlan> places = running.services;
    for (const ServiceId place : next.in_order()) {
        const bool is_new =
            ids.emplace(next.services[place.index].name, ServiceId{places.size()}).second;
        if (is_new) places.emplace_back();
    }
    next.frees_ports = running.frees_ports;
    // What a process of the plan before has been given may still turn up in what it writes.
    next.secrets = join_secrets(running.secrets, next.secrets);
    return arrange(std::move(next), ids, std::move(places));
}

Plan keep_ids(Plan plan, const std::vector<KeptId>& kept) {
    std::set<std::size_t> taken;
    Ids ids;
    for (const KeptId& it : kept) {
        const bool is_there = plan.find(it.service).has_value() && !ids.contains(it.service);
        const bool is_sane = it.id.index < limits::service_ids_max;
        if (is_there && is_sane && taken.insert(it.id.index).second) ids.emplace(it.service, it.id);
    }
    std::size_t count = taken.empty() ? 0 : *taken.rbegin() + 1;
    for (const ServicePlan& service : plan.services) {
        if (ids.emplace(service.name, ServiceId{count}).second) ++count;
    }
    return arrange(std::move(plan), ids, std::vector<ServicePlan>(count));
}

ServicePlan move_to(const Plan& plan, const Plan& source, ServiceId service) {
    ServicePlan moved = source.services[service.index];
    redirect(moved, source, ids_in(plan));
    return moved;
}

}  // namespace devstack::core
