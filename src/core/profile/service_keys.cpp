#include "service_keys.hpp"

#include "devstack/base/signal_name.hpp"

#include "prepare_keys.hpp"
#include "probe_keys.hpp"
#include "process_keys.hpp"
#include "restart_keys.hpp"
#include "section.hpp"
#include "service_values.hpp"

namespace devstack::core {

namespace {

constexpr Form signal = one_of(signal_names) | text_like(signal_pattern) | number_from(1, 64);
constexpr Form cpu_count =
    text_like([]() -> std::string {
        return R"(^(0*[1-9][0-9]{0,3}(\.[0-9]{1,2})?|0+\.(0[1-9]|[1-9][0-9]?))$)";
    }) |
    number_from(1, 9999);
constexpr Form account = any_text | number_from(0, UINT32_MAX - 1);
constexpr Form limit_value = any_text | number_from(0, INT64_MAX);
constexpr Form resource_limit = limit_value | table_of(limit_value);

constexpr std::array service_keys{
    Key<ServiceSetting>{
        .name = "command",
        .expected = "a string or an array of strings",
        .read = [](const Setting& it, ServiceSetting& to) { to.command = read_command(it); },
        .also_called = "cmd run exec start entrypoint script",
        .form = command_text,
        .summary = "What to run: text by /bin/sh, an array word by word without a shell.",
        .presence = Presence::required},
    Key<ServiceSetting>{
        .name = "working_dir",
        .expected = "a path",
        .read = [](const Setting& it, ServiceSetting& to) { to.working_dir = read_text(it); },
        .also_called = "cwd dir directory workdir workingdir folder path",
        .form = any_text,
        .summary = "The directory it runs in; the project directory if absent."},
    Key<ServiceSetting>{.name = "port",
                        .expected = "a number from 1 to 65535, or a table with `port`",
                        .read = read_only_port,
                        .form = port_form,
                        .summary = "The one port that it listens on; also set as PORT."},
    Key<ServiceSetting>{
        .name = "ports",
        .expected = "a table of numbers from 1 to 65535",
        .read = read_ports,
        .form = table_of(port_form),
        .summary = "Names and numbers of the ports that it listens on, if there are several."},
    Key<ServiceSetting>{
        .name = "env",
        .expected = "a table of strings",
        .read = [](const Setting& it,
                   ServiceSetting& to) { to.env = read_variables(it, "a variable"); },
        .also_called = "environment vars variables",
        .form = variable_table,
        .summary = "Variables of its environment."},
    Key<ServiceSetting>{
        .name = "env_file",
        .expected = "a path or an array of paths",
        .read = [](const Setting& it, ServiceSetting& to) { to.env_files = read_texts(it); },
        .also_called = "envfile dotenv",
        .form = text_or_texts,
        .summary = "Files of variables; a later one wins."},
    Key<ServiceSetting>{
        .name = "require_env",
        .expected = "a name or an array of names",
        .read = [](const Setting& it, ServiceSetting& to) { to.require_env = read_texts(it); },
        .also_called = "required_env required",
        .form = text_or_texts,
        .summary = "Variables that must be set and not empty."},
    Key<ServiceSetting>{.name = "depends_on",
                        .expected = "an array of names, or a table such as { db = \"ready\" }",
                        .read = read_depends_on,
                        .also_called = "depends dependencies needs requires after",
                        .form = text_or_texts | table_of(need_condition),
                        .summary = "What has to be there before it starts."},
    Key<ServiceSetting>{
        .name = "restart_with",
        .expected = "a name or an array of names",
        .read = [](const Setting& it, ServiceSetting& to) { to.restart_with = read_texts(it); },
        .form = text_or_texts,
        .summary = "Services whose restart restarts this one too."},
    Key<ServiceSetting>{
        .name = "prepare",
        .expected = "a table such as { command = \"npm install\" }",
        .read = [](const Setting& it, ServiceSetting& to) { to.prepare = read_prepare(it); },
        .also_called = "before setup pre_start build install",
        .form = table_with(prepare_key_views),
        .summary = "A step that must succeed before it starts."},
    Key<ServiceSetting>{
        .name = "ready",
        .expected = "a table such as { url = \"http://localhost:3000/\" }",
        .read = [](const Setting& it, ServiceSetting& to) { to.ready = read_ready(it); },
        .also_called = "readiness readiness_probe ready_check",
        .form = table_with(ready_key_views),
        .summary =
            "A probe that is asked until it succeeds once, or a sign that it gives; if absent "
            "`health`, else its port."},
    Key<ServiceSetting>{
        .name = "health",
        .expected = "a table such as { url = \"http://localhost:3000/\" }",
        .read = [](const Setting& it, ServiceSetting& to) { to.health = read_health(it); },
        .also_called = "healthcheck health_check liveness liveness_probe",
        .form = table_with(health_key_views),
        .summary = "A probe that is asked as long as it runs."},
    Key<ServiceSetting>{
        .name = "watchdog",
        .expected = "a duration such as \"30s\"",
        .read = [](const Setting& it,
                   ServiceSetting& to) { to.watchdog = read_duration(it, Duration{1}); },
        .also_called = "watchdog_sec watchdog_timeout",
        .form = duration_text,
        .summary = "It says by sd_notify(3) that it is alive, at least so often."},
    Key<ServiceSetting>{
        .name = "on_demand",
        .expected = "true or false",
        .read =
            [](const Setting& it, ServiceSetting& to) {
                to.on_demand = read_boolean(it);
                to.on_demand_place = it.value.place;
            },
        .also_called = "lazy socket_activated",
        .form = true_or_false,
        .summary = "It starts when somebody connects to a port with `socket = true`.",
        .if_absent = "false"},
    Key<ServiceSetting>{
        .name = "restart",
        .expected = "\"no\", \"on-failure\", \"always\" or a table",
        .read = [](const Setting& it, ServiceSetting& to) { to.restart = read_restart(it); },
        .also_called = "restart_policy autorestart",
        .form = one_of(restart_mode_words) | table_with(restart_key_views),
        .summary = "When it is started again; if absent \"on-failure\", and \"no\" for a task."},
    Key<ServiceSetting>{
        .name = "start_timeout",
        .expected = "a duration such as \"60s\"",
        .read = [](const Setting& it,
                   ServiceSetting& to) { to.start_timeout = read_duration(it, Duration{1}); },
        .also_called = "start_period",
        .form = duration_text,
        .summary = "How long it may take to become ready.",
        .if_absent = "\"60s\""},
    Key<ServiceSetting>{
        .name = "stop_timeout",
        .expected = "a duration such as \"10s\"",
        .read = [](const Setting& it,
                   ServiceSetting& to) { to.stop_timeout = read_duration(it, Duration{}); },
        .also_called = "stop_grace_period kill_timeout grace",
        .form = duration_text,
        .summary = "How long it may take to end; then comes SIGKILL.",
        .if_absent = "\"10s\""},
    Key<ServiceSetting>{
        .name = "stop_signal",
        .expected = "the name of a signal such as \"SIGTERM\"",
        .read = [](const Setting& it, ServiceSetting& to) { to.stop_signal = read_signal(it); },
        .also_called = "signal",
        .form = signal,
        .summary = "The signal that asks it to end.",
        .if_absent = "\"SIGTERM\""},
    Key<ServiceSetting>{
        .name = "dump_signal",
        .expected = "the name of a signal such as \"SIGQUIT\"",
        .read = [](const Setting& it, ServiceSetting& to) { to.dump_signal = read_signal(it); },
        .also_called = "quit_signal thread_dump",
        .form = signal,
        .summary = "By which it writes down what it is doing, before it is restarted because it "
                   "hangs."},
    Key<ServiceSetting>{.name = "success_exit_codes",
                        .expected = "an array of numbers from 0 to 255",
                        .read = read_exit_codes,
                        .also_called = "exit_codes",
                        .form = array_of(exit_code),
                        .summary = "Exit codes that are no failure, besides 0.",
                        .if_absent = "[]"},
    Key<ServiceSetting>{.name = "description",
                        .expected = "a string",
                        .read = [](const Setting& it, ServiceSetting&) { read_text(it); },
                        .also_called = "comment title",
                        .form = any_text,
                        .summary = "For people."},
    Key<ServiceSetting>{
        .name = "user",
        .expected = "the name or number of a user, or \"USER:GROUP\"",
        .read = read_user,
        .also_called = "run_as uid",
        .form = account,
        .summary =
            "The user it runs as, and with a colon the group; only root can choose another."},
    Key<ServiceSetting>{.name = "group",
                        .expected = "the name or number of a group",
                        .read = read_group,
                        .also_called = "gid",
                        .form = account,
                        .summary = "The group it runs as; that of the user if absent."},
    Key<ServiceSetting>{.name = "group_add",
                        .expected = "an array of names or numbers of groups",
                        .read = read_group_add,
                        .also_called = "groups supplementary_groups",
                        .form = array_of(account),
                        .summary = "More groups that it is in, besides those of its user."},
    Key<ServiceSetting>{.name = "umask",
                        .expected = "an octal number in quotes",
                        .read = read_umask,
                        .form = any_text,
                        .summary = "What files that it makes are not open for."},
    Key<ServiceSetting>{.name = "ulimits",
                        .expected = "a table such as { nofile = 65536 }",
                        .read = read_ulimits,
                        .also_called = "ulimit rlimits rlimit",
                        .form = table_of(resource_limit),
                        .summary = "Limits of its resources, as of ulimit and prlimit."},
    Key<ServiceSetting>{.name = "nice",
                        .expected = "a number from -20 to 19",
                        .read = read_nice,
                        .also_called = "niceness priority",
                        .form = number_from(-20, 19),
                        .summary = "How willingly it leaves the processor to others."},
    Key<ServiceSetting>{
        .name = "oom_score_adj",
        .expected = "a number from -1000 to 1000",
        .read = read_oom_score_adj,
        .also_called = "oom_score oom_score_adjust oom_adj",
        .form = number_from(-1000, 1000),
        .summary = "How soon the kernel kills it when memory is short; -1000 is never."},
    Key<ServiceSetting>{.name = "mem_limit",
                        .expected = "a size",
                        .read = read_mem_limit,
                        .also_called = "memory_limit memory mem memory_max mem_max",
                        .form = size_text,
                        .summary = "What it and all that it starts may have of memory, by cgroup."},
    Key<ServiceSetting>{.name = "cpus",
                        .expected = "a number of processors, such as \"0.5\" or 2",
                        .read = read_cpus,
                        .also_called = "cpu_limit cpu cpu_max cpu_quota",
                        .form = cpu_count,
                        .summary = "How many processors it may keep busy, by cgroup."},
    Key<ServiceSetting>{.name = "pids_limit",
                        .expected = "a number from 1 to 4194304",
                        .read = read_pids_limit,
                        .also_called = "pids pids_max tasks_max max_processes",
                        .form = number_from(1, 4'194'304),
                        .summary = "How many processes and threads it may have, by cgroup."},
    Key<ServiceSetting>{.name = "no_new_privileges",
                        .expected = "true or false",
                        .read = read_no_new_privileges,
                        .also_called = "no_new_privs security_opt",
                        .form = true_or_false,
                        .summary = "No program that it starts gets more rights than it has."},
    Key<ServiceSetting>{.name = "cap_add",
                        .expected = "an array of names of capabilities",
                        .read = read_cap_add,
                        .also_called = "capabilities ambient_capabilities",
                        .form = array_of(any_text),
                        .summary = "Capabilities that it has though it is not root."},
    Key<ServiceSetting>{.name = "cap_drop",
                        .expected = "an array of names of capabilities",
                        .read = read_cap_drop,
                        .form = array_of(any_text),
                        .summary = "Capabilities that it can not have though it is root."},
    Key<ServiceSetting>{.name = "tty",
                        .expected = "true or false",
                        .read = read_tty,
                        .also_called = "terminal pty",
                        .form = true_or_false,
                        .summary = "It writes to a terminal, and keeps its colours."},
    Key<ServiceSetting>{.name = "stdin_open",
                        .expected = "true or false",
                        .read = read_stdin_open,
                        .also_called = "stdin interactive",
                        .form = true_or_false,
                        .summary = "Its input never ends."},
    Key<ServiceSetting>{
        .name = "watch",
        .expected = "a path or an array of paths",
        .read = [](const Setting& it, ServiceSetting& to) { to.watch = read_texts(it); },
        .also_called = "watch_files reload_on",
        .form = text_or_texts,
        .summary = "Paths or globs of files; when one changes, it is restarted."},
    Key<ServiceSetting>{.name = "unit", .read = nullptr},
    Key<ServiceSetting>{.name = "limits", .read = nullptr}};

/// A task is done when its process has ended: nobody asks it how it is.
bool is_only_for_services(std::string_view key) {
    return key == "ready" || key == "health" || key == "watchdog" || key == "on_demand";
}

void check_task(const TomlValue& table, Report& report) {
    for (const TomlEntry& entry : table.entries) {
        if (!is_only_for_services(entry.key.text)) continue;
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

std::vector<KeyView> service_key_views() {
    return views_of<service_keys>();
}

std::vector<KeyView> task_key_views() {
    std::vector<KeyView> views = service_key_views();
    std::erase_if(views, [](const KeyView& key) { return is_only_for_services(key.name); });
    return views;
}

}  // namespace devstack::core
