#pragma once

#include "devstack/core/plan/plan.hpp"

#include <string>
#include <vector>

namespace devstack::core {

/// `next`, with the ids that services of the same name have in `running`. What is new gets an id
/// that nothing has had before; what `next` does not have stays, outside of the order, with the
/// settings that it has in `running`.
Plan replace_plan(const Plan& running, Plan next);

/// A service and the id that it had.
struct KeptId {
    std::string service;
    ServiceId id;
};

/// `plan` with these ids, as the supervisor before this one had given them: what the keeper knows
/// of its children goes by them. Ids of which no service is known any more stay unused. Ids that
/// can not be (two services with the same) count as not kept.
Plan keep_ids(Plan plan, const std::vector<KeptId>& kept);

/// Settings of `service` as `source` has them, for a place in `plan`: needs that are not there are
/// left out.
ServicePlan move_to(const Plan& plan, const Plan& source, ServiceId service);

}  // namespace devstack::core
