#include "devstack/core/api/query.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"

#include <charconv>
#include <functional>

namespace devstack::core::api {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Error invalid(std::string message) {
    return {Error::Kind::invalid, std::move(message)};
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plus_is_space) c = ' ';
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return invalid("a % in the target is not followed by two hexadecimal digits");
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') return invalid("the target contains a zero byte");
        out += c;
    }
    return out;
}

void append_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') ||
                              std::string_view{"-._~:,/"}.find(c) != std::string_view::npos;
        if (is_plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 0x0FU];
    }
}

Result<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc{} || end != text.data() + text.size()) {
        return invalid("expected a whole number, found \"" + std::string{text.substr(0, 40)} +
                       "\"");
    }
    return number;
}

Status read(std::string_view text, std::optional<std::uint64_t>& target) {
    Result<std::uint64_t> number = parse_number(text);
    if (!number) return std::move(number).error();
    target = *number;
    return ok();
}

Status read_limit(std::string_view text, std::optional<std::size_t>& target) {
    Result<std::uint64_t> number = parse_number(text);
    if (!number) return std::move(number).error();
    if (*number == 0 || *number > limits::answer_entries_max) {
        return invalid("must be from 1 to " + std::to_string(limits::answer_entries_max));
    }
    target = *number;
    return ok();
}

Status read_wait(std::string_view text, Duration& target) {
    Result<Duration> wait = parse_duration(text);
    if (!wait) return std::move(wait).error();
    if (*wait > limits::long_poll_max) {
        return invalid("must be at most " + render_duration(limits::long_poll_max));
    }
    target = std::chrono::ceil<std::chrono::milliseconds>(*wait);  // As requests are rendered.
    return ok();
}

Status read_flag(std::string_view text, bool& target) {
    if (text != "1" && text != "0") {
        return invalid("expected 0 or 1, found \"" + std::string{text.substr(0, 40)} + "\"");
    }
    target = text == "1";
    return ok();
}

Status read_detail(std::string_view text, StateDetail& target) {
    if (text != "brief" && text != "none") {
        return invalid("expected brief or none, found \"" + std::string{text.substr(0, 40)} + "\"");
    }
    target = text == "brief" ? StateDetail::brief : StateDetail::none;
    return ok();
}

Status read_moment(std::string_view text, WallTime now, std::optional<WallTime>& target) {
    Result<WallTime> moment = parse_moment(text, now);
    if (!moment) return std::move(moment).error();
    target = *moment;
    return ok();
}

Status read_stream(std::string_view text, std::optional<LogStream>& target) {
    for (const LogStream stream : {LogStream::standard_output, LogStream::standard_error}) {
        if (text != name_of(stream)) continue;
        target = stream;
        return ok();
    }
    return invalid("expected stdout or stderr, found \"" + std::string{text.substr(0, 40)} + "\"");
}

Status read_cursor(std::string_view text, std::optional<LogCursor>& target) {
    target = LogCursor::parse(text);
    if (target) return ok();
    return invalid("not a cursor of an earlier answer: \"" + std::string{text.substr(0, 40)} +
                   "\"");
}

/// One parameter that a request knows.
struct Known {
    std::string name;
    std::function<Status(std::string_view)> read;
};

Status read_all(const Parameters& parameters, const std::vector<Known>& known) {
    for (const auto& [name, value] : parameters) {
        const Known* match = nullptr;
        std::vector<std::string> names;
        for (const Known& it : known) {
            if (it.name == name) match = &it;
            names.push_back(it.name);
        }
        if (match == nullptr) {
            return invalid("unknown parameter `" + sane_text(name.substr(0, 40)) + "`" +
                           did_you_mean(name, names) + "; known are " + join_for_people(names));
        }
        Status status = match->read(value);
        if (!status) return with_context(name, std::move(status).error());
    }
    return ok();
}

std::function<Status(std::string_view)> appends_to(std::vector<std::string>& names) {
    return [&names](std::string_view text) {
        names.emplace_back(text);
        return ok();
    };
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
    if (!text.starts_with('/')) return invalid("the target of a request must begin with /");
    if (text.find('#') != std::string_view::npos) return invalid("the target contains a #");
    const std::size_t question = text.find('?');
    Target target;
    Result<std::string> path = decode(text.substr(0, question), false);
    if (!path) return std::move(path).error();
    target.path = std::move(*path);
    if (question == std::string_view::npos) return target;
    std::string_view rest = text.substr(question + 1);
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        Result<std::string> name = decode(pair.substr(0, equals), true);
        if (!name) return std::move(name).error();
        Result<std::string> value = decode(
            equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
        if (!value) return std::move(value).error();
        target.parameters.emplace_back(std::move(*name), std::move(*value));
    }
    return target;
}

