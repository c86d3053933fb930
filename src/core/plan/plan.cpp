#include "devstack/core/plan/plan.hpp"

#include <algorithm>

namespace devstack::core {

std::optional<ServiceId> Plan::find(const std::string& name) const {
    const auto found =
        std::find_if(services.begin(), services.end(), [&](const ServicePlan& service) {
            return service.name == name;
        });
    if (found == services.end()) return std::nullopt;
    return ServiceId{static_cast<std::size_t>(found - services.begin())};
}

}  // namespace devstack::core
