#pragma once

#include "devstack/core/plan/plan.hpp"
#include "devstack/core/supervisor/record.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace devstack::core {

/// What a supervisor goes on with in the place of an earlier one.
struct RecalledPlan {
    Plan plan;
    std::vector<ServicePlan> old_settings;  ///< See Resume.
};

/// The plan of the inputs that are in force, as the earlier supervisor had it: with its ids, and
/// with those that are on their way out of it. `find_plan` makes the plan of earlier inputs (see
/// Plan::number); nullptr when they are lost. What it gives must live as long as the call.
RecalledPlan recall_plan(Plan in_force,
                         const std::vector<ServiceRecord>& records,
                         const std::function<const Plan*(std::uint32_t number)>& find_plan);

}  // namespace devstack::core
