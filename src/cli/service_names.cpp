#include "cli/service_names.hpp"

#include "devstack/base/text.hpp"

#include "cli/find_project.hpp"

#include <algorithm>

namespace devstack::cli {

std::vector<std::string> names_of(const core::Plan& plan) {
    std::vector<std::string> names;
    for (const core::ServicePlan& service : plan.services)
        names.push_back(service.name);
    return names;
}

std::vector<std::string> names_of(const core::api::StateMessage& state) {
    std::vector<std::string> names;
    for (const core::api::ServiceState& service : state.services)
        names.push_back(service.name);
    return names;
}

const core::api::ServiceState* find_service(const core::api::StateMessage& state,
                                            const std::string& name) {
    const auto it = std::ranges::find(state.services, name, &core::api::ServiceState::name);
    return it == state.services.end() ? nullptr : &*it;
}

std::string reason_of(const core::api::ServiceState& service) {
    std::string why = sane_text(service.why);
    const std::string head = service.name + " is " + service.phase;
    if (!why.starts_with(head)) return why;
    return why.size() > head.size() + 2 ? why.substr(head.size() + 2) : "";
}

std::string sentence_of(const core::api::ServiceState& service) {
    const std::string reason = reason_of(service);
    const std::string head = service.name + " is " + service.phase;
    return reason.empty() ? head : head + ": " + reason;
}

std::optional<std::string> find_unknown(const std::vector<std::string>& wished,
                                        const std::vector<std::string>& known) {
    for (const std::string& name : wished) {
        if (std::ranges::find(known, name) != known.end()) continue;
        return "there is no service or task " + name + did_you_mean(name, known) + "; known are " +
               join_for_people(known);
    }
    return std::nullopt;
}

std::optional<int> refuse_unknown(client::Connection& connection,
                                  const std::vector<std::string>& wished) {
    if (wished.empty()) return std::nullopt;
    const Result<core::api::StateMessage> state = client::fetch_state(connection);
    if (!state) return fail(state.error());
    const auto unknown = find_unknown(wished, names_of(*state));
    if (!unknown) return std::nullopt;
    complain(*unknown);
    return exit_no_such_service;
}

}  // namespace devstack::cli
