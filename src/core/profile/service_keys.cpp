#include "service_keys.hpp"

#include "devstack/base/signal_name.hpp"

#include "probe_keys.hpp"
#include "process_keys.hpp"
#include "restart_keys.hpp"
#include "section.hpp"

namespace devstack::core {

namespace {

/// Port 0 stands for one that could not be read, so that those who refer to it are not blamed too.
Port read_port(const Setting& it) {
    if (it.value.is_string() && it.value.text == "auto") {
        it.report.error("not-yet-supported",
                        it.value.place,
                        "`" + it.name + "`: \"auto\" is not supported yet",
                        "give a number, such as 3000");
        return {};
    }
    return Port{static_cast<std::uint16_t>(read_integer(it, 1, 65535).value_or(0))};
}

void read_only_port(const Setting& it, ServiceSetting& service) {
    service.ports.push_back({"", read_port(it), it.value.place});
}

void read_ports(const Setting& it, ServiceSetting& service) {
    if (!it.value.is_table()) {
        return it.report_wrong_type("write { http = 3000, debug = 9229 }, or `port` for only one");
    }
    for (const TomlEntry& entry : it.value.entries) {
        const Setting part{it.name + "." + entry.key.text,
                           "a number from 1 to 65535",
                           entry.key.place,
                           entry.value,
                           it.report};
        service.ports.push_back({entry.key.text, read_port(part), entry.value.place});
    }
}

std::optional<NeedCondition> read_condition(const Setting& part) {
    if (!part.value.is_string()) {
        part.report_wrong_type();
        return std::nullopt;
    }
    const std::string& word = part.value.text;
    if (word == "started") return NeedCondition::started;
    if (word == "ready") return NeedCondition::ready;
    if (word == "completed") return NeedCondition::completed;
    std::string guess = did_you_mean(word, {"started", "ready", "completed"});
    if (has_word("service_healthy healthy", word)) guess = " (did you mean `ready`?)";
    if (word == "service_started") guess = " (did you mean `started`?)";
    if (word == "service_completed_successfully") guess = " (did you mean `completed`?)";
    part.report_bad_value(
        "bad-choice",
        "\"" + word + "\" is not one of \"started\", \"ready\" and \"completed\"" + guess);
    return std::nullopt;
}

void read_depends_on(const Setting& it, ServiceSetting& service) {
    if (!it.value.is_table()) {
        for (SourceText& need : read_texts(it)) {
            service.depends_on.push_back({std::move(need), std::nullopt, {}});
        }
        return;
    }
    for (const TomlEntry& entry : it.value.entries) {
        const Setting part{it.name + "." + entry.key.text,
                           "\"started\", \"ready\" or \"completed\"",
                           entry.key.place,
                           entry.value,
                           it.report};
        service.depends_on.push_back({entry.key, read_condition(part), entry.value.place});
    }
}

constexpr std::array prepare_keys{
    Key<PrepareSetting>{
        "command",
        "a string or an array of strings",
        [](const Setting& it, PrepareSetting& to) { to.command = read_command(it); },
        "cmd run exec"},
    Key<PrepareSetting>{"creates",
                        "a path",
                        [](const Setting& it, PrepareSetting& to) { to.creates = read_text(it); },
                        "output outputs"},
    Key<PrepareSetting>{"inputs",
                        "a path or an array of paths",
                        [](const Setting& it, PrepareSetting& to) { to.inputs = read_texts(it); },
                        "input sources"}};

void read_prepare(const Setting& it, ServiceSetting& service) {
    PrepareSetting prepare;
    prepare.place = it.value.place;
    if (!it.value.is_table()) return it.report_wrong_type("write { command = \"…\" }");
    read_section(it.value, prepare_keys, prepare, {"`prepare`", it.name + "."}, it.report);
    if (!is_written(it.value, prepare_keys, "command")) {
        it.report.error("missing-command", it.value.place, "`prepare` needs a `command`");
    }
    if (prepare.command) service.prepare = std::move(prepare);
}

void read_stop_signal(const Setting& it, ServiceSetting& service) {
    const bool is_integer = it.value.kind == TomlValue::Kind::integer;
    if (!is_integer && !it.value.is_string()) return it.report_wrong_type();
    const Result<int> signal =
        parse_signal(is_integer ? std::to_string(it.value.integer) : it.value.text);
    if (!signal) return it.report_bad_value("bad-signal", signal.error().message);
    service.stop_signal = *signal;
}

void read_exit_codes(const Setting& it, ServiceSetting& service) {
    if (it.value.kind != TomlValue::Kind::array) return it.report_wrong_type();
    for (const TomlValue& item : it.value.items) {
        const Setting part{it.name, "numbers from 0 to 255", it.key_place, item, it.report};
        if (const auto code = read_integer(part, 0, 255)) {
            service.success_exit_codes.push_back(*code);
        }
    }
}

constexpr std::array service_keys{
    Key<ServiceSetting>{
        "command",
        "a string or an array of strings",
        [](const Setting& it, ServiceSetting& to) { to.command = read_command(it); },
        "cmd run exec start entrypoint script"},
    Key<ServiceSetting>{
        "working_dir",
        "a path",
        [](const Setting& it, ServiceSetting& to) { to.working_dir = read_text(it); },
        "cwd dir directory workdir workingdir folder path"},
    Key<ServiceSetting>{"port", "a number from 1 to 65535", read_only_port},
    Key<ServiceSetting>{"ports", "a table of numbers from 1 to 65535", read_ports},
    Key<ServiceSetting>{
        "env",
        "a table of strings",
        [](const Setting& it, ServiceSetting& to) { to.env = read_variables(it, "a variable"); },
        "environment vars variables"},
    Key<ServiceSetting>{
        "env_file",
        "a path or an array of paths",
        [](const Setting& it, ServiceSetting& to) { to.env_files = read_texts(it); },
        "envfile dotenv"},
    Key<ServiceSetting>{
        "require_env",
        "a name or an array of names",
        [](const Setting& it, ServiceSetting& to) { to.require_env = read_texts(it); },
        "required_env required"},
    Key<ServiceSetting>{"depends_on",
                        "an array of names, or a table such as { db = \"ready\" }",
                        read_depends_on,
                        "depends dependencies needs requires after"},
    Key<ServiceSetting>{
        "restart_with",
        "a name or an array of names",
        [](const Setting& it, ServiceSetting& to) { to.restart_with = read_texts(it); }},
    Key<ServiceSetting>{"prepare",
                        "a table such as { command = \"npm install\" }",
                        read_prepare,
                        "before setup pre_start build install"},
    Key<ServiceSetting>{"ready",
                        "a table such as { url = \"http://localhost:3000/\" }",
                        [](const Setting& it, ServiceSetting& to) { to.ready = read_ready(it); },
                        "readiness readiness_probe ready_check"},
    Key<ServiceSetting>{"health",
                        "a table such as { url = \"http://localhost:3000/\" }",
                        [](const Setting& it, ServiceSetting& to) { to.health = read_health(it); },
                        "healthcheck health_check liveness liveness_probe"},
    Key<ServiceSetting>{
        "restart",
        "\"no\", \"on-failure\", \"always\" or a table",
        [](const Setting& it, ServiceSetting& to) { to.restart = read_restart(it); },
        "restart_policy autorestart"},
    Key<ServiceSetting>{"start_timeout",
                        "a duration such as \"60s\"",
                        [](const Setting& it, ServiceSetting& to) {
                            to.start_timeout = read_duration(it, Duration{1});
                        },
                        "start_period"},
    Key<ServiceSetting>{"stop_timeout",
                        "a duration such as \"10s\"",
                        [](const Setting& it, ServiceSetting& to) {
                            to.stop_timeout = read_duration(it, Duration{});
                        },
                        "stop_grace_period kill_timeout grace"},
    Key<ServiceSetting>{
        "stop_signal", "the name of a signal such as \"SIGTERM\"", read_stop_signal, "signal"},
    Key<ServiceSetting>{
        "success_exit_codes", "an array of numbers from 0 to 255", read_exit_codes, "exit_codes"},
    Key<ServiceSetting>{"description",
                        "a string",
                        [](const Setting& it, ServiceSetting&) { read_text(it); },
                        "comment title"},
    Key<ServiceSetting>{
        "user", "the name or number of a user, or \"USER:GROUP\"", read_user, "run_as uid"},
    Key<ServiceSetting>{"group", "the name or number of a group", read_group, "gid"},
    Key<ServiceSetting>{"group_add",
                        "an array of names or numbers of groups",
                        read_group_add,
                        "groups supplementary_groups"},
    Key<ServiceSetting>{"umask", "an octal number in quotes", read_umask},
    Key<ServiceSetting>{
        "ulimits", "a table such as { nofile = 65536 }", read_ulimits, "ulimit rlimits rlimit"},
    Key<ServiceSetting>{"nice", "a number from -20 to 19", read_nice, "niceness priority"},
    Key<ServiceSetting>{"oom_score_adj",
                        "a number from -1000 to 1000",
                        read_oom_score_adj,
                        "oom_score oom_score_adjust oom_adj"},
    Key<ServiceSetting>{
        "no_new_privileges", "true or false", read_no_new_privileges, "no_new_privs security_opt"},
    Key<ServiceSetting>{"cap_add",
                        "an array of names of capabilities",
                        read_cap_add,
                        "capabilities ambient_capabilities"},
    Key<ServiceSetting>{"cap_drop", "an array of names of capabilities", read_cap_drop},
    Key<ServiceSetting>{"tty", "true or false", read_tty, "terminal pty"},
    Key<ServiceSetting>{"stdin_open", "true or false", read_stdin_open, "stdin interactive"},
    Key<ServiceSetting>{"unit", "", nullptr},
    Key<ServiceSetting>{"watch", "", nullptr},
    Key<ServiceSetting>{"socket", "", nullptr},
    Key<ServiceSetting>{"limits", "", nullptr}};

/// A task is done when its process has ended: nobody asks it how it is.
void check_task(const TomlValue& table, Report& report) {
    for (const TomlEntry& entry : table.entries) {
        if (entry.key.text != "ready" && entry.key.text != "health") continue;
        report.error("not-for-tasks",
                     entry.key.place,
                     "`" + entry.key.text + "` is only for services: a task is done when it ends");
    }
}

}  // namespace

ServiceSetting read_service(const TomlEntry& entry, ServiceKind kind, Report& report) {
    ServiceSetting service;
    service.name = entry.key.text;
    service.kind = kind;
    service.place = entry.key.place;
    const std::string word = kind == ServiceKind::task ? "task" : "service";
    read_section(
        entry.value, service_keys, service, {"[" + word + "." + service.name + "]", ""}, report);
    // A unit is somebody else's to start: that it is not supported has been said.
    if (kind == ServiceKind::task) check_task(entry.value, report);
    const bool has_command = is_written(entry.value, service_keys, "command") ||
                             is_written(entry.value, service_keys, "unit");
    if (!has_command) {
        report.error("missing-command",
                     service.place,
                     word + " `" + service.name + "` has no `command`",
                     "add command = \"…\"");
    }
    return service;
}

}  // namespace devstack::core
