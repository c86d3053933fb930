#include "probe_plan.hpp"

#include "devstack/core/probes/url.hpp"

#include "path.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace devstack::core {

namespace {

/// See RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || std::string_view{"!#$%&'*+-.^_`|~"}.find(
                                           static_cast<char>(c)) != std::string_view::npos;
    });
}

}  // namespace

CommandLine make_command(const CommandSetting& setting,
                         const Scope& scope,
                         std::vector<Diagnostic>& diagnostics) {
    CommandLine command;
    for (const SourceText& word : setting.words) {
        command.argv.push_back(expand(word, scope, diagnostics));
    }
    return setting.is_shell ? CommandLine::shell(std::move(command.argv.front())) : command;
}

std::optional<ReadySign> make_ready_sign(const ProbeSetting& setting) {
    if (setting.log) return LogSign{setting.log->text, setting.stream};
    if (setting.notifies) return NotifySign{};
    return std::nullopt;
}

std::optional<ReadyCheck> ProbeMaker::make_ready(const ProbeSetting& setting) {
    std::optional<Probe> probe = make_probe(setting);
    if (!probe) return std::nullopt;
    ReadyCheck ready;
    ready.probe = std::move(*probe);
    ready.timeout = setting.timeout.value_or(ready.timeout);
    return ready;
}

std::optional<HealthCheck> ProbeMaker::make_health(const ProbeSetting& setting) {
    HealthCheck health;
    health.interval = setting.interval.value_or(health.interval);
    const Duration usual = std::min(health.timeout, Duration{health.interval / 2});
    health.timeout = setting.timeout.value_or(usual);
    health.retries = setting.retries.value_or(health.retries);
    if (health.timeout >= health.interval) {
        error("bad-duration",
              setting.timeout_place,
              "`health.timeout` (" + render_duration(health.timeout) +
                  ") must be shorter than `health.interval` (" + render_duration(health.interval) +
                  (setting.interval ? ")" : " unless you set it)"));
    }
    std::optional<Probe> probe = make_probe(setting);
    if (!probe) return std::nullopt;
    health.probe = std::move(*probe);
    return health;
}

std::optional<Probe> ProbeMaker::make_probe(const ProbeSetting& setting) {
    if (setting.url) return make_url_probe(setting);
    if (setting.tcp) return make_tcp_probe(setting);
    if (!setting.command) return std::nullopt;
    return CommandProbe{make_command(*setting.command, surroundings_.scope, diagnostics_)};
}

std::optional<Probe> ProbeMaker::make_url_probe(const ProbeSetting& setting) {
    UrlProbe probe;
    const std::size_t mistakes = diagnostics_.size();
    probe.url = expand_text(setting.url);
    if (diagnostics_.size() > mistakes) return std::nullopt;
    Result<Url> url = parse_url(probe.url);
    if (!url) {
        error("bad-url", setting.url->place, url.error().message);
        return std::nullopt;
    }
    probe.is_tls = url->is_tls;
    probe.host = std::move(url->host);
    probe.port = url->port;
    probe.target = std::move(url->target);
    for (const VariableSetting& header : setting.headers) {
        std::string value = expand(header.value, surroundings_.scope, diagnostics_);
        if (value.find_first_of("\r\n") != std::string::npos) {
            error("bad-header",
                  header.value.place,
                  "header `" + header.name.text + "` cannot contain a line end");
        }
        if (!is_token(header.name.text)) {
            error("bad-header",
                  header.name.place,
                  "\"" + header.name.text + "\" is not the name of a header");
        }
        probe.headers.emplace_back(header.name.text, std::move(value));
    }
    probe.expect = setting.expect.value_or(probe.expect);
    probe.body_contains = expand_text(setting.body);
    if (setting.body_regex) probe.body_matches = setting.body_regex->text;
    probe.tls = setting.tls.value_or(probe.tls);
    if (setting.ca) {
        probe.ca_file = resolve_path(
            surroundings_.working_dir, expand_text(setting.ca), surroundings_.scope.home());
    }
    return probe;
}

std::optional<Probe> ProbeMaker::make_tcp_probe(const ProbeSetting& setting) {
    const std::size_t mistakes = diagnostics_.size();
    const std::string text = expand_text(setting.tcp);
    if (diagnostics_.size() > mistakes) return std::nullopt;
    Result<HostAndPort> target = parse_host_and_port(text);
    if (!target) {
        error("bad-address", setting.tcp->place, target.error().message);
        return std::nullopt;
    }
    return TcpProbe{std::move(target->host), target->port};
}

std::string ProbeMaker::expand_text(const std::optional<SourceText>& text) {
    return text ? expand(*text, surroundings_.scope, diagnostics_) : "";
}

void ProbeMaker::error(std::string code, Place place, std::string message) {
    diagnostics_.push_back(
        surroundings_.scope.profile->source.error(std::move(code), place, std::move(message)));
}

}  // namespace devstack::core