std::string render_target(const Target& target) {
    std::string text;
    append_encoded(text, target.path);
    char separator = '?';
    for (const auto& [name, value] : target.parameters) {
        text += std::exchange(separator, '&');
        append_encoded(text, name);
        text += '=';
        append_encoded(text, value);
    }
    return text;
}

Result<WallTime> parse_moment(std::string_view text, WallTime now) {
    if (const Result<Duration> ago = parse_duration(text)) return now - *ago;
    Result<WallTime> time = parse_timestamp(text, now);
    if (time) return time;
    return invalid(
        "expected a time (\"12:00\", \"2026-11-21T12:00:03Z\") or how long ago (\"10m\"), "
        "found \"" +
        sane_text(text.substr(0, 40)) + "\"");
}

Result<StateRequest> parse_state_request(const Parameters& parameters) {
    StateRequest request;
    Status status =
        read_all(parameters,
                 {{"usage", [&](auto text) { return read_flag(text, request.wants_usage); }},
                  {"detail", [&](auto text) { return read_detail(text, request.detail); }}});
    if (!status) return std::move(status).error();
    return request;
}

Result<EventRequest> parse_event_request(const Parameters& parameters) {
    EventRequest request;
    Status status =
        read_all(parameters,
                 {{"after", [&](auto text) { return read(text, request.after); }},
                  {"tail", [&](auto text) { return read(text, request.tail); }},
                  {"service", appends_to(request.services)},
                  {"wait", [&](auto text) { return read_wait(text, request.wait); }},
                  {"limit", [&](auto text) { return read_limit(text, request.limit); }}});
    if (!status) return std::move(status).error();
    return request;
}

Result<LogRequest> parse_log_request(const Parameters& parameters, WallTime now) {
    LogRequest request;
    const auto set_pattern = [&](std::string_view text) {
        request.pattern = text;
        return ok();
    };
    Status status =
        read_all(parameters,
                 {{"service", appends_to(request.services)},
                  {"after", [&](auto text) { return read_cursor(text, request.after); }},
                  {"tail", [&](auto text) { return read(text, request.tail); }},
                  {"since", [&](auto text) { return read_moment(text, now, request.since); }},
                  {"until", [&](auto text) { return read_moment(text, now, request.until); }},
                  {"stream", [&](auto text) { return read_stream(text, request.stream); }},
                  {"grep", set_pattern},
                  {"wait", [&](auto text) { return read_wait(text, request.wait); }},
                  {"limit", [&](auto text) { return read_limit(text, request.limit); }}});
    if (!status) return std::move(status).error();
    return request;
}

namespace {

void add_services(Parameters& parameters, const std::vector<std::string>& services) {
    for (const std::string& service : services)
        parameters.emplace_back("service", service);
}

void add_number(Parameters& parameters, const char* name, const std::optional<std::uint64_t>& it) {
    if (it) parameters.emplace_back(name, std::to_string(*it));
}

void add_wait(Parameters& parameters, Duration wait) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
    if (milliseconds > 0) parameters.emplace_back("wait", std::to_string(milliseconds) + "ms");
}

}  // namespace

std::string render_request(const StateRequest& request) {
    Target target{"/v1/state", {}};
    if (request.wants_usage) target.parameters.emplace_back("usage", "1");
    if (request.detail == StateDetail::brief) target.parameters.emplace_back("detail", "brief");
    if (request.detail == StateDetail::none) target.parameters.emplace_back("detail", "none");
    return render_target(target);
}

std::string render_request(const EventRequest& request) {
    Target target{"/v1/events", {}};
    add_number(target.parameters, "after", request.after);
    add_number(target.parameters, "tail", request.tail);
    add_services(target.parameters, request.services);
    add_wait(target.parameters, request.wait);
    add_number(target.parameters, "limit", request.limit);
    return render_target(target);
}

std::string render_request(const LogRequest& request) {
    Target target{"/v1/logs", {}};
    add_services(target.parameters, request.services);
    if (request.after) target.parameters.emplace_back("after", request.after->text());
    add_number(target.parameters, "tail", request.tail);
    if (request.since) target.parameters.emplace_back("since", render_timestamp(*request.since));
    if (request.until) target.parameters.emplace_back("until", render_timestamp(*request.until));
    if (request.stream) target.parameters.emplace_back("stream", name_of(*request.stream));
    if (!request.pattern.empty()) target.parameters.emplace_back("grep", request.pattern);
    add_wait(target.parameters, request.wait);
    add_number(target.parameters, "limit", request.limit);
    return render_target(target);
}

}  // namespace devstack::core::api
