#include "probe_keys.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/core/probes/status_set.hpp"

#include "section.hpp"

namespace devstack::core {

namespace {

using Rule = Key<ProbeSetting>;

void read_tcp(const Setting& it, ProbeSetting& probe) {
    if (it.value.kind == TomlValue::Kind::integer) {
        probe.tcp = SourceText{std::to_string(it.value.integer), it.value.place};
    } else {
        probe.tcp = read_text(it);
    }
}

void read_expect(const Setting& it, ProbeSetting& probe) {
    const bool is_integer = it.value.kind == TomlValue::Kind::integer;
    if (!is_integer && !it.value.is_string()) return it.report_wrong_type();
    const std::string text = is_integer ? std::to_string(it.value.integer) : it.value.text;
    const Result<StatusSet> expect = parse_status_set(text);
    if (!expect) return it.report_bad_value("bad-status-set", expect.error().message);
    probe.expect = *expect;
}

void read_body_regex(const Setting& it, ProbeSetting& probe) {
    probe.body_regex = read_text(it);
    if (!probe.body_regex) return;
    const Result<LinePattern> pattern = LinePattern::parse(probe.body_regex->text);
    if (!pattern) it.report_bad_value("bad-regex", pattern.error().message);
}

void read_tls(const Setting& it, ProbeSetting& probe) {
    if (!it.value.is_string()) return it.report_wrong_type();
    if (it.value.text == "verify") {
        probe.tls = TlsMode::verify;
    } else if (it.value.text == "insecure") {
        probe.tls = TlsMode::insecure;
    } else {
        it.report_bad_value("bad-choice", "must be \"verify\" or \"insecure\"");
    }
}

void read_timeout(const Setting& it, ProbeSetting& probe) {
    probe.timeout = read_duration(it, limits::probe_interval_min);
    probe.timeout_place = it.value.place;
}

constexpr Rule url_key{"url",
                       "a string",
                       [](const Setting& it, ProbeSetting& probe) { probe.url = read_text(it); },
                       "http uri endpoint"};
constexpr Rule tcp_key{"tcp", "a string such as \"localhost:5432\"", read_tcp, "connect port"};
constexpr Rule command_key{
    "command",
    "a string or an array of strings",
    [](const Setting& it, ProbeSetting& probe) { probe.command = read_command(it); },
    "cmd exec test run"};
constexpr Rule expect_key{
    "expect", "HTTP status codes such as \"200-299,404\"", read_expect, "status codes"};
constexpr Rule body_key{"body",
                        "a string",
                        [](const Setting& it, ProbeSetting& probe) { probe.body = read_text(it); },
                        "contains"};
constexpr Rule body_regex_key{"body_regex", "a regular expression", read_body_regex, "regex match"};
constexpr Rule headers_key{
    "headers",
    "a table of strings",
    [](const Setting& it, ProbeSetting& probe) { probe.headers = read_variables(it, "a header"); },
    "header"};
constexpr Rule tls_key{"tls", "\"verify\" or \"insecure\"", read_tls};
constexpr Rule ca_key{"ca",
                      "a path",
                      [](const Setting& it, ProbeSetting& probe) { probe.ca = read_text(it); },
                      "ca_file cacert"};
constexpr Rule timeout_key{"timeout", "a duration such as \"2s\"", read_timeout};
constexpr Rule interval_key{"interval",
                            "a duration such as \"10s\"",
                            [](const Setting& it, ProbeSetting& probe) {
                                probe.interval = read_duration(it, limits::probe_interval_min);
                            },
                            "every period"};
constexpr Rule retries_key{
    "retries",
    "a number from 1 to 1000",
    [](const Setting& it, ProbeSetting& probe) { probe.retries = read_integer(it, 1, 1000); },
    "failures threshold failure_threshold"};
constexpr Rule log_key{"log", "", nullptr};
constexpr Rule notify_key{"notify", "", nullptr};

constexpr std::array ready_keys{url_key,
                                tcp_key,
                                command_key,
                                timeout_key,
                                expect_key,
                                body_key,
                                body_regex_key,
                                headers_key,
                                tls_key,
                                ca_key,
                                log_key,
                                notify_key};

constexpr std::array health_keys{url_key,
                                 tcp_key,
                                 command_key,
                                 interval_key,
                                 timeout_key,
                                 retries_key,
                                 expect_key,
                                 body_key,
                                 body_regex_key,
                                 headers_key,
                                 tls_key,
                                 ca_key,
                                 log_key,
                                 notify_key};

/// A probe is to be written with exactly one way to ask.
template <typename Keys>
void check_kind(const Setting& setting, const Keys& keys) {
    std::vector<std::string> ways;
    for (const std::string_view way : {"url", "tcp", "command", "log", "notify"}) {
        if (is_written(setting.value, keys, way)) ways.push_back("`" + std::string{way} + "`");
    }
    if (ways.size() == 1) return;
    setting.report.error(
        "probe-kind",
        setting.value.place,
        ways.empty() ? "`" + setting.name + "` needs one of `url`, `tcp` and `command`"
                     : "`" + setting.name + "` must have only one of " + join_for_people(ways));
}

template <typename Keys>
void check_url_keys(const Setting& setting, const Keys& keys) {
    if (is_written(setting.value, keys, "url")) return;
    for (const TomlEntry& entry : setting.value.entries) {
        if (!has_word("expect body body_regex headers tls ca", entry.key.text)) continue;
        setting.report.error(
            "probe-kind",
            entry.key.place,
            "`" + setting.name + "." + entry.key.text + "` is only for a probe with `url`");
    }
}

template <typename Keys>
std::optional<ProbeSetting> read_probe(const Setting& setting, const Keys& keys) {
    if (!setting.value.is_table()) {
        setting.report_wrong_type("write { url = \"…\" }, { tcp = \"…\" } or { command = \"…\" }");
        return std::nullopt;
    }
    ProbeSetting probe;
    probe.place = setting.value.place;
    read_section(
        setting.value, keys, probe, {"`" + setting.name + "`", setting.name + "."}, setting.report);
    check_kind(setting, keys);
    check_url_keys(setting, keys);
    return probe;
}

}  // namespace

std::optional<ProbeSetting> read_ready(const Setting& setting) {
    return read_probe(setting, ready_keys);
}

std::optional<ProbeSetting> read_health(const Setting& setting) {
    return read_probe(setting, health_keys);
}

}  // namespace devstack::core
