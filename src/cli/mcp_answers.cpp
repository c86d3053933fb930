#include "cli/mcp_answers.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/event_view.hpp"
#include "devstack/cli/log_view.hpp"
#include "devstack/core/doctor/finding.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/diagnosis/collect_facts.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/project/crash_records.hpp"
#include "devstack/project/load_plan.hpp"
#include "devstack/project/project_paths.hpp"

#include "cli/change_verdict.hpp"
#include "cli/doctor_view.hpp"
#include "cli/find_project.hpp"
#include "cli/service_names.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>

namespace devstack::cli {

namespace api = core::api;
using core::mcp::Call;
using core::mcp::Outcome;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t entries_max = 1000;
constexpr std::size_t lines_usual = 100;
constexpr std::size_t events_usual = 50;
constexpr std::size_t crashes_usual = 3;
constexpr std::size_t lines_of_why = 15;
constexpr std::size_t events_of_why = 10;
constexpr Duration diagnosis_limit = 1800ms;
constexpr Duration change_limit = 30s;

Outcome failure(const Error& error) {
    return {error.message, true};
}

/// The number, or `usual`; no more than `most`.
std::size_t count_in(const Call& call, const char* name, std::size_t usual, std::size_t most) {
    const std::optional<std::string> text = call.find(name);
    std::size_t count = usual;
    if (text) std::from_chars(text->data(), text->data() + text->size(), count);
    return std::min(count, most);
}

/// A running project, its state, and those of its services that the call is about.
struct Scene {
    RunningProject project;
    api::StateMessage state;
};

Result<Scene> look(const Common& common, const std::vector<std::string>& services) {
    Result<RunningProject> project = reach_project(common);
    if (!project) return std::move(project).error();
    Result<api::StateMessage> state = fetch_state(*project);
    if (!state) return std::move(state).error();
    if (const auto unknown = find_unknown(services, names_of(*state))) {
        return Error{Error::Kind::not_found, *unknown};
    }
    return Scene{std::move(*project), std::move(*state)};
}

std::string render(const std::vector<api::EventMessage>& events) {
    const EventLook how{false, platform::wall_now()};
    std::string text;
    for (const api::EventMessage& event : events)
        text += render_event(event, how) + "\n";
    return text;
}

std::string render(const api::LogsMessage& logs, const std::vector<std::string>& services) {
    const LogLook how{prefix_width_for(services), true, false};
    std::string text;
    for_each_in_order(logs.lines, logs.gaps, [&](const auto& it) {
        if constexpr (std::is_same_v<std::decay_t<decltype(it)>, core::LogLine>) {
            text += render_log_line(it, how) + "\n";
        } else {
            text += render_log_gap(it, how) + "\n";
        }
    });
    return text;
}

std::string or_nothing(std::string text, const char* nothing) {
    return text.empty() ? nothing : text;
}

Result<std::string> last_events(client::Connection& connection,
                                const std::vector<std::string>& services,
                                std::size_t count) {
    api::EventRequest request;
    request.tail = count;
    request.services = services;
    const Result<api::EventsMessage> answer = client::fetch_events(connection, request);
    if (!answer) return answer.error();
    return render(answer->events);
}

}  // namespace

Outcome answer_status(const Common& common, const Call& call) {
    const std::vector<std::string> services = call.list("services");
    Result<Scene> scene = look(common, services);
    if (!scene) return failure(scene.error());
    if (!services.empty()) {
        std::erase_if(scene->state.services, [&](const api::ServiceState& it) {
            return std::ranges::find(services, it.name) == services.end();
        });
    }
    return {api::to_text(scene->state)};
}

Outcome answer_why(const Common& common, const Call& call) {
    const std::string name = call.find("service").value_or("");
    Result<Scene> scene = look(common, {name});
    if (!scene) return failure(scene.error());
    const api::ServiceState& service = *find_service(scene->state, name);
    client::Connection& connection = scene->project.connection;
    std::string text = sentence_of(service) + "\n\nfacts:\n" + api::to_text(service) + "\n";
    const Result<std::string> events = last_events(connection, {name}, events_of_why);
    if (!events) return failure(events.error());
    text += "\nlast events:\n" + or_nothing(*events, "none\n");
    api::LogRequest request;
    request.services = {name};
    request.tail = lines_of_why;
    const Result<api::LogsMessage> logs = client::fetch_logs(connection, request);
    if (!logs) return failure(logs.error());
    return {text + "\nlast lines of its log:\n" + or_nothing(render(*logs, {name}), "none\n")};
}

