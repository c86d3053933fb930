#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/plan/plan.hpp"

#include <string>

namespace devstack::daemon {

/// Remembers, per service, for which inputs its prepare step has succeeded.
class PrepareStamps {
public:
    explicit PrepareStamps(std::string state_dir) : dir_{std::move(state_dir) + "/prepared"} {}

    struct Answer {
        bool is_needed = false;
        std::string why;  ///< "node_modules is missing", "package-lock.json has changed".
    };
    /// `project_dir`: paths below it are shown relatively.
    Answer check(const core::ServicePlan& service, const std::string& project_dir) const;
    /// Other than before when `check` may have another answer: told without reading the inputs.
    std::string signature_of(const core::ServicePlan& service) const;
    Status record(const core::ServicePlan& service) const;

private:
    std::string file_of(const core::ServicePlan& service) const;

    std::string dir_;
};

}  // namespace devstack::daemon
