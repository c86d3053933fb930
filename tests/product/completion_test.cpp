#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include <nlohmann/json.hpp>

// What is offered when somebody presses tab: by the program, and by real shells that ask it.

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

using Words = std::vector<std::string>;

const std::string profile = R"(
[service.api]
command = ["@CHILD@", "print", "up", "then", "wait"]
[service.web]
command = ["@CHILD@", "print", "up", "then", "wait"]
[task.migrate]
command = ["@CHILD@", "exit", "0"]
)";

/// A project with a second one below it, and a profile to be named.
class Fixture : public TestProject {
public:
    Fixture() : TestProject{profile} {
        write_file("sub/devstack.toml", "[service.inner]\ncommand = \"x\"\n");
        write_file("profiles/other.toml", "[service.elsewhere]\ncommand = \"x\"\n");
        environment["HOME"] = directory();
        environment["XDG_CONFIG_HOME"] = "";
        const std::string program = std::filesystem::path{DEVSTACK_BINARY}.parent_path();
        environment["PATH"] = program + ":/usr/bin:/bin";
    }

    std::string complete(Words words) const {
        words.insert(words.begin(), "__complete");
        const CommandResult result = devstack(words);
        CHECK(result.code == 0);
        CHECK(result.error.empty());
        return result.output;
    }

    std::string shell(const Words& argv) const {
        CommandSpec spec;
        spec.argv = argv;
        spec.directory = directory();
        spec.environment = environment;
        const CommandResult result = run_command(spec);
        INFO(result.error);
        CHECK(result.code == 0);
        return result.output;
    }
};

/// The words of a line by themselves, sorted; in fish a meaning follows, and a directory has its
/// slash.
Words words_in(const std::string& text) {
    Words words;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        line.erase(std::min(line.find('\t'), line.size()));
        if (line.ends_with('/')) line.pop_back();
        words.push_back(line);
    }
    std::ranges::sort(words);
    return words;
}

struct Expected {
    Words typed;  ///< After "devstack"; the last is under the cursor.
    Words offered;
};

const std::vector<Expected> expected = {
    {{"sta"}, {"start", "status"}},
    {{"stop", ""}, {"api", "migrate", "web"}},
    {{"stop", "api", "w"}, {"web"}},
    {{"stop", "api", ""}, {"migrate", "web"}},
    {{"run", ""}, {"migrate"}},
    {{"signal", "SIGH"}, {"SIGHUP"}},
    {{"signal", "US"}, {"USR1", "USR2"}},
    {{"signal", "HUP", "a"}, {"api"}},
    {{"logs", "--st"}, {"--stderr", "--stdout"}},
    {{"logs", "--stdout", "--st"}, {"--stderr"}},
    {{"completion", ""}, {"bash", "fish", "zsh"}},
    {{"help", "sch"}, {"schema"}},
    {{"check", "oth"}, {"other"}},
    {{"reload", "oth"}, {"other"}},
    {{"reload", "--dr"}, {"--dry-run"}},
    {{"up", "other", ""}, {"elsewhere"}},
    {{"-C", "sub", "stop", ""}, {"inner"}},
    {{"-C", "su"}, {"sub"}},
    {{"logs", "-n", ""}, {}},
    {{"nonsense", ""}, {}},
};

std::string line_of(const Words& typed) {
    std::string line = "devstack";
    for (const std::string& word : typed)
        line += " " + word;
    return line;
}

}  // namespace

TEST_CASE("the program says what may come next, and what it means", "[integration][completion]") {
    const Fixture project;
    CHECK(project.complete({"sta"}) ==
          "status\tshow what runs, and why it is as it is\n"
          "start\tstart services, and what they need\n");
    CHECK(project.complete({"stop", ""}) == "api\tservice\nweb\tservice\nmigrate\ttask\n");
    CHECK(project.complete({"up", "oth"}) == "other\tprofile\n:profiles\n");
    CHECK(project.complete({"up", "m"}) == "migrate\ttask\n:profiles\n");
    CHECK(project.complete({"up", "demo", "st"}) == "store\tservice\n");
    CHECK(project.complete({"status", "--js"}) == "--json\tfor programs\n");
    CHECK(project.complete({"status", "--color"}) ==
          "--color\tcolours even in a pipe; also with CLICOLOR_FORCE=1\n");
    CHECK(project.complete({"logs", "-C", ""}) == ":directories\n");
    CHECK(project.complete({"-C", "nowhere", "stop", ""}).empty());
    CHECK(project.complete({"stop", "--", "-"}).empty());
    CHECK(project.complete({}).starts_with("up\tstart everything, in order"));
    CHECK(project.complete({""}) == project.complete({}));
    CHECK(project.complete({"crashes", "a"}) == "api\tservice\n");
}

