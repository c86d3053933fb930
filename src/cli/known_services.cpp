#include "cli/known_services.hpp"

#include "devstack/project/load_profile.hpp"

#include <algorithm>

namespace devstack::cli {

namespace {

namespace api = core::api;

Result<api::StateMessage> ask_daemon(const ProjectPlace& place, Duration timeout) {
    Result<client::Connection> connection = client::Connection::open(place.paths.control_socket());
    if (!connection) return std::move(connection).error();
    const Result<client::Reply> reply = connection->get("/v1/state", timeout);
    if (!reply) return reply.error();
    if (const Status good = client::check_reply(*reply); !good) return good.error();
    return api::parse_state(reply->body);
}

/// The one that it was started with, if that is known.
Result<std::string> find_profile_of(const ProjectPlace& place) {
    const auto registered = project::registered_projects();
    const auto it = std::ranges::find(
        registered, place.paths.project_dir, &project::RegisteredProject::project_dir);
    if (it != registered.end() && !it->profile.empty()) return it->profile;
    return project::find_profile(place.paths.project_dir, std::nullopt);
}

}  // namespace

std::vector<KnownService> services_in(const core::Profile& profile) {
    std::vector<KnownService> services;
    for (const core::ServiceSetting& it : profile.services) {
        const bool is_task = it.kind == core::ServiceKind::task;
        services.push_back({it.name, is_task ? "task" : "service", ""});
    }
    return services;
}

std::vector<KnownService> find_known_services(const ProjectPlace& place, Duration timeout) {
    if (const Result<api::StateMessage> state = ask_daemon(place, timeout)) {
        std::vector<KnownService> services;
        for (const api::ServiceState& it : state->services)
            services.push_back({it.name, it.kind, it.phase});
        return services;
    }
    const Result<std::string> path = find_profile_of(place);
    if (!path) return {};
    const Result<core::Profile> profile = project::load_profile(*path);
    return profile ? services_in(*profile) : std::vector<KnownService>{};
}

}  // namespace devstack::cli
