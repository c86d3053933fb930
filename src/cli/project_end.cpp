#include "cli/project_end.hpp"

#include "devstack/project/event_reader.hpp"

namespace devstack::cli {

bool has_ended(const ProjectPlace& place) {
    const auto connection = client::Connection::open(place.paths.control_socket());
    if (connection || !means_not_running(connection.error())) return false;
    project::EventQuery query;
    query.tail = 1;
    const auto answer = project::read_events(place.paths.state_dir, query);
    if (!answer || answer->events.empty()) return false;
    const core::api::EventMessage& last = answer->events.back();
    return last.kind == "project" && last.to == "stopped";
}

}  // namespace devstack::cli
