#pragma once

#include "devstack/core/plan/plan.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// What a reload makes of one service.
struct ServiceChange {
    enum class Kind {
        changed,   ///< Its process has to be replaced.
        adjusted,  ///< Only what devstack itself goes by differs: its process stays.
        added,
        removed,
    };

    std::string service;
    Kind kind = Kind::changed;
    /// For people: "command changed", "environment DATABASE_URL changed". Names, never values:
    /// these may be secrets. Empty for what is added or removed.
    std::vector<std::string> reasons;

    bool operator==(const ServiceChange&) const = default;
};

struct PlanComparison {
    /// Settings of the whole project that can not change while it runs, as sentences: "`name` in
    /// [project] can not change from shop to store while the project runs". With one of these the
    /// plan must not be replaced.
    std::vector<std::string> refused;
    std::vector<ServiceChange> changes;  ///< In the order of the next plan; removed ones last.
    std::size_t unchanged = 0;           ///< Services that stay as they are.

    const ServiceChange* find(const std::string& service) const;
    /// The process of a service that is in both plans has to be replaced for this reason, too.
    void add_reason(const std::string& service, std::string reason);
};

/// What has to be done to get from `running` to `next`. Services are the same when their names are;
/// what has gone from `running` before counts as not there.
PlanComparison compare_plans(const Plan& running, const Plan& next);

/// "reloaded 2 services (api: command changed; web: environment PORT added), 1 added (worker), 5
/// unchanged"; `verb` is its first word.
std::string describe(const PlanComparison& comparison, std::string_view verb = "reloaded");

}  // namespace devstack::core
