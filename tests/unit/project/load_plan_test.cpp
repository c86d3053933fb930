#include "devstack/project/load_plan.hpp"

#include "support/catch.hpp"
#include "temporary_directory.hpp"

#include <sys/stat.h>

using namespace devstack;
using namespace devstack::project;
using devstack::test::TemporaryDirectory;

namespace {

LoadRequest request_for(const TemporaryDirectory& directory, const std::string& profile) {
    LoadRequest request;
    request.profile_path = directory.at(profile);
    request.shown_relative_to = directory.path();
    return request;
}

std::string mistakes_of(const LoadRequest& request) {
    const auto loaded = load_plan(request);
    CHECK_FALSE(loaded.value.has_value());
    return render_diagnostics(loaded.diagnostics);
}

std::vector<std::string> paths_of(const std::vector<InputFile>& inputs) {
    std::vector<std::string> paths;
    for (const InputFile& input : inputs)
        paths.push_back(input.path);
    return paths;
}

}  // namespace

TEST_CASE("a profile and its env files become a plan that names its inputs", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("devstack.toml",
                    "[project]\nenv_file = '.env'\n[service.api]\ncommand = 'x'\n"
                    "working_dir = 'api'\nenv_file = ['${NAME}.env', '.env']\n");
    directory.write(".env", "NAME=second\n");
    directory.write("api/second.env", "A=1\n");
    directory.write("api/.env", "B=${A}2\n");
    const auto loaded = load_plan(request_for(directory, "devstack.toml"));
    INFO(render_diagnostics(loaded.diagnostics));
    REQUIRE(loaded.value.has_value());
    CHECK(loaded.value->plan.project_dir == directory.path());
    CHECK(paths_of(loaded.value->inputs) ==
          std::vector<std::string>{directory.at("devstack.toml"),
                                   directory.at(".env"),
                                   directory.at("api/.env"),
                                   directory.at("api/second.env")});
    const auto environment =
        core::complete_environment(loaded.value->plan, loaded.value->plan.services[0]);
    CHECK(std::find(environment.begin(), environment.end(), "B=12") != environment.end());
}

TEST_CASE("a profile in a directory of profiles belongs to the directory above",
          "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("profiles/sora.toml", "[service.api]\ncommand = 'x'\n");
    LoadRequest request = request_for(directory, "profiles/sora.toml");
    CHECK(load_plan(request).value->plan.project_dir == directory.path());
    request.project_dir = "/elsewhere";
    CHECK(load_plan(request).value->plan.project_dir == "/elsewhere");
    CHECK(load_plan(request).value->plan.project == "elsewhere");
}

TEST_CASE("a built-in profile needs no file", "[unit][project]") {
    LoadRequest request;
    request.builtin_text = "[service.api]\ncommand = 'x'\n";
    request.project_dir = "/home/chi/shop";
    const auto loaded = load_plan(request);
    REQUIRE(loaded.value.has_value());
    CHECK(loaded.value->inputs == std::vector<InputFile>{{"", request.builtin_text, ""}});
    request.builtin_text = "";
    CHECK(mistakes_of(request) ==
          "built-in profile: error: there is no service in this profile [no-services]\n"
          "  hint: add one: [service.NAME], and below it command = \"…\"\n");
}

TEST_CASE("a profile that cannot be read is a mistake like any other", "[unit][project]") {
    const TemporaryDirectory directory;
    CHECK(mistakes_of(request_for(directory, "none.toml")) ==
          "none.toml: error: cannot read the profile: no such file [missing-profile]\n");
    CHECK(mistakes_of(request_for(directory, ".")) ==
          ".: error: cannot read the profile: is a directory [missing-profile]\n");
    REQUIRE(::mkfifo(directory.at("fifo").c_str(), 0600) == 0);
    CHECK(mistakes_of(request_for(directory, "fifo")) ==
          "fifo: error: cannot read the profile: is not a regular file [missing-profile]\n");
    directory.write("big.toml", std::string(5 * 1024 * 1024, '#'));
    CHECK(mistakes_of(request_for(directory, "big.toml")) ==
          "big.toml: error: cannot read the profile: is larger than 4 MiB [missing-profile]\n");
}

