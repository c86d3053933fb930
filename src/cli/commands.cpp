#include "devstack/cli/up.hpp"
#include "devstack/project/project_paths.hpp"

#include "cli/builtin_profiles.hpp"
#include "cli/command_table.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>

// The table of the commands, and what may be typed after each.

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;

// ---- The options of each command ---------------------------------------------------------------

/// "api" may be a profile or a service of the project here: what looks like a file is a profile,
/// and so is what is found as one.
bool names_profile(const std::string& word) {
    if (word.find('/') != std::string::npos || word.ends_with(".toml")) return true;
    std::error_code ignored;
    const std::string here = std::filesystem::current_path(ignored).string();
    return project::find_profile(here, word) || find_builtin_profile(word) ||
           !project::find_profile(here, std::nullopt);
}

Runner add_up(OptionSet& set) {
    struct Arguments {
        UpOptions options;
        std::vector<std::string> words;
    };
    const auto typed = std::make_shared<Arguments>();
    UpOptions& options = typed->options;
    set.words("SERVICE", typed->words, "what to start; the first word may be the PROFILE");
    set.flag("-d,--detach", options.detach, "leave everything running and return");
    set.flag("--wait", options.wait, "return when all is ready, or can not become so");
    set.flag("--free-ports", options.free_ports, "end whoever holds a port that is needed");
    set.optional_duration("--timeout", options.timeout, "how long --wait waits");
    set.flag("--json", options.json, "for programs: one JSON object a line");
    return [typed](const Common& common) {
        std::vector<std::string>& words = typed->words;
        if (!words.empty() && names_profile(words.front())) {
            typed->options.profile = words.front();
            words.erase(words.begin());
        }
        typed->options.services = std::move(words);
        typed->options.colour = common.colour;
        return run_up(typed->options);
    };
}

Runner add_down(OptionSet& set) {
    const auto options = std::make_shared<DownOptions>();
    options->timeout = 2min;
    set.duration("--timeout", options->timeout, "give up waiting after TIME (2m)");
    set.flag("--force", options->force, "kill at once instead of asking");
    return [options](const Common& common) { return run_down(common, *options); };
}

Runner add_status(OptionSet& set) {
    const auto options = std::make_shared<StatusOptions>();
    set.words("SERVICE", options->services, "only these");
    set.flag("-w,--watch", options->watch, "keep looking");
    set.flag("--usage", options->usage, "look up CPU and memory also for a pipe or JSON");
    set.flag("--json", options->json, "for programs");
    return [options](const Common& common) { return run_status(common, *options); };
}

Runner add_why(OptionSet& set) {
    const auto options = std::make_shared<WhyOptions>();
    set.word("SERVICE", options->service, "the service or task");
    set.flag("--json", options->json, "for programs");
    return [options](const Common& common) { return run_why(common, *options); };
}

Runner add_logs(OptionSet& set) {
    const auto options = std::make_shared<LogsOptions>();
    set.words("SERVICE", options->services, "only these");
    set.flag("-f,--follow", options->follow, "go on with what is written from now on");
    set.text("-n,--tail", "N", options->tail, "the last N lines; \"all\" for all (200)");
    set.text("--since", "TIME", options->since, "what was written from TIME on");
    set.text("--until", "TIME", options->until, "what was written until TIME");
    set.text("--grep", "RE", options->pattern, "lines that match the regular expression");
    set.flag("--stdout", options->only_output, "standard output only");
    set.flag("--stderr", options->only_error, "standard error only");
    set.flag("-t,--timestamps", options->timestamps, "show when each line was captured");
    set.flag("--no-prefix", options->no_prefix, "without the name of the service");
    set.flag("--json", options->json, "for programs: one JSON object a line");
    return [options](const Common& common) {
        // Both is the same as neither.
        if (options->only_output && options->only_error) {
            options->only_output = options->only_error = false;
        }
        return run_logs(common, *options);
    };
}

Runner add_top(OptionSet&) {
    return [](const Common& common) { return run_top(common); };
}

Runner add_change(OptionSet& set, const char* command) {
    const auto options = std::make_shared<ChangeOptions>();
    options->command = command;
    options->timeout = 2min;
    set.words("SERVICE", options->services, "the services or tasks", true);
    set.duration("--timeout", options->timeout, "give up waiting after TIME (2m)");
    set.flag("--no-wait", options->no_wait, "only ask for it");
    return [options](const Common& common) { return run_change(common, *options); };
}

Runner add_start(OptionSet& set) {
    return add_change(set, "start");
}
Runner add_stop(OptionSet& set) {
    return add_change(set, "stop");
}
Runner add_restart(OptionSet& set) {
    return add_change(set, "restart");
}

Runner add_reload(OptionSet& set) {
    const auto options = std::make_shared<ReloadOptions>();
    options->timeout = 2min;
    set.optional_word("PROFILE", options->profile, "another profile of the project");
    set.flag("--dry-run", options->dry_run, "only tell what it would do");
    set.duration("--timeout", options->timeout, "give up waiting after TIME (2m)");
    set.flag("--no-wait", options->no_wait, "only ask for it");
    set.flag("--json", options->json, "for programs: what was done");
    return [options](const Common& common) { return run_reload(common, *options); };
}

Runner add_signal(OptionSet& set) {
    const auto options = std::make_shared<SignalOptions>();
    set.word("SIGNAL", options->signal, "HUP, SIGHUP or 1");
    set.word("SERVICE", options->service, "the service");
    return [options](const Common& common) { return run_signal(common, *options); };
}

