#include "devstack/core/supervisor/recall_plan.hpp"

#include "devstack/core/plan/replace_plan.hpp"

#include <utility>

namespace devstack::core {

namespace {

/// Where the settings are that a run on its way out goes by.
struct Source {
    const Plan* plan;
    ServiceId place;
    bool is_leaving;  ///< It is not in the plan any more.
};

}  // namespace

RecalledPlan recall_plan(Plan in_force,
                         const std::vector<ServiceRecord>& records,
                         const std::function<const Plan*(std::uint32_t number)>& find_plan) {
    in_force.order = in_force.in_order();
    std::vector<KeptId> kept;
    std::vector<Source> sources;
    for (const ServiceRecord& record : records) {
        kept.push_back({record.service, record.id});
        if (record.old_settings == 0 || !is_alive(record.phase)) continue;
        const Plan* plan = find_plan(record.old_settings);
        const auto place = plan == nullptr ? std::nullopt : plan->find(record.service);
        if (!place) continue;
        const bool is_leaving = !in_force.find(record.service).has_value();
        sources.push_back({plan, *place, is_leaving});
        if (!is_leaving) continue;
        // A place for it; what it needs is found when all have one.
        in_force.services.emplace_back().name = record.service;
    }
    RecalledPlan recalled{keep_ids(std::move(in_force), kept), {}};
    for (const Source& source : sources) {
        ServicePlan old = move_to(recalled.plan, *source.plan, source.place);
        if (source.is_leaving) {
            const ServiceId id = *recalled.plan.find(old.name);
            recalled.plan.services[id.index] = std::move(old);
        } else {
            recalled.old_settings.push_back(std::move(old));
        }
    }
    return recalled;
}

}  // namespace devstack::core