Outcome answer_doctor(const Common& common, const Call& call) {
    const std::optional<std::string> service = call.find("service");
    diagnosis::Question question;
    std::error_code ignored;
    question.directory = std::filesystem::current_path(ignored).string();
    question.limit = diagnosis_limit;
    if (service) question.subject = {"service", *service, 0};
    const Result<ProjectPlace> place = find_project(common);
    if (place) question.project = place->paths;
    if (!place && (common.project || service)) return failure(place.error());
    const core::doctor::Facts facts = diagnosis::collect_facts(question);
    std::vector<std::string> names;
    for (const core::doctor::ServiceFact& it : facts.services)
        names.push_back(it.name);
    if (service) {
        if (const auto unknown = find_unknown({*service}, names)) return {*unknown, true};
    }
    return {render_diagnosis(core::doctor::diagnose(facts), Terminal{})};
}

Outcome answer_logs(const Common& common, const Call& call) {
    api::Parameters parameters;
    for (const std::string& service : call.list("services"))
        parameters.emplace_back("service", service);
    for (const char* name : {"grep", "since", "stream"}) {
        if (const auto text = call.find(name)) parameters.emplace_back(name, *text);
    }
    Result<api::LogRequest> request = api::parse_log_request(parameters, platform::wall_now());
    if (!request) return failure(request.error());
    request->tail = count_in(call, "lines", lines_usual, entries_max);
    Result<Scene> scene = look(common, request->services);
    if (!scene) return failure(scene.error());
    const auto logs = client::fetch_logs(scene->project.connection, *request);
    if (!logs) return failure(logs.error());
    const std::vector<std::string> services =
        request->services.empty() ? names_of(scene->state) : request->services;
    return {or_nothing(render(*logs, services), "no line\n")};
}

Outcome answer_events(const Common& common, const Call& call) {
    const std::vector<std::string> services = call.list("services");
    Result<Scene> scene = look(common, services);
    if (!scene) return failure(scene.error());
    const Result<std::string> text = last_events(
        scene->project.connection, services, count_in(call, "count", events_usual, entries_max));
    return text ? Outcome{or_nothing(*text, "nothing has happened\n")} : failure(text.error());
}

/// The records are files: they are there also when the project is not running.
Outcome answer_crashes(const Common& common, const Call& call) {
    const Result<ProjectPlace> place = find_project(common);
    if (!place) return failure(place.error());
    const std::size_t count =
        count_in(call, "count", crashes_usual, core::limits::crash_records_max);
    const auto answer =
        project::read_crash_records(place->paths.state_dir, {call.list("services"), count});
    return answer ? Outcome{api::to_text(answer->crashes)} : failure(answer.error());
}

Outcome answer_ports(const Common& common, const Call& call) {
    Result<Scene> scene = look(common, {});
    if (!scene) return failure(scene.error());
    std::optional<Port> port;
    if (call.find("port")) {
        const std::size_t number = count_in(call, "port", 0, 65536);
        if (number == 0 || number > 65535) {
            return {"argument port: expected a number from 1 to 65535", true};
        }
        port = Port{static_cast<std::uint16_t>(number)};
    }
    const auto ports = client::fetch_ports(scene->project.connection, port);
    return ports ? Outcome{api::to_text(*ports)} : failure(ports.error());
}

Outcome answer_check(const Common&, const Call& call) {
    std::error_code ignored;
    const std::string directory = std::filesystem::current_path(ignored).string();
    const Result<std::string> path = project::find_profile(directory, call.find("profile"));
    if (!path) return failure(path.error());
    project::LoadRequest request;
    request.profile_path = *path;
    request.environment = platform::environment();
    request.shown_relative_to = directory;
    const Checked<project::LoadedPlan> loaded = project::load_plan(request);
    if (loaded.diagnostics.empty()) return {*path + ": no problems\n"};
    return {render_diagnostics(loaded.diagnostics)};
}

Outcome answer_change(const Common& common, const Call& call) {
    const std::vector<std::string> services = call.list("services");
    Result<Scene> scene = look(common, services);
    if (!scene) return failure(scene.error());
    client::Connection& connection = scene->project.connection;
    const RunNumbers before = run_numbers(scene->state);
    const auto reply = client::send_command(connection, {call.tool, services});
    if (!reply) return failure(reply.error());
    const TimePoint deadline = platform::now() + change_limit;
    std::string text;
    for (std::uint64_t cursor = reply->cursor;;) {
        const Result<api::StateMessage> state = client::fetch_state(connection);
        if (!state) return failure(state.error());
        const Verdict verdict = judge_change(call.tool, services, before, *state);
        const Duration left = deadline - platform::now();
        if (verdict.is_over() || left <= Duration::zero()) {
            for (const auto* sentences : {&verdict.done, &verdict.pending, &verdict.failed}) {
                for (const std::string& it : *sentences)
                    text += it + "\n";
            }
            return {text, !verdict.failed.empty()};
        }
        const auto events = client::fetch_events(connection, cursor, left);
        if (!events) return failure(events.error());
        text += render(events->events);
        cursor = events->cursor;
    }
}

}  // namespace devstack::cli
