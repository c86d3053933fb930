#include "devstack/base/text.hpp"
#include "devstack/cli/log_view.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/log_reader.hpp"
#include "devstack/project/saved_secrets.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"
#include "cli/local_moment.hpp"
#include "cli/project_end.hpp"
#include "cli/reconnect.hpp"
#include "cli/service_names.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

constexpr Duration poll_wait = 30s;
/// Without a wish: enough to see what goes on, not so much that it can not be read.
constexpr std::size_t default_tail = 200;

class LogPrinter {
public:
    LogPrinter(const std::vector<std::string>& services,
               const LogsOptions& options,
               const Terminal& terminal)
        : is_json_{options.json},
          look_{options.no_prefix ? 0 : prefix_width_for(services),
                options.timestamps,
                terminal.has_colour} {}

    /// False when nobody reads any more.
    bool show(const std::vector<core::LogLine>& lines,
              const std::vector<core::LogGap>& gaps) const {
        std::string text;
        for_each_in_order(lines, gaps, [&](const auto& entry) {
            text += is_json_ ? to_json(entry) : render(entry);
            text += "\n";
        });
        return text.empty() || print(text);
    }

private:
    std::string render(const core::LogLine& line) const { return render_log_line(line, look_); }
    std::string render(const core::LogGap& gap) const { return render_log_gap(gap, look_); }
    static std::string to_json(const core::LogLine& line) { return api::to_text(line); }
    /// Its place is the one where it stands.
    static std::string to_json(core::LogGap gap) {
        gap.lines_before = 0;
        return api::to_text(gap);
    }

    bool is_json_;
    LogLook look_;
};

Result<std::optional<std::size_t>> parse_tail(const LogsOptions& options) {
    if (options.tail == "all") return std::optional<std::size_t>{};
    if (options.tail.empty()) {
        // Who says what they want gets all of it.
        const bool is_narrowed =
            !options.since.empty() || !options.until.empty() || !options.pattern.empty();
        return is_narrowed ? std::nullopt : std::optional<std::size_t>{default_tail};
    }
    std::size_t count = 0;
    const char* const end = options.tail.data() + options.tail.size();
    const auto result = std::from_chars(options.tail.data(), end, count);
    if (result.ec != std::errc{} || result.ptr != end) {
        return Error{Error::Kind::invalid,
                     "-n: expected a number of lines or \"all\", found \"" + options.tail + "\""};
    }
    return std::optional<std::size_t>{count};
}

Result<project::LogQuery> make_query(const LogsOptions& options,
                                     const std::vector<std::string>& services) {
    project::LogQuery query;
    query.now = platform::wall_now();
    query.services = services;
    query.pattern = options.pattern;
    if (options.only_output) query.stream = core::LogStream::standard_output;
    if (options.only_error) query.stream = core::LogStream::standard_error;
    const Result<std::optional<std::size_t>> tail = parse_tail(options);
    if (!tail) return tail.error();
    query.tail = *tail;
    if (!options.since.empty()) {
        const Result<WallTime> since = parse_local_moment(options.since, query.now);
        if (!since) return with_context("--since", since.error());
        query.since = *since;
    }
    if (!options.until.empty()) {
        const Result<WallTime> until = parse_local_moment(options.until, query.now);
        if (!until) return with_context("--until", until.error());
        query.until = *until;
    }
    query.lines_max = core::limits::answer_entries_max;
    return query;
}

/// From the files themselves, which are there whether anything runs or not. Returns where a
/// follower goes on.
Result<core::LogCursor> show_past(const ProjectPlace& place,
                                  project::LogQuery query,
                                  const LogPrinter& printer) {
    query.secrets = project::load_saved_secrets(place.paths.state_dir);
    while (true) {
        Result<project::LogAnswer> answer = project::read_logs(place.paths.log_dir, query);
        if (!answer) return std::move(answer).error();
        if (!printer.show(answer->lines, answer->gaps)) {
            return Error{Error::Kind::system, "nobody reads the output any more"};
        }
        query.after = std::move(answer->cursor);
        query.tail.reset();
        if (answer->is_complete) return *query.after;
    }
}

api::LogRequest make_request(const project::LogQuery& query, const core::LogCursor& cursor) {
    api::LogRequest request;
    request.services = query.services;
    request.after = cursor;
    request.since = query.since;
    request.until = query.until;
    request.stream = query.stream;
    request.pattern = query.pattern;
    request.wait = poll_wait;
    return request;
}

int follow(const ProjectPlace& place,
           client::Connection connection,
           project::LogQuery query,
           core::LogCursor cursor,
           const LogPrinter& printer) {
    LastingConnection lasting{place.paths.control_socket(), std::move(connection)};
    while (!query.until || platform::wall_now() < *query.until) {
        const auto answer = lasting.ask<api::LogsMessage>(
            [&](client::Connection& it) {
                return client::fetch_logs(it, make_request(query, cursor));
            },
            [&] { return has_ended(place); });
        if (!answer) break;
        if (!*answer) return fail(answer->error());
        const api::LogsMessage& message = **answer;
        if (!printer.show(message.lines, message.gaps)) return exit_failed;
        const auto next = core::LogCursor::parse(message.cursor);
        if (!next) return fail({Error::Kind::system, "the daemon's cursor makes no sense"});
        cursor = *next;
    }
    // What was written while the daemon went; an unfinished line will not get its end any more.
    query.after = cursor;
    query.tail.reset();
    query.now = platform::wall_now() + core::limits::partial_line_delay;
    const Result<core::LogCursor> rest = show_past(place, query, printer);
    return rest ? exit_done : fail(rest.error());
}

/// The services that the project has, running or not.
std::vector<std::string> known_services(const ProjectPlace& place,
                                        std::optional<client::Connection>& connection) {
    std::vector<std::string> known = project::find_logged_services(place.paths.log_dir);
    if (!connection) return known;
    const Result<api::StateMessage> state = client::fetch_state(*connection);
    if (!state) return known;
    for (const std::string& name : names_of(*state)) {
        if (std::ranges::find(known, name) == known.end()) known.push_back(name);
    }
    return known;
}

}  // namespace

int run_logs(const Common& common, const LogsOptions& options) {
    const Result<ProjectPlace> place = find_project(common);
    if (!place) return fail(place.error());
    std::optional<client::Connection> connection;
    if (auto opened = client::Connection::open(place->paths.control_socket())) {
        connection = std::move(*opened);
    }
    const std::vector<std::string> known = known_services(*place, connection);
    if (const auto unknown = find_unknown(options.services, known)) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const std::vector<std::string>& services = options.services.empty() ? known : options.services;
    Result<project::LogQuery> query = make_query(options, services);
    if (!query) return fail(query.error());
    const LogPrinter printer{services, options, examine_terminal(STDOUT_FILENO, common.colour)};
    Result<core::LogCursor> cursor = show_past(*place, *query, printer);
    if (!cursor) return fail(cursor.error());
    if (!options.follow) return exit_done;
    if (!connection) {
        return fail({Error::Kind::not_found,
                     place->shown_name() + " is not running: there is nothing to follow"});
    }
    return follow(*place, std::move(*connection), std::move(*query), std::move(*cursor), printer);
}

}  // namespace devstack::cli
