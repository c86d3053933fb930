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

void read_log(const Setting& it, ProbeSetting& probe) {
    probe.log = read_text(it);
    if (!probe.log) return;
    if (probe.log->text.empty()) {
        return it.report_bad_value("bad-regex",
                                   "the first line of all would match an empty pattern");
    }
    const Result<LinePattern> pattern = LinePattern::parse(probe.log->text);
    if (!pattern) it.report_bad_value("bad-regex", pattern.error().message);
}

void read_timeout(const Setting& it, ProbeSetting& probe) {
    probe.timeout = read_duration(it, limits::probe_interval_min);
    probe.timeout_place = it.value.place;
}

constexpr std::array tls_modes{Choice<TlsMode>{"verify", TlsMode::verify},
                               Choice<TlsMode>{"insecure", TlsMode::insecure}};

constexpr std::array log_streams{
    Choice<LogStream>{"stdout", LogStream::standard_output, "out output"},
    Choice<LogStream>{"stderr", LogStream::standard_error, "err error"}};

constexpr Form status_set = text_like([]() -> std::string {
    constexpr auto codes = R"([ \t]*[1-5][0-9][0-9][ \t]*(-[ \t]*[1-5][0-9][0-9][ \t]*)?)";
    return std::string{"^"} + codes + "(," + codes + ")*$";
});

constexpr Rule url_key{
    .name = "url",
    .expected = "a string",
    .read = [](const Setting& it, ProbeSetting& probe) { probe.url = read_text(it); },
    .also_called = "http uri endpoint",
    .form = any_text,
    .summary =
        "An http:// or https:// URL: GET gives a status in `expect` and "
        "the body that is asked for.",
    .presence = Presence::one_of};
constexpr Rule tcp_key{.name = "tcp",
                       .expected = "a string such as \"localhost:5432\"",
                       .read = read_tcp,
                       .also_called = "connect port",
                       .form = any_text | number_from(1, 65535),
                       .summary =
                           "\"host:port\", \":port\" or a port: somebody accepts the "
                           "connection.",
                       .presence = Presence::one_of};
constexpr Rule command_key{
    .name = "command",
    .expected = "a string or an array of strings",
    .read = [](const Setting& it, ProbeSetting& probe) { probe.command = read_command(it); },
    .also_called = "cmd exec test run",
    .form = command_text,
    .summary = "A command that exits with 0; text is run by a shell.",
    .presence = Presence::one_of};
constexpr Rule expect_key{.name = "expect",
                          .expected = "HTTP status codes such as \"200-299,404\"",
                          .read = read_expect,
                          .also_called = "status codes",
                          .form = status_set | number_from(100, 599),
                          .summary = "Status codes and ranges that are good.",
                          .if_absent = "\"200-299\"",
                          .only_with = "url"};
constexpr Rule body_key{
    .name = "body",
    .expected = "a string",
    .read = [](const Setting& it, ProbeSetting& probe) { probe.body = read_text(it); },
    .also_called = "contains",
    .form = any_text,
    .summary = "Text that the body contains.",
    .only_with = "url"};
constexpr Rule body_regex_key{.name = "body_regex",
                              .expected = "a regular expression",
                              .read = read_body_regex,
                              .also_called = "regex match",
                              .form = any_text,
                              .summary = "A regular expression (RE2) that is found in the body.",
                              .only_with = "url"};
constexpr Rule headers_key{
    .name = "headers",
    .expected = "a table of strings",
    .read = [](const Setting& it,
               ProbeSetting& probe) { probe.headers = read_variables(it, "a header"); },
    .also_called = "header",
    .form = variable_table,
    .summary = "Headers to send.",
    .only_with = "url"};
constexpr Rule tls_key{
    .name = "tls",
    .expected = "\"verify\" or \"insecure\"",
    .read = [](const Setting& it, ProbeSetting& probe) { probe.tls = read_choice(it, tls_modes); },
    .form = one_of(words_of<tls_modes>),
    .summary = "Whether the certificate is looked at.",
    .if_absent = "\"verify\"",
    .only_with = "url"};
constexpr Rule ca_key{
    .name = "ca",
    .expected = "a path",
    .read = [](const Setting& it, ProbeSetting& probe) { probe.ca = read_text(it); },
    .also_called = "ca_file cacert",
    .form = any_text,
    .summary = "A file of certificates to trust instead of the system's.",
    .only_with = "url"};
