#include "devstack/core/plan/plan.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace devstack::core {

bool ServicePlan::has_sockets() const {
    return std::ranges::any_of(ports, &DeclaredPort::is_socket);
}

const DeclaredPort* ServicePlan::first_own_port() const {
    const auto found = std::ranges::find_if_not(ports, &DeclaredPort::is_socket);
    return found == ports.end() ? nullptr : &*found;
}

bool ServicePlan::notifies() const {
    const bool says_ready = ready_sign && std::holds_alternative<NotifySign>(*ready_sign);
    return says_ready || watchdog > Duration::zero();
}

std::optional<ServiceId> Plan::find(const std::string& name) const {
    const auto found =
        std::find_if(services.begin(), services.end(), [&](const ServicePlan& service) {
            return service.name == name;
        });
    if (found == services.end()) return std::nullopt;
    return ServiceId{static_cast<std::size_t>(found - services.begin())};
}

std::vector<ServiceId> Plan::in_order() const {
    if (!order.empty()) return order;
    std::vector<ServiceId> all;
    all.reserve(services.size());
    for (std::size_t i = 0; i < services.size(); ++i)
        all.push_back({i});
    return all;
}

std::vector<std::string> complete_environment(const Plan& plan, const ServicePlan& service) {
    const auto is_before = [](const std::string& a, const std::string& b) {
        const auto name_of = [](const std::string& it) {
            return std::string_view{it}.substr(0, it.find('='));
        };
        return name_of(a) < name_of(b);
    };
    std::vector<std::string> environment;
    environment.reserve(plan.environment.size() + service.environment.size());
    // Of two of the same name it takes the one of the first range.
    std::ranges::set_union(
        service.environment, plan.environment, std::back_inserter(environment), is_before);
    return environment;
}

}  // namespace devstack::core
