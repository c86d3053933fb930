#include "cli/commands.hpp"
#include "cli/manual.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

// What --help says, whole: tests/golden/help/COMMAND.txt. Run with DEVSTACK_UPDATE_GOLDEN=1 to
// write what it says now, and review the difference like code.

using namespace devstack::cli;

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

struct Said {
    int code = -1;
    std::string text;
};

/// `devstack WORDS…` in this process, with its standard output in a file.
Said say(std::vector<std::string> words) {
    words.insert(words.begin(), "devstack");
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    const fs::path file = fs::temp_directory_path() / ("help-" + std::to_string(getpid()));
    std::fflush(stdout);
    const int before = dup(STDOUT_FILENO);
    const int to = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(to >= 0);
    dup2(to, STDOUT_FILENO);
    Said said;
    said.code = run_command_line(static_cast<int>(argv.size()), argv.data());
    std::fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    close(to);
    said.text = read_text(file);
    fs::remove(file);
    return said;
}

void check_golden(const std::string& name, const Said& said) {
    const fs::path expected = fs::path{DEVSTACK_SOURCE_DIR} / "tests/golden/help" / (name + ".txt");
    if (std::getenv("DEVSTACK_UPDATE_GOLDEN") != nullptr) {
        fs::create_directories(expected.parent_path());
        std::ofstream{expected, std::ios::binary} << said.text;
    }
    INFO(name);
    CHECK(said.code == 0);
    CHECK(said.text == read_text(expected));
}

}  // namespace

TEST_CASE("every command explains itself as it always did", "[golden][cli]") {
    for (const Manual& manual : manuals()) {
        const std::string command{manual.command};
        check_golden(command, say({command, "--help"}));
        CHECK(say({"help", command}).text == say({command, "-h"}).text);
    }
}

TEST_CASE("devstack alone explains what it can do", "[golden][cli]") {
    check_golden("devstack", say({"--help"}));
    CHECK(say({"help"}).text == say({"-h"}).text);
}

TEST_CASE("help fits into a terminal of 100 columns", "[golden][cli]") {
    for (const Manual& manual : manuals()) {
        const std::string text = say({std::string{manual.command}, "--help"}).text;
        std::size_t begin = 0;
        while (begin < text.size()) {
            const std::size_t end = text.find('\n', begin);
            INFO(text.substr(begin, end - begin));
            CHECK(end - begin <= 100);
            begin = end + 1;
        }
    }
}

TEST_CASE("wrong usage is exit code 2", "[unit][cli]") {
    CHECK(say({}).code == 2);
    CHECK(say({"statsu"}).code == 2);
    CHECK(say({"status", "--jsn"}).code == 2);
    CHECK(say({"why"}).code == 2);
    CHECK(say({"start"}).code == 2);
    CHECK(say({"-C", "/nowhere/at/all", "status"}).code == 2);
    CHECK(say({"help", "nothing"}).code == 2);
}

TEST_CASE("where no project is, nothing is running", "[unit][cli]") {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"status"}, {"why", "api"}, {"start", "api"}}) {
        std::vector<std::string> all = {"-C", "/"};
        all.insert(all.end(), words.begin(), words.end());
        CHECK(say(all).code == 3);
    }
    CHECK(say({"-C", "/", "down"}).code == 0);
}
