#include "devstack/core/api/messages.hpp"

#include "core/api/finding_json.hpp"
#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

namespace devstack::core::api {

namespace {

void write_ports(JsonWriter& json, const std::vector<PortState>& ports) {
    json.key("ports");
    json.begin_list();
    for (const PortState& port : ports) {
        json.begin_object();
        json.field("name", port.name);
        json.field("port", port.port);
        json.end_object();
    }
    json.end_list();
}

void write_health(JsonWriter& json, const HealthState& health) {
    json.key("health");
    json.begin_object();
    json.field("status", health.status);
    json.field("probe", health.probe);
    json.field("last_answer", health.last_answer);
    json.field("failures", health.failures);
    json.end_object();
}

void write_usage(JsonWriter& json, const UsageState& usage) {
    json.key("usage");
    json.begin_object();
    json.field("cpu_percent", usage.cpu_percent);
    json.field("memory_bytes", usage.memory_bytes);
    json.field("processes", usage.processes);
    json.end_object();
}

void write_exit(JsonWriter& json, const ExitState& exit) {
    json.key("last_exit");
    json.begin_object();
    json.field("code", exit.code);
    json.field("signal", exit.signal);
    json.end_object();
}

void write(JsonWriter& json, const ServiceState& service) {
    json.begin_object();
    json.field("name", service.name);
    json.field("kind", service.kind);
    json.field("phase", service.phase);
    json.field("why", service.why);
    json.field("says", service.says);
    json.field("awaits_connection", service.awaits_connection);
    json.field("since", service.since);
    json.field("phase_seconds", service.phase_seconds);
    json.field("wanted", service.is_wanted);
    json.field("pid", service.pid);
    json.field("run", service.run);
    json.field("uptime_seconds", service.uptime_seconds);
    json.field("restarts", service.restarts);
    write_ports(json, service.ports);
    json.field("url", service.url);
    write_health(json, service.health);
    if (service.usage) write_usage(json, *service.usage);
    if (service.last_exit) write_exit(json, *service.last_exit);
    json.field("needs", service.needs);
    json.field("differences", service.differences);
    json.field("stale", service.stale);
    json.field("watch", service.watch);
    if (!service.watch_suspended.empty()) json.field("watch_suspended", service.watch_suspended);
    if (service.finding) {
        json.key("finding");
        write(json, *service.finding);
    }
    json.field("log_file", service.log_file);
    json.end_object();
}

/// What a table shows: no field that is empty or as it mostly is.
void write_brief(JsonWriter& json, const ServiceState& service) {
    json.begin_object();
    json.field("name", service.name);
    json.field("phase", service.phase);
    json.field("why", service.why);
    if (!service.says.empty()) json.field("says", service.says);
    if (service.awaits_connection) json.field("awaits_connection", true);
    json.field("wanted", service.is_wanted);
    if (service.pid != 0) json.field("pid", service.pid);
    if (service.pid != 0) json.field("uptime_seconds", service.uptime_seconds);
    if (service.restarts != 0) json.field("restarts", service.restarts);
    if (!service.ports.empty()) write_ports(json, service.ports);
    if (service.health.status != "none") write_health(json, service.health);
    if (service.usage) write_usage(json, *service.usage);
    if (!service.differences.empty()) json.field("differences", service.differences);
    if (!service.stale.empty()) json.field("stale", service.stale);
    if (!service.watch_suspended.empty()) json.field("watch_suspended", service.watch_suspended);
    if (service.finding) {
        json.key("finding");
        write(json, *service.finding);
    }
    json.end_object();
}

void write(JsonWriter& json, const ListeningPort& port) {
    json.begin_object();
    json.field("port", port.port);
    json.field("address", port.address);
    json.field("pid", port.pid);
    json.field("command", port.command);
    json.field("user", port.user);
    json.field("since", port.since);
    json.field("working_dir", port.working_dir);
    json.field("service", port.service);
    json.end_object();
}

/// About: for making room. No mark that begins with a quote: every fifth byte is one.
std::size_t count_services(std::string_view text) {
    constexpr std::string_view mark = "phase\":";
    std::size_t count = 0;
    for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1))
        ++count;
    return count;
}

}  // namespace

