#include "devstack/base/text.hpp"

#include "cli/command_table.hpp"
#include "cli/manual.hpp"

#include <algorithm>
#include <filesystem>

// How the command line is taken apart. Only the options of the one command that is used are set up:
// `status` should cost little more than an exec.

namespace devstack::cli {

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

namespace {

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
    for (const Command& command : all_commands())
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
    // Its words are not ours: they are a command line of their own.
    if (argc > 1 && std::string_view{argv[1]} == "__complete") {
        return run_complete({argv + 2, argv + argc});
    }
    const Words words = split(argc, argv);
    if (words.command.empty()) return run_without_command(words.arguments);
    if (words.command == "help") return run_help(words.arguments);
    const Command* const command = find_command(words.command);
    if (command == nullptr) return refuse_command(words.command);
    if (wants_help(words.arguments)) return show_help(*command);
    return run_command(*command, words.arguments);
}

}  // namespace devstack::cli