TEST_CASE("a profile with mistakes in it has services all the same", "[integration][completion]") {
    const Fixture project;
    project.write_file("devstack.toml", "[service.api]\ncomand = \"x\"\n[service.web]\nport = 0\n");
    CHECK(project.complete({"stop", ""}) == "api\tservice\nweb\tservice\n");
    project.write_file("devstack.toml", "[service.api");
    CHECK(project.complete({"stop", ""}).empty());
}

TEST_CASE("services of a running project are told with their phase", "[integration][completion]") {
    const Fixture project;
    CHECK(project.devstack({"up", "-d", "--wait", "api"}).code == 0);
    const std::string name = std::filesystem::path{project.directory()}.filename();
    CHECK(project.complete({"stop", ""}) == "api\tready\nweb\tstopped\nmigrate\tstopped\n");
    CHECK(project.complete({"status", "--project", name}) ==
          name + "\t" + project.directory() + "\n");
    CHECK(project.complete({"status", "--project=" + name}) ==
          "--project=" + name + "\t" + project.directory() + "\n");
    CHECK(project.complete({"status", "--project", "=", name}) ==
          name + "\t" + project.directory() + "\n");

    SECTION("and of one that does not answer by the profile, soon") {
        const auto state = nlohmann::json::parse(project.devstack({"status", "--json"}).output);
        const int daemon = state["daemon_pid"];
        kill_process(daemon, SIGSTOP);
        const auto begin = std::chrono::steady_clock::now();
        CHECK(project.complete({"stop", ""}) == "api\tservice\nweb\tservice\nmigrate\ttask\n");
        CHECK(std::chrono::steady_clock::now() - begin < 3s);
        kill_process(daemon, SIGCONT);
    }
}

TEST_CASE("tab completes in bash", "[integration][completion]") {
    const Fixture project;
    const std::string script = R"(
source <(devstack completion bash)
COMP_WORDS=(devstack "$@") COMP_CWORD=$#
[[ $(complete -p devstack) == "complete -F _devstack devstack" ]] || exit 1
_devstack devstack "${COMP_WORDS[COMP_CWORD]}"
for word in "${COMPREPLY[@]}"; do echo "$word"; done
)";
    for (const Expected& it : expected) {
        Words argv = {"/bin/bash", "--norc", "-c", script, "bash"};
        argv.insert(argv.end(), it.typed.begin(), it.typed.end());
        INFO(line_of(it.typed));
        CHECK(words_in(project.shell(argv)) == it.offered);
    }
    // Profiles may be paths.
    Words argv = {"/bin/bash", "--norc", "-c", script, "bash", "up", "profiles/"};
    CHECK(words_in(project.shell(argv)) == Words{"profiles/other.toml"});
}

TEST_CASE("tab completes in zsh", "[integration][completion]") {
    const Fixture project;
    project.write_file("devstack.zsh", project.devstack({"completion", "zsh"}).output);
    const std::string driver = std::string{DEVSTACK_SOURCE_DIR} + "/tests/product/complete.zsh";
    for (const Expected& it : expected) {
        INFO(line_of(it.typed));
        CHECK(words_in(project.shell(
                  {"/usr/bin/zsh", "-f", driver, "devstack.zsh", line_of(it.typed)})) ==
              it.offered);
    }
}

TEST_CASE("tab completes in fish", "[integration][completion]") {
    const Fixture project;
    for (const Expected& it : expected) {
        INFO(line_of(it.typed));
        CHECK(words_in(project.shell({"/usr/bin/fish",
                                      "--no-config",
                                      "-c",
                                      "devstack completion fish | source; complete -C $argv[1]",
                                      line_of(it.typed)})) == it.offered);
    }
}

TEST_CASE("a shell that is not known is refused with those that are", "[integration][completion]") {
    const Fixture project;
    const CommandResult result = project.devstack({"completion", "bsh"});
    CHECK(result.code == 2);
    CHECK(result.output.empty());
    CHECK(
        result.error ==
        "devstack: there is no completion for bsh (did you mean `bash`?); known are bash, zsh and "
        "fish\n");
}

TEST_CASE("the schema is printed as it was tested", "[integration][schema]") {
    const Fixture project;
    const CommandResult result = project.devstack({"schema"});
    CHECK(result.code == 0);
    CHECK(
        result.output.starts_with("{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\""));
    CHECK(nlohmann::json::parse(result.output)["properties"].size() == 5);
}