TEST_CASE("a missing env file counts as an input: it may come", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("devstack.toml", "[service.api]\ncommand = 'x'\nenv_file = '/dev/zero'\n");
    CHECK(mistakes_of(request_for(directory, "devstack.toml")) ==
          "devstack.toml:3:12: error: cannot read env file /dev/zero: is not a regular file "
          "[missing-env-file]\n"
          "  env_file = '/dev/zero'\n"
          "             ^\n");
}

TEST_CASE("an env file is read up to a size that nobody needs", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("devstack.toml", "[service.api]\ncommand = 'x'\nenv_file = '.env'\n");
    directory.write(".env", std::string(16 * 1024 * 1024, '#'));
    CHECK(load_plan(request_for(directory, "devstack.toml")).value);
    directory.write(".env", std::string(16 * 1024 * 1024 + 1, '#'));
    CHECK(mistakes_of(request_for(directory, "devstack.toml")) ==
          "devstack.toml:3:12: error: cannot read env file .env: is larger than 16 MiB "
          "[missing-env-file]\n"
          "  env_file = '.env'\n"
          "             ^\n");
}

TEST_CASE("what is wrong with a shared env file is told once", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("devstack.toml",
                    "[service.a]\ncommand = 'x'\nenv_file = '.env'\n"
                    "[service.b]\ncommand = 'x'\nenv_file = '.env'\n");
    directory.write(".env", "A=${NONE}\nB\n");
    CHECK(mistakes_of(request_for(directory, "devstack.toml")) ==
          ".env:1:3: error: variable `NONE` is not set [missing-variable]\n"
          "  hint: give it a default with ${NAME:-…}, or put the value in single quotes to leave "
          "it as it is\n"
          ".env:2:1: error: expected NAME=value [bad-env-line]\n");
}

TEST_CASE("saved inputs give the same plan, whatever the files have become", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("devstack.toml", "[service.api]\ncommand = 'x'\nenv_file = '.env'\n");
    directory.write(".env", std::string{"A=1\nB='\xff'\n"});
    LoadRequest request = request_for(directory, "devstack.toml");
    const auto loaded = load_plan(request);
    REQUIRE(loaded.value.has_value());
    REQUIRE(save_inputs(directory.path(), 1, loaded.value->inputs));

    directory.write("devstack.toml", "[service.api\n");
    directory.write(".env", "A=2\n");
    const auto saved = load_saved_inputs(directory.path(), 1);
    REQUIRE(saved.has_value());
    CHECK(*saved == loaded.value->inputs);
    request.saved = *saved;
    const auto again = load_plan(request);
    REQUIRE(again.value.has_value());
    CHECK(core::complete_environment(again.value->plan, again.value->plan.services[0]) ==
          core::complete_environment(loaded.value->plan, loaded.value->plan.services[0]));
}

TEST_CASE("damaged saved inputs are none", "[unit][project]") {
    const TemporaryDirectory directory;
    CHECK(load_saved_inputs(directory.path(), 1) == std::nullopt);
    REQUIRE(save_inputs(directory.path(), 1, {{"/p/devstack.toml", "text", ""}}));
    const std::string whole = directory.read("inputs-1");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        directory.write("inputs-1", whole.substr(0, size));
        const auto loaded = load_saved_inputs(directory.path(), 1);
        // Cut behind the first line there is simply no file in it.
        const bool is_empty = loaded && loaded->empty();
        CHECK((!loaded || is_empty));
    }
}

TEST_CASE("of several saved inputs those stay that are still of use", "[unit][project]") {
    const TemporaryDirectory directory;
    for (const std::uint32_t number : {1U, 2U, 10U, 3U})
        REQUIRE(save_inputs(directory.path(), number, {{"/p/" + std::to_string(number), "", ""}}));
    directory.write("ledger.jsonl", "not ours to remove");
    remove_saved_inputs(directory.path(), {2, 10});
    CHECK_FALSE(load_saved_inputs(directory.path(), 1));
    CHECK_FALSE(load_saved_inputs(directory.path(), 3));
    REQUIRE(load_saved_inputs(directory.path(), 2));
    CHECK(load_saved_inputs(directory.path(), 2)->front().path == "/p/2");
    CHECK(load_saved_inputs(directory.path(), 10));
    CHECK(directory.read("ledger.jsonl") == "not ours to remove");
}