constexpr Rule timeout_key{.name = "timeout",
                           .expected = "a duration such as \"2s\"",
                           .read = read_timeout,
                           .form = duration_text,
                           .summary =
                               "How long an answer may take; with `health` at most half of "
                               "`interval` if absent.",
                           .if_absent = "\"2s\""};
constexpr Rule interval_key{.name = "interval",
                            .expected = "a duration such as \"10s\"",
                            .read =
                                [](const Setting& it, ProbeSetting& probe) {
                                    probe.interval = read_duration(it, limits::probe_interval_min);
                                },
                            .also_called = "every period",
                            .form = duration_text,
                            .summary = "How often it is asked; longer than `timeout`.",
                            .if_absent = "\"10s\""};
constexpr Rule retries_key{
    .name = "retries",
    .expected = "a number from 1 to 1000",
    .read = [](const Setting& it, ProbeSetting& probe) { probe.retries = read_integer(it); },
    .also_called = "failures threshold failure_threshold",
    .form = number_from(1, 1000),
    .summary = "How many failures in a row make it unhealthy.",
    .if_absent = "3"};
constexpr Rule log_key{
    .name = "log",
    .expected = "a regular expression",
    .read = read_log,
    .also_called = "line output log_line pattern log_message",
    .form = text_like([]() -> std::string { return "."; }),
    .summary = "A regular expression (RE2) that is found in a line of its output.",
    .presence = Presence::one_of};
constexpr Rule stream_key{
    .name = "stream",
    .expected = "\"stdout\" or \"stderr\"",
    .read = [](const Setting& it,
               ProbeSetting& probe) { probe.stream = read_choice(it, log_streams); },
    .form = one_of(words_of<log_streams>),
    .summary = "Where the line is looked for; in both if absent.",
    .only_with = "log"};
constexpr Rule notify_key{
    .name = "notify",
    .expected = "true or false",
    .read = [](const Setting& it, ProbeSetting& probe) { probe.notifies = read_boolean(it); },
    .also_called = "sd_notify systemd",
    .form = true_or_false,
    .summary = "The service says READY=1 by sd_notify(3).",
    .presence = Presence::one_of};

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
                                stream_key,
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
                                 ca_key};

/// A probe is to be written with exactly one way to ask.
template <typename Keys>
void check_kind(const Setting& setting, const Keys& keys) {
    std::vector<std::string> ways;
    std::vector<std::string> known;
    for (const Rule& key : keys) {
        if (key.presence != Presence::one_of) continue;
        if (key.read != nullptr) known.push_back("`" + std::string{key.name} + "`");
        if (is_written(setting.value, keys, key.name)) {
            ways.push_back("`" + std::string{key.name} + "`");
        }
    }
    if (ways.size() == 1) return;
    setting.report.error(
        "probe-kind",
        setting.value.place,
        ways.empty() ? "`" + setting.name + "` needs one of " + join_for_people(known)
                     : "`" + setting.name + "` must have only one of " + join_for_people(ways));
}

template <typename Keys>
void check_companions(const Setting& setting, const Keys& keys) {
    for (const TomlEntry& entry : setting.value.entries) {
        const Rule* key = find_key(keys, entry.key.text);
        if (key == nullptr || key->only_with.empty()) continue;
        if (is_written(setting.value, keys, key->only_with)) continue;
        setting.report.error("probe-kind",
                             entry.key.place,
                             "`" + setting.name + "." + entry.key.text +
                                 "` is only for a probe with `" + std::string{key->only_with} +
                                 "`");
    }
}

/// Nobody is asked, so there is no answer to wait for.
void check_timeout(const Setting& setting, const ProbeSetting& probe) {
    if (!probe.timeout || (!probe.log && !probe.notifies)) return;
    setting.report.error(
        "probe-kind",
        probe.timeout_place,
        "`" + setting.name + ".timeout` is how long an answer may take, and nobody is asked here",
        "say with `start_timeout` how long the service may take");
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
    check_companions(setting, keys);
    check_timeout(setting, probe);
    return probe;
}

}  // namespace

std::optional<ProbeSetting> read_ready(const Setting& setting) {
    return read_probe(setting, ready_keys);
}

std::optional<ProbeSetting> read_health(const Setting& setting) {
    return read_probe(setting, health_keys);
}

std::vector<KeyView> ready_key_views() {
    return views_of<ready_keys>();
}

std::vector<KeyView> health_key_views() {
    return views_of<health_keys>();
}

}  // namespace devstack::core
