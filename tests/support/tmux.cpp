#include "support/tmux.hpp"

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <atomic>

#include <unistd.h>

namespace devstack::test {

namespace {

std::string next_number() {
    static std::atomic<int> count{0};
    return std::to_string(++count);
}

}  // namespace

Tmux::Tmux(const std::string& directory,
           const std::map<std::string, std::string>& environment,
           Size size)
    : server_{directory + "/tmux" + next_number()} {
    std::vector<std::string> words = {"-f",
                                      "/dev/null",
                                      "new-session",
                                      "-d",
                                      "-x",
                                      std::to_string(size.columns),
                                      "-y",
                                      std::to_string(size.rows),
                                      "-c",
                                      directory};
    for (const auto& [name, value] : environment) {
        words.insert(words.end(), {"-e", name + "=" + value});
    }
    words.insert(words.end(), {"env", "PS1=ready$ ", "bash", "--norc", "--noprofile"});
    const CommandResult made = run(words);
    INFO(made.error);
    REQUIRE(made.code == 0);
    await("ready$");
}

Tmux::Server::~Server() {
    run({"kill-server"});
}

CommandResult Tmux::Server::run(const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {"/usr/bin/tmux", "-u", "-S", socket};
    argv.insert(argv.end(), words.begin(), words.end());
    // Of a tmux that the tests themselves may run in nothing must get through.
    return run_command({argv, "", {{"TMUX", ""}, {"NO_COLOR", ""}, {"LC_ALL", "C.UTF-8"}}});
}

std::string Tmux::screen(bool has_colours) const {
    std::vector<std::string> words = {"capture-pane", "-p"};
    if (has_colours) words.push_back("-e");
    return run(words).output;
}

std::string Tmux::await(const std::string& text, std::chrono::milliseconds timeout) const {
    std::string seen;
    const bool is_there = eventually(
        [&] {
            seen = screen();
            return seen.find(text) != std::string::npos;
        },
        timeout);
    INFO("waited for \"" << text << "\"; on the screen is\n" << seen);
    REQUIRE(is_there);
    return seen;
}

std::string Tmux::await_end_of(const std::string& text) const {
    std::string seen;
    const bool is_gone = eventually(
        [&] {
            seen = screen();
            return seen.find(text) == std::string::npos;
        },
        std::chrono::seconds{20});
    INFO("waited for the end of \"" << text << "\"; on the screen is\n" << seen);
    REQUIRE(is_gone);
    return seen;
}

void Tmux::press(const std::vector<std::string>& keys) const {
    std::vector<std::string> words = {"send-keys"};
    words.insert(words.end(), keys.begin(), keys.end());
    CHECK(run(words).code == 0);
}

void Tmux::enter(const std::string& line) const {
    CHECK(run({"send-keys", "-l", line}).code == 0);
    press({"Enter"});
}

void Tmux::resize(Size size) const {
    CHECK(
        run({"resize-window", "-x", std::to_string(size.columns), "-y", std::to_string(size.rows)})
            .code == 0);
}

std::string Tmux::flag(const std::string& name) const {
    std::string text = run({"display-message", "-p", "#{" + name + "}"}).output;
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

}  // namespace devstack::test
