#include "devstack/cli/event_view.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/event_reader.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/project_end.hpp"
#include "cli/reconnect.hpp"
#include "cli/service_names.hpp"

#include <chrono>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

constexpr Duration poll_wait = 30s;

class EventPrinter {
public:
    EventPrinter(bool json, const Terminal& terminal) : json_{json}, terminal_{terminal} {}

    /// False when nobody reads any more.
    bool show(const std::vector<api::EventMessage>& events, std::uint64_t lost) const {
        std::string text;
        if (lost > 0 && json_) text += "{\"lost\":" + std::to_string(lost) + "}\n";
        if (lost > 0 && !json_) {
            text += "... " + std::to_string(lost) + " older events have been removed ...\n";
        }
        const EventLook look{terminal_.has_colour, platform::wall_now()};
        for (const api::EventMessage& event : events) {
            text += json_ ? api::to_text(event) : render_event(event, look);
            text += "\n";
        }
        return text.empty() || print(text);
    }

private:
    bool json_;
    Terminal terminal_;
};

int follow(const ProjectPlace& place,
           client::Connection connection,
           const EventsOptions& options,
           std::uint64_t cursor,
           const EventPrinter& printer) {
    LastingConnection lasting{place.paths.control_socket(), std::move(connection)};
    while (true) {
        const auto answer = lasting.ask<api::EventsMessage>(
            [&](client::Connection& it) {
                api::EventRequest request;
                request.after = cursor;
                request.services = options.services;
                request.wait = poll_wait;
                return client::fetch_events(it, request);
            },
            [&] { return has_ended(place); });
        if (!answer) break;
        if (!*answer) return fail(answer->error());
        const api::EventsMessage& message = **answer;
        if (!printer.show(message.events, message.lost)) return exit_failed;
        cursor = message.cursor;
    }
    // The last words are in the journal.
    project::EventQuery query;
    query.after = cursor;
    query.services = options.services;
    const auto rest = project::read_events(place.paths.state_dir, query);
    if (rest) printer.show(rest->events, rest->lost);
    return exit_done;
}

}  // namespace

int run_events(const Common& common, const EventsOptions& options) {
    Result<ProjectPlace> place = find_project(common);
    if (!place) return fail(place.error());
    project::EventQuery query;
    query.tail = options.tail;
    query.services = options.services;
    const Result<project::EventAnswer> past = project::read_events(place->paths.state_dir, query);
    if (!past) return fail(past.error());
    const EventPrinter printer{options.json, examine_terminal(STDOUT_FILENO, common.colour)};
    if (!printer.show(past->events, 0)) return exit_failed;
    if (!options.follow) return exit_done;

    Result<RunningProject> running = reach_project(common);
    if (!running) return fail(running.error());
    if (const auto code = refuse_unknown(running->connection, options.services)) return *code;
    return follow(*place, std::move(running->connection), options, past->cursor, printer);
}

}  // namespace devstack::cli
