#include "cli/commands.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/up.hpp"
#include "devstack/project/project_paths.hpp"

#include "cli/builtin_profiles.hpp"
#include "cli/manual.hpp"
#include "cli/option_set.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

// The table of the commands, and how the command line is taken apart. Only the options of the one
// command that is used are set up: `status` should cost little more than an exec.

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;

using Runner = std::function<int(const Common&)>;

struct CommonArguments {
    std::string directory;
    std::string project;
    bool with_colour = false;
    bool without_colour = false;
};

void add_common(OptionSet& set, CommonArguments& arguments, bool& wants_help) {
    set.text("-C,--directory", "DIR", arguments.directory, "work as if started in DIR");
    set.text("--project", "NAME", arguments.project, "the running project of that name");
    set.flag("--color,--colour",
             arguments.with_colour,
             "colours even in a pipe; also with CLICOLOR_FORCE=1");
    set.flag(
        "--no-color,--no-colour", arguments.without_colour, "no colours; also with NO_COLOR=1");
    set.flag("-h,--help", wants_help, "show this help");
}

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

Runner add_ports(OptionSet& set) {
    const auto options = std::make_shared<PortsOptions>();
    set.optional_port("PORT", options->port, "only this one");
    set.flag("--json", options->json, "for programs");
    return [options](const Common& common) { return run_ports(common, *options); };
}

Runner add_check(OptionSet& set) {
    const auto options = std::make_shared<CheckOptions>();
    set.optional_word("PROFILE", options->profile, "a path or a name; see devstack up --help");
    set.flag("--json", options->json, "for programs: the mistakes as a list");
    return [options](const Common&) { return run_check(*options); };
}

Runner add_ls(OptionSet& set) {
    const auto options = std::make_shared<ListOptions>();
    set.flag("--json", options->json, "for programs: the state of each");
    return [options](const Common& common) { return run_ls(common, *options); };
}

Runner add_version(OptionSet& set) {
    const auto options = std::make_shared<VersionOptions>();
    set.flag("--json", options->json, "for programs");
    return [options](const Common&) { return run_version(*options); };
}

struct Command {
    const char* name;
    Runner (*add)(OptionSet& set);
};

constexpr Command commands[] = {
    {"up", add_up},
    {"down", add_down},
    {"status", add_status},
    {"why", add_why},
    {"logs", add_logs},
    {"start", add_start},
    {"stop", add_stop},
    {"restart", add_restart},
    {"signal", add_signal},
    {"run", add_run},
    {"events", add_events},
    {"ports", add_ports},
    {"check", add_check},
    {"ls", add_ls},
    {"version", add_version},
};

// ---- Taking the command line apart -------------------------------------------------------------

struct Words {
    std::string command;                 ///< Empty: none.
    std::vector<std::string> arguments;  ///< All others, in their order.
};

/// The first word that is neither an option nor the value of one is the command.
Words split(int argc, char** argv) {
    Words words;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (!words.command.empty() || word.starts_with('-')) {
            words.arguments.push_back(word);
            const bool takes_next = word == "-C" || word == "--directory" || word == "--project";
            if (words.command.empty() && takes_next && i + 1 < argc) {
                words.arguments.emplace_back(argv[++i]);
            }
        } else {
            words.command = word;
        }
    }
    return words;
}

std::vector<HelpLine> common_help() {
    OptionSet set;
    CommonArguments arguments;
    bool wants_help = false;
    add_common(set, arguments, wants_help);
    return set.help();
}

const Command* find_command(const std::string& name) {
    for (const Command& command : commands) {
        if (command.name == name) return &command;
    }
    return nullptr;
}

int show_help(const Command& command) {
    OptionSet set;
    const Runner unused = command.add(set);
    return print(render_manual(*find_manual(command.name), set.help(), common_help()))
               ? exit_done
               : exit_failed;
}

int refuse_usage(const std::string& message, const std::string& command) {
    complain(message);
    complain("see devstack " + (command.empty() ? "" : command + " ") + "--help");
    return exit_usage;
}

int refuse_command(const std::string& name) {
    std::vector<std::string> names;
    for (const Command& command : commands)
        names.emplace_back(command.name);
    return refuse_usage("there is no command " + name + did_you_mean(name, names), "");
}

bool wants_help(const std::vector<std::string>& arguments) {
    return std::ranges::any_of(arguments,
                               [](const std::string& it) { return it == "--help" || it == "-h"; });
}

int run_without_command(const std::vector<std::string>& arguments) {
    if (std::ranges::find(arguments, "--version") != arguments.end()) return run_version({});
    const std::string overview = render_overview(common_help());
    if (wants_help(arguments)) return print(overview) ? exit_done : exit_failed;
    complain("say which command:");
    print(overview);
    return exit_usage;
}

int run_help(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return print(render_overview(common_help())) ? exit_done : exit_failed;
    const Command* const command = find_command(arguments.front());
    return command == nullptr ? refuse_command(arguments.front()) : show_help(*command);
}

int run_command(const Command& command, const std::vector<std::string>& arguments) {
    OptionSet set;
    CommonArguments common_arguments;
    bool unused = false;
    const Runner run = command.add(set);
    add_common(set, common_arguments, unused);
    const Status parsed = set.parse(arguments);
    if (!parsed) return refuse_usage(parsed.error().message, command.name);

    Common common;
    if (!common_arguments.project.empty()) common.project = common_arguments.project;
    if (common_arguments.with_colour) common.colour = ColourMode::always;
    if (common_arguments.without_colour) common.colour = ColourMode::never;
    if (!common_arguments.directory.empty()) {
        std::error_code error;
        std::filesystem::current_path(common_arguments.directory, error);
        if (error) {
            complain("cannot enter directory " + common_arguments.directory + ": " +
                     error.message());
            return exit_usage;
        }
    }
    return run(common);
}

}  // namespace

int run_command_line(int argc, char** argv) {
    const Words words = split(argc, argv);
    if (words.command.empty()) return run_without_command(words.arguments);
    if (words.command == "help") return run_help(words.arguments);
    const Command* const command = find_command(words.command);
    if (command == nullptr) return refuse_command(words.command);
    if (wants_help(words.arguments)) return show_help(*command);
    return run_command(*command, words.arguments);
}

}  // namespace devstack::cli
