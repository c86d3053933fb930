#include "devstack/base/text.hpp"
#include "devstack/core/api/crash_message.hpp"

#include "core/api/finding_json.hpp"
#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

namespace devstack::core::api {

namespace {

void write_list(JsonWriter& json, const std::vector<ProbeAnswerState>& answers) {
    json.begin_list();
    for (const ProbeAnswerState& answer : answers) {
        json.begin_object();
        json.field("first_time", answer.first_time);
        json.field("last_time", answer.last_time);
        json.field("count", answer.count);
        json.field("success", answer.is_success);
        json.field("detail", answer.detail);
        json.end_object();
    }
    json.end_list();
}

void write_lines(JsonWriter& json, const std::vector<CrashLine>& lines) {
    json.key("lines");
    json.begin_list();
    for (const CrashLine& line : lines) {
        json.begin_object();
        json.field("time", line.time);
        json.field("stream", line.stream);
        json.field("text", sane_text(line.text, true));
        json.end_object();
    }
    json.end_list();
}

}  // namespace

template <>
const Shape& shape_of<ProbeAnswerState>() {
    static constexpr Field fields[] = {
        {"first_time", slot<&ProbeAnswerState::first_time>, true},
        {"last_time", slot<&ProbeAnswerState::last_time>, true},
        {"count", slot<&ProbeAnswerState::count>},
        {"success", slot<&ProbeAnswerState::is_success>, true},
        {"detail", slot<&ProbeAnswerState::detail>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<CrashLine>() {
    static constexpr Field fields[] = {
        {"time", slot<&CrashLine::time>, true},
        {"stream", slot<&CrashLine::stream>, true},
        {"text", slot<&CrashLine::text>, true},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<CrashMessage>() {
    static constexpr Field fields[] = {
        {"time", slot<&CrashMessage::time>, true},
        {"service", slot<&CrashMessage::service>, true},
        {"kind", slot<&CrashMessage::kind>},
        {"run", slot<&CrashMessage::run>, true},
        {"pid", slot<&CrashMessage::pid>},
        {"ended", slot<&CrashMessage::ended>, true},
        {"code", slot<&CrashMessage::code>},
        {"signal", slot<&CrashMessage::signal>},
        {"dumped_core", slot<&CrashMessage::dumped_core>},
        {"why", slot<&CrashMessage::why>, true},
        {"decision", slot<&CrashMessage::decision>, true},
        {"restarts", slot<&CrashMessage::restarts>},
        {"lived_seconds", slot<&CrashMessage::lived_seconds>},
        {"user_seconds", slot<&CrashMessage::user_seconds>},
        {"system_seconds", slot<&CrashMessage::system_seconds>},
        {"peak_memory_bytes", slot<&CrashMessage::peak_memory_bytes>},
        {"oom_kills", slot<&CrashMessage::oom_kills>},
        {"oom_kills_since", slot<&CrashMessage::oom_kills_since>},
        {"probe", slot<&CrashMessage::probe>},
        {"probe_answers", slot<&CrashMessage::probe_answers>},
        {"differences", slot<&CrashMessage::differences>},
        {"finding", slot<&CrashMessage::finding>},
        {"threads", slot<&CrashMessage::threads>},
        {"evidence_problem", slot<&CrashMessage::evidence_problem>},
        {"lines", slot<&CrashMessage::lines>},
        {"log_problem", slot<&CrashMessage::log_problem>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

std::string to_text(const CrashMessage& message) {
    JsonWriter json;
    json.begin_object();
    json.field("time", message.time);
    json.field("service", message.service);
    json.field("kind", message.kind);
    json.field("run", message.run);
    json.field("pid", message.pid);
    json.field("ended", message.ended);
    json.field("code", message.code);
    json.field("signal", message.signal);
    json.field("dumped_core", message.dumped_core);
    json.field("why", message.why);
    json.field("decision", message.decision);
    json.field("restarts", message.restarts);
    json.field("lived_seconds", message.lived_seconds);
    json.field("user_seconds", message.user_seconds);
    json.field("system_seconds", message.system_seconds);
    json.field("peak_memory_bytes", message.peak_memory_bytes);
    if (message.oom_kills > 0) {
        json.field("oom_kills", message.oom_kills);
        json.field("oom_kills_since", message.oom_kills_since);
    }
    json.field("probe", message.probe);
    json.key("probe_answers");
    write_list(json, message.probe_answers);
    json.field("differences", message.differences);
    if (message.finding) {
        json.key("finding");
        write(json, *message.finding);
    }
    if (!message.threads.empty()) json.field("threads", message.threads);
    if (!message.evidence_problem.empty()) {
        json.field("evidence_problem", message.evidence_problem);
    }
    write_lines(json, message.lines);
    if (!message.log_problem.empty()) json.field("log_problem", message.log_problem);
    json.end_object();
    return json.take();
}

std::string to_text(const std::vector<CrashMessage>& messages) {
    JsonWriter json;
    json.begin_list();
    for (const CrashMessage& message : messages)
        json.raw(to_text(message));
    json.end_list();
    return json.take();
}

std::string to_text(const std::vector<ProbeAnswerState>& answers) {
    JsonWriter json;
    write_list(json, answers);
    return json.take();
}

Result<CrashMessage> parse_crash(std::string_view text) {
    return read_json<CrashMessage>(text);
}

}  // namespace devstack::core::api
