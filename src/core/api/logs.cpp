#include "devstack/base/text.hpp"
#include "devstack/core/api/messages.hpp"

#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

namespace devstack::core::api {

namespace {

std::string cursor_text(const std::string& service, const LogPosition& position) {
    return LogCursor{{{service, position}}}.text();
}

void write(JsonWriter& json, const LogLine& line) {
    json.begin_object();
    json.field("service", line.service);
    json.field("run", line.run);
    json.field("time", render_timestamp(line.time));
    json.field("stream", name_of(line.stream));
    json.field("text", sane_text(line.text, true));
    if (line.is_continued) json.field("continued", true);
    if (line.is_unfinished) json.field("unfinished", true);
    json.field("cursor", cursor_text(line.service, line.position));
    json.end_object();
}

void write(JsonWriter& json, const LogGap& gap) {
    json.begin_object();
    json.field("service", gap.service);
    json.field("lost_bytes", gap.lost_bytes);
    json.field("cause", name_of(gap.cause));
    if (gap.lines_before > 0) json.field("lines_before", std::uint64_t{gap.lines_before});
    json.field("cursor", cursor_text(gap.service, gap.continues_at));
    json.end_object();
}

/// As it is on the wire, before times and streams are words no more.
struct LineFields {
    std::string service;
    std::uint32_t run = 0;
    std::string time;
    std::string stream;
    std::string text;
    bool is_continued = false;
    bool is_unfinished = false;
    std::string cursor;
};

struct GapFields {
    std::string service;
    std::uint64_t lost_bytes = 0;
    std::string cause;
    std::uint64_t lines_before = 0;
    std::string cursor;
};

struct LogsFields {
    std::vector<LineFields> lines;
    std::vector<GapFields> gaps;
    std::string cursor;
    bool is_complete = true;
};

Result<LogPosition> make_position(const std::string& service, const std::string& cursor) {
    if (cursor.empty()) return LogPosition{};
    const std::optional<LogCursor> parsed = LogCursor::parse(cursor);
    if (parsed) {
        const auto it = parsed->positions.find(service);
        if (it != parsed->positions.end()) return it->second;
    }
    return Error{Error::Kind::invalid, "cursor: not one of " + service};
}

Result<LogLine> make_line(LineFields&& fields) {
    LogLine line;
    Result<WallTime> time = parse_timestamp(fields.time, WallTime{});
    if (!time) return with_context("time", std::move(time).error());
    if (fields.stream == name_of(LogStream::standard_error)) {
        line.stream = LogStream::standard_error;
    } else if (fields.stream != name_of(LogStream::standard_output)) {
        return Error{Error::Kind::invalid,
                     "stream: expected stdout or stderr, found " + fields.stream.substr(0, 40)};
    }
    Result<LogPosition> position = make_position(fields.service, fields.cursor);
    if (!position) return std::move(position).error();
    line.service = std::move(fields.service);
    line.run = fields.run;
    line.time = *time;
    line.text = std::move(fields.text);
    line.is_continued = fields.is_continued;
    line.is_unfinished = fields.is_unfinished;
    line.position = *position;
    return line;
}

Result<LogGap> make_gap(GapFields&& fields) {
    Result<LogPosition> position = make_position(fields.service, fields.cursor);
    if (!position) return std::move(position).error();
    const bool is_unwritten = fields.cause == name_of(LogGap::Cause::unwritten);
    return LogGap{std::move(fields.service),
                  fields.lost_bytes,
                  *position,
                  is_unwritten ? LogGap::Cause::unwritten : LogGap::Cause::removed,
                  static_cast<std::size_t>(fields.lines_before)};
}

/// Converts every element; an error names it: "lines[3].time: …".
template <typename From, typename To>
Status convert_all(const char* name,
                   std::vector<From>&& from,
                   Result<To> (*convert)(From&&),
                   std::vector<To>& to) {
    to.reserve(from.size());
    for (From& fields : from) {
        Result<To> value = convert(std::move(fields));
        if (value) {
            to.push_back(std::move(*value));
            continue;
        }
        Error error = std::move(value).error();
        error.message = name + ("[" + std::to_string(to.size()) + "].") + error.message;
        return error;
    }
    return ok();
}

}  // namespace

template <>
const Shape& shape_of<LineFields>() {
    static constexpr Field fields[] = {
        {"service", slot<&LineFields::service>, true},
        {"run", slot<&LineFields::run>},
        {"time", slot<&LineFields::time>, true},
        {"stream", slot<&LineFields::stream>, true},
        {"text", slot<&LineFields::text>, true},
        {"continued", slot<&LineFields::is_continued>},
        {"unfinished", slot<&LineFields::is_unfinished>},
        {"cursor", slot<&LineFields::cursor>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<GapFields>() {
    static constexpr Field fields[] = {
        {"service", slot<&GapFields::service>, true},
        {"lost_bytes", slot<&GapFields::lost_bytes>},
        {"cause", slot<&GapFields::cause>},
        {"lines_before", slot<&GapFields::lines_before>},
        {"cursor", slot<&GapFields::cursor>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<LogsFields>() {
    static constexpr Field fields[] = {
        {"lines", slot<&LogsFields::lines>, true},
        {"gaps", slot<&LogsFields::gaps>},
        {"cursor", slot<&LogsFields::cursor>, true},
        {"complete", slot<&LogsFields::is_complete>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

std::string to_text(const LogLine& line) {
    JsonWriter json;
    write(json, line);
    return json.take();
}

std::string to_text(const LogGap& gap) {
    JsonWriter json;
    write(json, gap);
    return json.take();
}

std::string to_text(const LogsMessage& message) {
    JsonWriter json;
    json.begin_object();
    json.key("lines");
    json.begin_list();
    for (const LogLine& line : message.lines)
        write(json, line);
    json.end_list();
    json.key("gaps");
    json.begin_list();
    for (const LogGap& gap : message.gaps)
        write(json, gap);
    json.end_list();
    json.field("cursor", message.cursor);
    json.field("complete", message.is_complete);
    json.end_object();
    return json.take();
}

Result<LogsMessage> parse_logs(std::string_view text) {
    Result<LogsFields> fields = read_json<LogsFields>(text);
    if (!fields) return std::move(fields).error();
    LogsMessage message;
    Status status = convert_all("lines", std::move(fields->lines), make_line, message.lines);
    if (!status) return std::move(status).error();
    status = convert_all("gaps", std::move(fields->gaps), make_gap, message.gaps);
    if (!status) return std::move(status).error();
    message.cursor = std::move(fields->cursor);
    message.is_complete = fields->is_complete;
    return message;
}

}  // namespace devstack::core::api