template <>
const Shape& shape_of<PortState>() {
    static constexpr Field fields[] = {
        {"name", slot<&PortState::name>},
        {"port", slot<&PortState::port>, true},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<HealthState>() {
    static constexpr Field fields[] = {
        {"status", slot<&HealthState::status>, true},
        {"probe", slot<&HealthState::probe>},
        {"last_answer", slot<&HealthState::last_answer>},
        {"failures", slot<&HealthState::failures>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<UsageState>() {
    static constexpr Field fields[] = {
        {"cpu_percent", slot<&UsageState::cpu_percent>},
        {"memory_bytes", slot<&UsageState::memory_bytes>},
        {"processes", slot<&UsageState::processes>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ExitState>() {
    static constexpr Field fields[] = {
        {"code", slot<&ExitState::code>},
        {"signal", slot<&ExitState::signal>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ServiceState>() {
    static constexpr Field fields[] = {
        {"name", slot<&ServiceState::name>, true},
        {"kind", slot<&ServiceState::kind>},
        {"phase", slot<&ServiceState::phase>, true},
        {"why", slot<&ServiceState::why>},
        {"says", slot<&ServiceState::says>},
        {"awaits_connection", slot<&ServiceState::awaits_connection>},
        {"since", slot<&ServiceState::since>},
        {"phase_seconds", slot<&ServiceState::phase_seconds>},
        {"wanted", slot<&ServiceState::is_wanted>},
        {"pid", slot<&ServiceState::pid>},
        {"run", slot<&ServiceState::run>},
        {"uptime_seconds", slot<&ServiceState::uptime_seconds>},
        {"restarts", slot<&ServiceState::restarts>},
        {"ports", slot<&ServiceState::ports>},
        {"url", slot<&ServiceState::url>},
        {"health", object_slot<&ServiceState::health>},
        {"usage", slot<&ServiceState::usage>},
        {"last_exit", slot<&ServiceState::last_exit>},
        {"needs", slot<&ServiceState::needs>},
        {"differences", slot<&ServiceState::differences>},
        {"stale", slot<&ServiceState::stale>},
        {"watch", slot<&ServiceState::watch>},
        {"watch_suspended", slot<&ServiceState::watch_suspended>},
        {"finding", slot<&ServiceState::finding>},
        {"log_file", slot<&ServiceState::log_file>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ListeningPort>() {
    static constexpr Field fields[] = {
        {"port", slot<&ListeningPort::port>, true},
        {"address", slot<&ListeningPort::address>, true},
        {"pid", slot<&ListeningPort::pid>},
        {"command", slot<&ListeningPort::command>},
        {"user", slot<&ListeningPort::user>},
        {"since", slot<&ListeningPort::since>},
        {"working_dir", slot<&ListeningPort::working_dir>},
        {"service", slot<&ListeningPort::service>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<StateMessage>() {
    static constexpr Field fields[] = {
        {"version", slot<&StateMessage::version>},
        {"project", slot<&StateMessage::project>, true},
        {"project_dir", slot<&StateMessage::project_dir>},
        {"profile", slot<&StateMessage::profile>},
        {"mode", slot<&StateMessage::mode>},
        {"status", slot<&StateMessage::status>},
        {"daemon_pid", slot<&StateMessage::daemon_pid>},
        {"keeper_pid", slot<&StateMessage::keeper_pid>},
        {"started_at", slot<&StateMessage::started_at>},
        {"api_url", slot<&StateMessage::api_url>},
        {"cursor", slot<&StateMessage::cursor>, true},
        {"services", slot<&StateMessage::services>, true},
    };
    static constexpr Shape shape{fields};
    return shape;
}

std::string to_text(const ServiceState& message) {
    JsonWriter json;
    write(json, message);
    return json.take();
}

std::string to_text(const StateMessage& message, StateDetail detail) {
    JsonWriter json;
    json.begin_object();
    json.field("version", message.version);
    json.field("project", message.project);
    json.field("project_dir", message.project_dir);
    json.field("profile", message.profile);
    json.field("mode", message.mode);
    json.field("status", message.status);
    json.field("daemon_pid", message.daemon_pid);
    json.field("keeper_pid", message.keeper_pid);
    json.field("started_at", message.started_at);
    if (!message.api_url.empty()) json.field("api_url", message.api_url);
    json.field("cursor", message.cursor);
    json.key("services");
    json.begin_list();
    for (const ServiceState& service : message.services) {
        if (detail == StateDetail::all) write(json, service);
        if (detail == StateDetail::brief) write_brief(json, service);
    }
    json.end_list();
    json.end_object();
    return json.take();
}

std::string to_text(const std::vector<ListeningPort>& ports) {
    JsonWriter json;
    json.begin_list();
    for (const ListeningPort& port : ports)
        write(json, port);
    json.end_list();
    return json.take();
}

Result<StateMessage> parse_state(std::string_view text) {
    StateMessage message;
    // A list that grows is moved, and leaves holes in memory: each page of them costs as much as
    // reading three services.
    message.services.reserve(count_services(text));
    Status status = read_json(text, root_slot(message));
    if (!status) return std::move(status).error();
    return message;
}

Result<std::vector<ListeningPort>> parse_ports(std::string_view text) {
    return read_json<std::vector<ListeningPort>>(text);
}

}  // namespace devstack::core::api
