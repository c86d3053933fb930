#pragma once

#include "devstack/core/plan/compare_plans.hpp"
#include "devstack/core/supervisor/supervisor.hpp"
#include "devstack/project/load_plan.hpp"

#include "daemon/prepare_stamp.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace devstack::daemon {

/// What a reload would do, for those who look: which services run with something else than what the
/// profile, the env files and the inputs of their prepare steps say now. Looks when it is asked,
/// and reads a file again only when it may have changed.
class Staleness {
public:
    /// What differs from the plan that runs; nothing while the profile has mistakes.
    const core::PlanComparison& look(const core::Plan& running, const project::LoadRequest& load);

    /// Of a service that has a process; empty when it is up to date.
    std::vector<std::string> reasons_of(const core::Supervisor& supervisor,
                                        core::ServiceId service,
                                        const core::PlanComparison& comparison,
                                        const PrepareStamps& stamps);
    /// Of these the one about its prepare step; empty when that need not run again.
    std::string look_at_inputs(const core::Supervisor& supervisor,
                               core::ServiceId service,
                               const PrepareStamps& stamps);

private:
    struct Answer {
        std::string signature;
        std::string reason;
    };

    core::PlanComparison comparison_;
    std::uint32_t number_ = 0;        ///< Of the plan that was compared.
    std::vector<std::string> files_;  ///< That its newest version is made from.
    std::string signature_;
    std::map<std::string, Answer> of_inputs_;
};

}  // namespace devstack::daemon
