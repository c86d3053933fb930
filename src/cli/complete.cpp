#include "devstack/base/signal_name.hpp"
#include "devstack/platform/process_deadline.hpp"
#include "devstack/project/load_profile.hpp"
#include "devstack/project/project_paths.hpp"

#include "cli/builtin_profiles.hpp"
#include "cli/command_table.hpp"
#include "cli/find_project.hpp"
#include "cli/known_services.hpp"
#include "cli/manual.hpp"
#include "cli/typed_words.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

// `devstack __complete WORD…`: what the scripts of completion.cpp ask whenever somebody presses
// tab. Every line of the answer is a word that may stand in the place of the last one, and, after a
// tab, what it means. A line ":directories" or ":profiles" asks the shell to add those of its own.

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;

/// A person waits: better nothing than late.
constexpr Duration answer_deadline = 1s;
/// The daemon answers in a millisecond, or it is in trouble; the profile knows the names too.
constexpr Duration daemon_deadline = 300ms;

class Answer {
public:
    explicit Answer(const TypedWords& typed) : typed_{typed} {}

    /// Words that the shell would have to quote are left out: our names have no need of it.
    void add(const std::string& word, const std::string& meaning) {
        if (!word.starts_with(typed_.current)) return;
        if (word.find_first_of(" \t\r\n\"'\\$&|;<>()*?[]{}`!#~") != std::string::npos) return;
        text_ += typed_.prefix + word + "\t" + meaning + "\n";
    }
    void add_shells_own(const std::string& what) { text_ += ":" + what + "\n"; }
    const std::string& text() const { return text_; }

private:
    const TypedWords& typed_;
    std::string text_;
};

std::string working_dir() {
    std::error_code ignored;
    return std::filesystem::current_path(ignored).string();
}

// ---- What may stand for the words of the help --------------------------------------------------

void add_commands(Answer& answer) {
    for (const Manual& manual : manuals())
        answer.add(std::string{manual.command}, std::string{manual.summary});
    answer.add("help", "explain a command");
}

void add_profiles(Answer& answer) {
    for (const std::string& name : project::find_profile_names(working_dir()))
        answer.add(name, "profile");
    answer.add("demo", "profile that is built in");
    answer.add_shells_own("profiles");
}

/// Those of the profile that `up` was given, else those of the project here.
std::vector<KnownService> services_for(const TypedWords& typed) {
    if (typed.command == "up" && !typed.words.empty()) {
        const std::string& first = typed.words.front();
        if (const auto path = project::find_profile(working_dir(), first)) {
            const Result<core::Profile> profile = project::load_profile(*path);
            return profile ? services_in(*profile) : std::vector<KnownService>{};
        }
        if (const auto text = find_builtin_profile(first)) {
            return services_in(core::read_profile(first, *text).profile);
        }
    }
    Common common;
    if (!typed.project.empty()) common.project = typed.project;
    const Result<ProjectPlace> place = find_project(common);
    return place ? find_known_services(*place, daemon_deadline) : std::vector<KnownService>{};
}

void add_services(Answer& answer, const TypedWords& typed) {
    for (const KnownService& it : services_for(typed)) {
        const bool is_typed = std::ranges::find(typed.words, it.name) != typed.words.end();
        if (!is_typed) answer.add(it.name, it.phase.empty() ? it.kind : it.phase);
    }
    if (typed.command == "up" && typed.words.empty()) add_profiles(answer);
}

void add_tasks(Answer& answer, const TypedWords& typed) {
    for (const KnownService& it : services_for(typed)) {
        if (it.kind == "task") answer.add(it.name, it.phase.empty() ? it.kind : it.phase);
    }
}

/// "HUP", or "SIGHUP" for who has begun like that.
void add_signals(Answer& answer, const TypedWords& typed) {
    constexpr std::size_t prefix_length = 3;
    const bool is_long = typed.current.starts_with('S') &&
                         std::string{"SIG"}.starts_with(typed.current.substr(0, prefix_length)) &&
                         typed.current.size() > 1;
    for (const std::string& name : signal_names())
        answer.add(is_long ? name : name.substr(prefix_length), "signal");
}

void add_projects(Answer& answer) {
    for (const project::RegisteredProject& it : project::registered_projects())
        answer.add(it.name, it.project_dir);
}

void add_shells(Answer& answer) {
    for (const char* shell : {"bash", "zsh", "fish"})
        answer.add(shell, "shell");
}

/// By the name that the help has for it.
void add_values(Answer& answer, const TypedWords& typed, const std::string& name) {
    if (name == "SERVICE") return add_services(answer, typed);
    if (name == "TASK") return add_tasks(answer, typed);
    if (name == "SIGNAL") return add_signals(answer, typed);
    if (name == "PROFILE") return add_profiles(answer);
    if (name == "NAME") return add_projects(answer);
    if (name == "SHELL") return add_shells(answer);
    if (name == "DIR") return answer.add_shells_own("directories");
}

/// Of several names of one option the first that fits.
void add_options(Answer& answer, const TypedWords& typed) {
    for (const OptionView& option : options_of(typed.command)) {
        if (option.is_word) continue;
        const auto is_given = [&](const std::string& name) {
            return std::ranges::find(typed.options, name) != typed.options.end();
        };
        if (std::ranges::any_of(option.names, is_given)) continue;
        const auto fits = [&](const std::string& name) { return name.starts_with(typed.current); };
        // Long names come last, and say more.
        const auto found = std::find_if(option.names.rbegin(), option.names.rend(), fits);
        if (found != option.names.rend()) answer.add(*found, option.description);
    }
}

void add_word(Answer& answer, const TypedWords& typed) {
    std::size_t place = 0;
    for (const OptionView& option : options_of(typed.command)) {
        if (!option.is_word) continue;
        const bool is_here =
            place++ == typed.words.size() || (option.is_list && typed.words.size() >= place);
        if (is_here) return add_values(answer, typed, option.names.front());
    }
}

}  // namespace

int run_complete(const std::vector<std::string>& words) {
    platform::end_process_after(answer_deadline);
    const TypedWords typed = take_apart(words);
    if (!typed.directory.empty()) {
        std::error_code error;
        std::filesystem::current_path(typed.directory, error);
        if (error) return exit_done;
    }
    Answer answer{typed};
    if (!typed.awaited_value.empty()) {
        add_values(answer, typed, typed.awaited_value);
    } else if (typed.may_be_option && typed.current.starts_with('-')) {
        add_options(answer, typed);
    } else if (typed.command.empty() || (typed.command == "help" && typed.words.empty())) {
        add_commands(answer);
    } else {
        add_word(answer, typed);
    }
    return print(answer.text()) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
