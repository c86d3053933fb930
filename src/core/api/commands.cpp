#include "devstack/core/api/messages.hpp"

#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace devstack::core::api {

namespace {

/// A ServiceChange with its kind as a word.
struct FlatChange {
    std::string service;
    std::string kind;
    std::vector<std::string> reasons;
};

struct FlatReload {
    std::vector<FlatChange> changes;
    std::uint64_t unchanged = 0;
};

struct FlatReply {
    std::uint64_t cursor = 0;
    std::optional<FlatReload> reload;
};

constexpr std::array<std::pair<ServiceChange::Kind, std::string_view>, 4> change_kinds{
    {{ServiceChange::Kind::changed, "changed"},
     {ServiceChange::Kind::adjusted, "adjusted"},
     {ServiceChange::Kind::added, "added"},
     {ServiceChange::Kind::removed, "removed"}}};

std::string_view word_of(ServiceChange::Kind kind) {
    for (const auto& [value, word] : change_kinds) {
        if (value == kind) return word;
    }
    return "";
}

ServiceChange::Kind kind_of(std::string_view text) {
    for (const auto& [value, word] : change_kinds) {
        if (word == text) return value;
    }
    return ServiceChange::Kind::changed;  // Of a later daemon: something has changed.
}

void write(JsonWriter& json, const PlanComparison& reload) {
    json.begin_object();
    json.key("changes");
    json.begin_list();
    for (const ServiceChange& change : reload.changes) {
        json.begin_object();
        json.field("service", change.service);
        json.field("kind", word_of(change.kind));
        json.field("reasons", change.reasons);
        json.end_object();
    }
    json.end_list();
    json.field("unchanged", std::uint64_t{reload.unchanged});
    json.end_object();
}

}  // namespace

template <>
const Shape& shape_of<FlatChange>() {
    static constexpr Field fields[] = {{"service", slot<&FlatChange::service>, true},
                                       {"kind", slot<&FlatChange::kind>, true},
                                       {"reasons", slot<&FlatChange::reasons>}};
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<FlatReload>() {
    static constexpr Field fields[] = {{"changes", slot<&FlatReload::changes>, true},
                                       {"unchanged", slot<&FlatReload::unchanged>, true}};
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<CommandRequest>() {
    static constexpr Field fields[] = {
        {"command", slot<&CommandRequest::command>, true},
        {"services", slot<&CommandRequest::services>},
        {"signal", slot<&CommandRequest::signal>},
        {"profile", slot<&CommandRequest::profile>},
        {"dry_run", slot<&CommandRequest::is_dry_run>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<FlatReply>() {
    static constexpr Field fields[] = {{"cursor", slot<&FlatReply::cursor>, true},
                                       {"reload", slot<&FlatReply::reload>}};
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ErrorMessage>() {
    static constexpr Field fields[] = {
        {"code", slot<&ErrorMessage::code>, true},
        {"message", slot<&ErrorMessage::message>, true},
        {"hint", slot<&ErrorMessage::hint>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

std::string to_text(const CommandRequest& message) {
    JsonWriter json;
    json.begin_object();
    json.field("command", message.command);
    json.field("services", message.services);
    if (message.signal != 0) json.field("signal", message.signal);
    if (!message.profile.empty()) json.field("profile", message.profile);
    if (message.is_dry_run) json.field("dry_run", true);
    json.end_object();
    return json.take();
}

std::string to_text(const CommandReply& message) {
    JsonWriter json;
    json.begin_object();
    json.field("cursor", message.cursor);
    if (message.reload) {
        json.key("reload");
        write(json, *message.reload);
    }
    json.end_object();
    return json.take();
}

std::string to_text(const BundleMessage& message) {
    JsonWriter json;
    json.begin_object();
    json.field("file", message.file);
    json.field("files", message.files);
    json.field("bytes", message.bytes);
    json.field("hidden", message.hidden);
    json.end_object();
    return json.take();
}

std::string to_text(const ErrorMessage& message) {
    JsonWriter json;
    json.begin_object();
    json.field("code", message.code);
    json.field("message", message.message);
    if (!message.hint.empty()) json.field("hint", message.hint);
    json.end_object();
    return json.take();
}

std::string to_text(const std::vector<Diagnostic>& diagnostics) {
    JsonWriter json;
    json.begin_list();
    for (const Diagnostic& it : diagnostics) {
        json.begin_object();
        json.field("code", it.code);
        json.field("severity", it.severity == Diagnostic::Severity::error ? "error" : "warning");
        json.field("message", it.message);
        json.field("file", it.where.file);
        json.field("line", it.where.line);
        json.field("column", it.where.column);
        json.field("line_text", it.line_text);
        json.field("hint", it.hint);
        json.end_object();
    }
    json.end_list();
    return json.take();
}

Result<CommandRequest> parse_command_request(std::string_view text) {
    return read_json<CommandRequest>(text);
}

Result<CommandReply> parse_command_reply(std::string_view text) {
    Result<FlatReply> flat = read_json<FlatReply>(text);
    if (!flat) return flat.error();
    CommandReply reply{flat->cursor, std::nullopt};
    if (!flat->reload) return reply;
    reply.reload.emplace().unchanged = flat->reload->unchanged;
    for (FlatChange& it : flat->reload->changes) {
        reply.reload->changes.push_back(
            {std::move(it.service), kind_of(it.kind), std::move(it.reasons)});
    }
    return reply;
}

Result<ErrorMessage> parse_error(std::string_view text) {
    return read_json<ErrorMessage>(text);
}

}  // namespace devstack::core::api
