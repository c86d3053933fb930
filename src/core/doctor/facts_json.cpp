// One table for each struct says how it is called in JSON; reading and writing both go by it.

#include "devstack/core/doctor/facts_json.hpp"

#include "core/doctor/facts_json_shapes.hpp"

namespace devstack::core::api {

using namespace doctor;

template <>
const Shape& shape_of<NeedFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&NeedFact::service>},
        {"condition", slot<&NeedFact::condition>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<VariableFact>() {
    static constexpr Field fields[] = {
        {"name", slot<&VariableFact::name>},
        {"value", slot<&VariableFact::value>},
        {"is_empty", slot<&VariableFact::is_empty>},
        {"is_secret", slot<&VariableFact::is_secret>},
        {"where", slot<&VariableFact::where>},
        {"flaw", slot<&VariableFact::flaw>},
        {"overrides", slot<&VariableFact::overrides>},
        {"mark", slot<&VariableFact::mark>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ServiceFact>() {
    static constexpr Field fields[] = {
        {"name", slot<&ServiceFact::name>},
        {"kind", slot<&ServiceFact::kind>},
        {"phase", slot<&ServiceFact::phase>},
        {"why", slot<&ServiceFact::why>},
        {"phase_seconds", slot<&ServiceFact::phase_seconds>},
        {"is_wanted", slot<&ServiceFact::is_wanted>},
        {"pid", slot<&ServiceFact::pid>},
        {"run", slot<&ServiceFact::run>},
        {"uptime_seconds", slot<&ServiceFact::uptime_seconds>},
        {"restarts", slot<&ServiceFact::restarts>},
        {"has_been_ready", slot<&ServiceFact::has_been_ready>},
        {"ports", slot<&ServiceFact::ports>},
        {"needs", slot<&ServiceFact::needs>},
        {"differences", slot<&ServiceFact::differences>},
        {"watch_suspended", slot<&ServiceFact::watch_suspended>},
        {"health", slot<&ServiceFact::health>},
        {"last_answer", slot<&ServiceFact::last_answer>},
        {"has_exited", slot<&ServiceFact::has_exited>},
        {"exit_code", slot<&ServiceFact::exit_code>},
        {"exit_signal", slot<&ServiceFact::exit_signal>},
        {"command", slot<&ServiceFact::command>},
        {"words", slot<&ServiceFact::words>},
        {"working_dir", slot<&ServiceFact::working_dir>},
        {"user", slot<&ServiceFact::user>},
        {"user_id", slot<&ServiceFact::user_id>},
        {"variables", slot<&ServiceFact::variables>},
        {"probe", slot<&ServiceFact::probe>},
        {"probe_url", slot<&ServiceFact::probe_url>},
        {"probe_timeout", slot<&ServiceFact::probe_timeout>},
        {"start_timeout", slot<&ServiceFact::start_timeout>},
        {"declared_at", slot<&ServiceFact::declared_at>},
        {"may_end", slot<&ServiceFact::may_end>},
        {"unit", slot<&ServiceFact::unit>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<LineFact>() {
    static constexpr Field fields[] = {
        {"time", slot<&LineFact::time>},
        {"text", slot<&LineFact::text>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<LogFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&LogFact::service>},
        {"file", slot<&LogFact::file>},
        {"lines", slot<&LogFact::lines>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ProcessFact>() {
    static constexpr Field fields[] = {
        {"pid", slot<&ProcessFact::pid>},
        {"parent", slot<&ProcessFact::parent>},
        {"session", slot<&ProcessFact::session>},
        {"state", slot<&ProcessFact::state>},
        {"name", slot<&ProcessFact::name>},
        {"command", slot<&ProcessFact::command>},
        {"working_dir", slot<&ProcessFact::working_dir>},
        {"user", slot<&ProcessFact::user>},
        {"service", slot<&ProcessFact::service>},
        {"is_leftover", slot<&ProcessFact::is_leftover>},
        {"runtime", slot<&ProcessFact::runtime>},
        {"age_seconds", slot<&ProcessFact::age_seconds>},
        {"has_event_loop", slot<&ProcessFact::has_event_loop>},
        {"talks_to_nobody", slot<&ProcessFact::talks_to_nobody>},
        {"cpu_percent", slot<&ProcessFact::cpu_percent>},
        {"wanted_cpu_percent", slot<&ProcessFact::wanted_cpu_percent>},
        {"threads", slot<&ProcessFact::threads>},
        {"wait_channel", slot<&ProcessFact::wait_channel>},
        {"open_files", slot<&ProcessFact::open_files>},
        {"open_files_limit", slot<&ProcessFact::open_files_limit>},
        {"resident_bytes", slot<&ProcessFact::resident_bytes>},
        {"memory_limit_bytes", slot<&ProcessFact::memory_limit_bytes>},
        {"oom_kills", slot<&ProcessFact::oom_kills>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<KnowledgeFact>() {
    static constexpr Field fields[] = {
        {"name", slot<&KnowledgeFact::name>},
        {"pattern", slot<&KnowledgeFact::pattern>},
        {"meaning", slot<&KnowledgeFact::meaning>},
        {"look", slot<&KnowledgeFact::look>},
        {"fix", slot<&KnowledgeFact::fix>},
        {"services", slot<&KnowledgeFact::services>},
        {"when_well", slot<&KnowledgeFact::when_well>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<SourceLineFact>() {
    static constexpr Field fields[] = {
        {"number", slot<&SourceLineFact::number>},
        {"text", slot<&SourceLineFact::text>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<SourceFact>() {
    static constexpr Field fields[] = {
        {"file", slot<&SourceFact::file>},
        {"lines", slot<&SourceFact::lines>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ListenerFact>() {
    static constexpr Field fields[] = {
        {"port", slot<&ListenerFact::port>},
        {"address", slot<&ListenerFact::address>},
        {"pid", slot<&ListenerFact::pid>},
        {"command", slot<&ListenerFact::command>},
        {"user", slot<&ListenerFact::user>},
        {"working_dir", slot<&ListenerFact::working_dir>},
        {"service", slot<&ListenerFact::service>},
        {"since", slot<&ListenerFact::since>},
        {"accept_queue", slot<&ListenerFact::accept_queue>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ConnectionFact>() {
    static constexpr Field fields[] = {
        {"port", slot<&ConnectionFact::port>},
        {"service", slot<&ConnectionFact::service>},
        {"pid", slot<&ConnectionFact::pid>},
        {"state", slot<&ConnectionFact::state>},
        {"count", slot<&ConnectionFact::count>},
        {"unread", slot<&ConnectionFact::unread>},
        {"client", slot<&ConnectionFact::client>},
        {"grown", slot<&ConnectionFact::grown>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ReferenceFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&ReferenceFact::service>},
        {"kind", slot<&ReferenceFact::kind>},
        {"name", slot<&ReferenceFact::name>},
        {"where", slot<&ReferenceFact::where>},
        {"scheme", slot<&ReferenceFact::scheme>},
        {"user", slot<&ReferenceFact::user>},
        {"host", slot<&ReferenceFact::host>},
        {"port", slot<&ReferenceFact::port>},
        {"path", slot<&ReferenceFact::path>},
        {"dial", slot<&ReferenceFact::dial>},
        {"password_in", slot<&ReferenceFact::password_in>},
        {"database_in", slot<&ReferenceFact::database_in>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<AddressFact>() {
    static constexpr Field fields[] = {
        {"address", slot<&AddressFact::address>},
        {"outcome", slot<&AddressFact::outcome>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<HeaderFact>() {
    static constexpr Field fields[] = {
        {"name", slot<&HeaderFact::name>},
        {"value", slot<&HeaderFact::value>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<DialFact>() {
    static constexpr Field fields[] = {
        {"id", slot<&DialFact::id>},
        {"purpose", slot<&DialFact::purpose>},
        {"protocol", slot<&DialFact::protocol>},
        {"host", slot<&DialFact::host>},
        {"port", slot<&DialFact::port>},
        {"path", slot<&DialFact::path>},
        {"stage", slot<&DialFact::stage>},
        {"error", slot<&DialFact::error>},
        {"addresses", slot<&DialFact::addresses>},
        {"seconds", slot<&DialFact::seconds>},
        {"timeout", slot<&DialFact::timeout>},
        {"status", slot<&DialFact::status>},
        {"is_unexpected", slot<&DialFact::is_unexpected>},
        {"expected", slot<&DialFact::expected>},
        {"headers", slot<&DialFact::headers>},
        {"sent", slot<&DialFact::sent>},
        {"body", slot<&DialFact::body>},
        {"is_cut_off", slot<&DialFact::is_cut_off>},
        {"code", slot<&DialFact::code>},
        {"lock_waits", slot<&DialFact::lock_waits>},
        {"queues", slot<&DialFact::queues>},
        {"sessions", slot<&DialFact::sessions>},
        {"clients", slot<&DialFact::clients>},
        {"is_query_unanswered", slot<&DialFact::is_query_unanswered>},
        {"places", slot<&DialFact::places>},
        {"search_path", slot<&DialFact::search_path>},
        {"tls_problem", slot<&DialFact::tls_problem>},
        {"tls_subject", slot<&DialFact::tls_subject>},
        {"tls_issuer", slot<&DialFact::tls_issuer>},
        {"tls_until", slot<&DialFact::tls_until>},
        {"tls_names", slot<&DialFact::tls_names>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<NginxListenFact>() {
    static constexpr Field fields[] = {
        {"address", slot<&NginxListenFact::address>},
        {"port", slot<&NginxListenFact::port>},
        {"is_tls", slot<&NginxListenFact::is_tls>},
        {"is_default", slot<&NginxListenFact::is_default>},
        {"is_proxied", slot<&NginxListenFact::is_proxied>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<NginxSettingFact>() {
    static constexpr Field fields[] = {
        {"name", slot<&NginxSettingFact::name>},
        {"value", slot<&NginxSettingFact::value>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<NginxLocationFact>() {
    static constexpr Field fields[] = {
        {"modifier", slot<&NginxLocationFact::modifier>},
        {"path", slot<&NginxLocationFact::path>},
        {"where", slot<&NginxLocationFact::where>},
        {"proxy_pass", slot<&NginxLocationFact::proxy_pass>},
        {"proxy_pass_where", slot<&NginxLocationFact::proxy_pass_where>},
        {"other_pass", slot<&NginxLocationFact::other_pass>},
        {"other_pass_where", slot<&NginxLocationFact::other_pass_where>},
        {"settings", slot<&NginxLocationFact::settings>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<NginxServerFact>() {
    static constexpr Field fields[] = {
        {"where", slot<&NginxServerFact::where>},
        {"listens", slot<&NginxServerFact::listens>},
        {"names", slot<&NginxServerFact::names>},
        {"locations", slot<&NginxServerFact::locations>},
        {"returns", slot<&NginxServerFact::returns>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<NginxUpstreamFact>() {
    static constexpr Field fields[] = {
        {"name", slot<&NginxUpstreamFact::name>},
        {"where", slot<&NginxUpstreamFact::where>},
        {"down", slot<&NginxUpstreamFact::down>},
        {"servers", slot<&NginxUpstreamFact::servers>},
        {"server_places", slot<&NginxUpstreamFact::server_places>},
        {"keepalive", slot<&NginxUpstreamFact::keepalive>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<NginxFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&NginxFact::service>},
        {"config", slot<&NginxFact::config>},
        {"error_log", slot<&NginxFact::error_log>},
        {"problem", slot<&NginxFact::problem>},
        {"problem_where", slot<&NginxFact::problem_where>},
        {"servers", slot<&NginxFact::servers>},
        {"upstreams", slot<&NginxFact::upstreams>},
        {"directory", slot<&NginxFact::directory>},
        {"prefix", slot<&NginxFact::prefix>},
        {"user", slot<&NginxFact::user>},
        {"empty_includes", slot<&NginxFact::empty_includes>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<EnvFileFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&EnvFileFact::service>},
        {"path", slot<&EnvFileFact::path>},
        {"is_missing", slot<&EnvFileFact::is_missing>},
        {"is_declared", slot<&EnvFileFact::is_declared>},
        {"has_carriage_returns", slot<&EnvFileFact::has_carriage_returns>},
        {"changed_seconds", slot<&EnvFileFact::changed_seconds>},
        {"names", slot<&EnvFileFact::names>},
        {"example", slot<&EnvFileFact::example>},
        {"example_names", slot<&EnvFileFact::example_names>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ProgramFact>() {
    static constexpr Field fields[] = {
        {"service", slot<&ProgramFact::service>},
        {"word", slot<&ProgramFact::word>},
        {"path", slot<&ProgramFact::path>},
        {"problem", slot<&ProgramFact::problem>},
        {"mode", slot<&ProgramFact::mode>},
        {"owner", slot<&ProgramFact::owner>},
        {"interpreter", slot<&ProgramFact::interpreter>},
        {"nearest", slot<&ProgramFact::nearest>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<DiskFact>() {
    static constexpr Field fields[] = {
        {"path", slot<&DiskFact::path>},
        {"size_bytes", slot<&DiskFact::size_bytes>},
        {"free_bytes", slot<&DiskFact::free_bytes>},
        {"inodes", slot<&DiskFact::inodes>},
        {"free_inodes", slot<&DiskFact::free_inodes>},
        {"services", slot<&DiskFact::services>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<MachineFact>() {
    static constexpr Field fields[] = {
        {"memory_bytes", slot<&MachineFact::memory_bytes>},
        {"available_bytes", slot<&MachineFact::available_bytes>},
        {"cores", slot<&MachineFact::cores>},
        {"load", slot<&MachineFact::load>},
        {"watches_max", slot<&MachineFact::watches_max>},
        {"watches_used", slot<&MachineFact::watches_used>},
        {"instances_max", slot<&MachineFact::instances_max>},
        {"first_unprivileged_port", slot<&MachineFact::first_unprivileged_port>},
        {"user", slot<&MachineFact::user>},
        {"is_root", slot<&MachineFact::is_root>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<ProfileProblemFact>() {
    static constexpr Field fields[] = {
        {"code", slot<&ProfileProblemFact::code>},
        {"message", slot<&ProfileProblemFact::message>},
        {"where", slot<&ProfileProblemFact::where>},
        {"hint", slot<&ProfileProblemFact::hint>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<SubjectFact>() {
    static constexpr Field fields[] = {
        {"kind", slot<&SubjectFact::kind>},
        {"text", slot<&SubjectFact::text>},
        {"port", slot<&SubjectFact::port>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<Facts>() {
    static constexpr Field fields[] = {
        {"time", slot<&Facts::time>},
        {"subject", object_slot<&Facts::subject>},
        {"project", slot<&Facts::project>},
        {"project_dir", slot<&Facts::project_dir>},
        {"profile", slot<&Facts::profile>},
        {"daemon", slot<&Facts::daemon>},
        {"daemon_problem", slot<&Facts::daemon_problem>},
        {"seconds", slot<&Facts::seconds>},
        {"profile_problems", slot<&Facts::profile_problems>},
        {"knowledge", slot<&Facts::knowledge>},
        {"services", slot<&Facts::services>},
        {"crashes", slot<&Facts::crashes>},
        {"logs", slot<&Facts::logs>},
        {"processes", slot<&Facts::processes>},
        {"threads", slot<&Facts::threads>},
        {"goroutines", slot<&Facts::goroutines>},
        {"peers", slot<&Facts::peers>},
        {"sources", slot<&Facts::sources>},
        {"mentions", slot<&Facts::mentions>},
        {"files", slot<&Facts::files>},
        {"listeners", slot<&Facts::listeners>},
        {"connections", slot<&Facts::connections>},
        {"outgoing", slot<&Facts::outgoing>},
        {"references", slot<&Facts::references>},
        {"dials", slot<&Facts::dials>},
        {"nginx", slot<&Facts::nginx>},
        {"proxy_routes", slot<&Facts::proxy_routes>},
        {"proxy_rules", slot<&Facts::proxy_rules>},
        {"host_entries", slot<&Facts::host_entries>},
        {"name_servers", slot<&Facts::name_servers>},
        {"clocks", slot<&Facts::clocks>},
        {"paths", slot<&Facts::paths>},
        {"env_files", slot<&Facts::env_files>},
        {"programs", slot<&Facts::programs>},
        {"folders", slot<&Facts::folders>},
        {"modules", slot<&Facts::modules>},
        {"claims", slot<&Facts::claims>},
        {"reports", slot<&Facts::reports>},
        {"disks", slot<&Facts::disks>},
        {"task_limits", slot<&Facts::task_limits>},
        {"middleware", slot<&Facts::middleware>},
        {"kernel", slot<&Facts::kernel>},
        {"machine", object_slot<&Facts::machine>},
        {"unseen", slot<&Facts::unseen>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

}  // namespace devstack::core::api

namespace devstack::core::doctor {

std::string to_text(const Facts& facts) {
    api::JsonWriter json{api::JsonWriter::Layout::indented};
    api::write_fields(json, facts);
    return json.take() + "\n";
}

Result<Facts> parse_facts(std::string_view text) {
    return api::read_json<Facts>(text);
}

api::FindingMessage to_message(const Finding& finding) {
    return {finding.id,
            finding.service,
            finding.what,
            finding.is_open                          ? "none"
            : finding.confidence == Confidence::sure ? "sure"
                                                     : "probable",
            finding.evidence,
            finding.explains,
            finding.affects,
            finding.fix};
}

api::DiagnosisMessage to_message(const Diagnosis& diagnosis) {
    api::DiagnosisMessage message;
    message.is_healthy = diagnosis.is_healthy();
    for (const Finding& it : diagnosis.findings)
        message.findings.push_back(to_message(it));
    message.ruled_out = diagnosis.ruled_out;
    message.seen = diagnosis.seen;
    message.unseen = diagnosis.unseen;
    return message;
}

}  // namespace devstack::core::doctor