Runner add_run(OptionSet& set) {
    const auto options = std::make_shared<RunOptions>();
    options->timeout = 1h;
    set.word("TASK", options->task, "the task");
    set.duration("--timeout", options->timeout, "give up waiting after TIME (1h); it goes on");
    return [options](const Common& common) { return run_run(common, *options); };
}

Runner add_events(OptionSet& set) {
    const auto options = std::make_shared<EventsOptions>();
    options->tail = 50;
    set.words("SERVICE", options->services, "only these");
    set.flag("-f,--follow", options->follow, "go on with what happens from now on");
    set.count("-n,--tail", options->tail, "the last N (50)");
    set.flag("--json", options->json, "for programs: one JSON object a line");
    return [options](const Common& common) { return run_events(common, *options); };
}

Runner add_crashes(OptionSet& set) {
    const auto options = std::make_shared<CrashesOptions>();
    options->tail = 20;
    set.words("SERVICE", options->services, "only these");
    set.count("-n,--tail", options->tail, "the newest N (20)");
    set.flag("--full", options->full, "all that is known of each");
    set.flag("--json", options->json, "for programs: all of it, as a list");
    return [options](const Common& common) { return run_crashes(common, *options); };
}

Runner add_ports(OptionSet& set) {
    const auto options = std::make_shared<PortsOptions>();
    set.optional_port("PORT", options->port, "only this one");
    set.flag("--json", options->json, "for programs");
    return [options](const Common& common) { return run_ports(common, *options); };
}

Runner add_dashboard(OptionSet& set) {
    const auto options = std::make_shared<DashboardOptions>();
    set.flag("--no-open", options->only_print, "only print the link");
    return [options](const Common& common) { return run_dashboard(common, *options); };
}

Runner add_mcp(OptionSet& set) {
    const auto options = std::make_shared<McpOptions>();
    set.flag("--allow-actions", options->allow_actions, "also start, stop and restart");
    return [options](const Common& common) { return run_mcp(common, *options); };
}

Runner add_check(OptionSet& set) {
    const auto options = std::make_shared<CheckOptions>();
    set.optional_word("PROFILE", options->profile, "a path or a name; see devstack up --help");
    set.flag("--json", options->json, "for programs: the mistakes as a list");
    return [options](const Common&) { return run_check(*options); };
}

Runner add_doctor(OptionSet& set) {
    struct Arguments {
        DoctorOptions options;
        std::optional<std::string> subject;
    };
    const auto typed = std::make_shared<Arguments>();
    DoctorOptions& options = typed->options;
    set.optional_word("SERVICE", typed->subject, "a service, or a URL or port; without it all");
    set.flag("--wait", options.wait, "give slow answers 20 s instead of 2");
    set.texts("-H,--header", "HEADER", options.headers, "send \"Name: value\" to the URL");
    set.flag("--json", options.json, "for programs");
    set.text("--record", "FILE", options.record, "keep what was seen, as JSON");
    set.text("--from", "FILE", options.from, "diagnose what --record has kept");
    return [typed](const Common& common) {
        typed->options.subject = typed->subject.value_or("");
        return run_doctor(common, typed->options);
    };
}

Runner add_bundle(OptionSet& set) {
    struct Arguments {
        BundleOptions options;
        std::optional<std::string> file;
    };
    const auto typed = std::make_shared<Arguments>();
    set.optional_word("FILE", typed->file, "where to, instead of devstack-bundle.tar");
    set.flag("--json", typed->options.json, "for programs: what was written and hidden");
    return [typed](const Common& common) {
        typed->options.file = typed->file.value_or("devstack-bundle.tar");
        return run_bundle(common, typed->options);
    };
}

Runner add_upgrade(OptionSet& set) {
    const auto options = std::make_shared<UpgradeOptions>();
    set.flag("--force", options->force, "also when they are this very program already");
    set.flag("--json", options->json, "for programs: the state afterwards");
    return [options](const Common& common) { return run_upgrade(common, *options); };
}

Runner add_schema(OptionSet&) {
    return [](const Common&) { return run_schema(); };
}

Runner add_ls(OptionSet& set) {
    const auto options = std::make_shared<ListOptions>();
    set.flag("--json", options->json, "for programs: the state of each");
    return [options](const Common& common) { return run_ls(common, *options); };
}

Runner add_completion(OptionSet& set) {
    const auto options = std::make_shared<CompletionOptions>();
    set.word("SHELL", options->shell, "bash, zsh or fish");
    return [options](const Common&) { return run_completion(*options); };
}

Runner add_version(OptionSet& set) {
    const auto options = std::make_shared<VersionOptions>();
    set.flag("--json", options->json, "for programs");
    return [options](const Common&) { return run_version(*options); };
}

// A row for each.
// clang-format off
constexpr Command commands[] = {
    {"up", add_up},           {"down", add_down},
    {"status", add_status},   {"top", add_top},
    {"why", add_why},         {"logs", add_logs},
    {"start", add_start},     {"stop", add_stop},
    {"restart", add_restart}, {"upgrade", add_upgrade}, {"reload", add_reload},
    {"signal", add_signal},   {"run", add_run},
    {"events", add_events},   {"crashes", add_crashes},
    {"ports", add_ports},     {"dashboard", add_dashboard},
    {"check", add_check},     {"doctor", add_doctor}, {"bundle", add_bundle},
    {"mcp", add_mcp},         {"schema", add_schema},
    {"ls", add_ls},           {"completion", add_completion},
    {"version", add_version},
};
// clang-format on

}  // namespace

std::span<const Command> all_commands() {
    return commands;
}

const Command* find_command(std::string_view name) {
    for (const Command& command : commands) {
        if (command.name == name) return &command;
    }
    return nullptr;
}

}  // namespace devstack::cli
