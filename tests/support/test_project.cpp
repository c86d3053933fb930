#include "support/test_project.hpp"

#include "support/catch.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <arpa/inet.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace devstack::test {

namespace fs = std::filesystem;

namespace {

using nlohmann::json;

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
        text.replace(at, what.size(), with);
    }
    return text;
}

/// Not by a file stream: those throw when a process goes while its /proc files are read.
std::string content_of(const fs::path& path) {
    std::string content;
    std::FILE* const file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return content;
    std::array<char, 65536> buffer;
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file)) {
        content.append(buffer.data(), size);
    }
    std::fclose(file);
    return content;
}

}  // namespace

bool eventually(const std::function<bool()>& claim, std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!claim()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        ::poll(nullptr, 0, 5);
    }
    return true;
}

bool is_alive(int pid) {
    const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t end = stat.rfind(')');
    return end != std::string::npos && stat.size() > end + 2 && stat[end + 2] != 'Z';
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    ::close(fd);
    return ntohs(address.sin_port);
}

std::vector<int> processes_left_of(const std::string& directory) {
    std::vector<int> found;
    const std::string cookie = "DEVSTACK_PROJECT_DIR=" + directory;
    eventually(
        [&] {
            found.clear();
            for (const auto& entry : fs::directory_iterator{"/proc"}) {
                const std::string name = entry.path().filename();
                if (name.find_first_not_of("0123456789") != std::string::npos) continue;
                const std::string words = content_of(entry.path() / "cmdline");
                const std::string variables = content_of(entry.path() / "environ");
                const bool is_child = (variables + '\0').find(cookie + '\0') != std::string::npos;
                const bool is_own = words.find("__") != std::string::npos &&
                                    words.find('\0' + directory + '\0') != std::string::npos;
                if ((is_child || is_own) && is_alive(std::stoi(name))) {
                    found.push_back(std::stoi(name));
                }
            }
            return found.empty();
        },
        std::chrono::seconds{2});
    return found;
}

TestProject::TestProject(const std::string& profile) {
    std::string pattern = (fs::temp_directory_path() / "dsXXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    environment["XDG_RUNTIME_DIR"] = directory_ + "/run";
    fs::create_directories(directory_ + "/run");
    write_file("devstack.toml", replace_all(profile, "@CHILD@", DEVSTACK_TESTCHILD));
}

TestProject::~TestProject() {
    devstack({"down"});
    for (const int pid : processes_left_of(directory_)) {
        std::cerr << "left behind by a test: pid " << pid << " "
                  << replace_all(content_of("/proc/" + std::to_string(pid) + "/cmdline"),
                                 std::string(1, '\0'),
                                 " ")
                  << "\n";
        ::kill(pid, SIGKILL);
    }
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

void TestProject::write_file(const std::string& name, const std::string& content) const {
    const fs::path path = fs::path{directory_} / name;
    fs::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << content;
}

std::string TestProject::read_file(const std::string& name) const {
    return content_of(fs::path{directory_} / name);
}

CommandSpec TestProject::command(const std::vector<std::string>& words) const {
    CommandSpec spec;
    spec.argv = {DEVSTACK_BINARY};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    spec.directory = directory_;
    spec.environment = environment;
    return spec;
}

CommandResult TestProject::devstack(const std::vector<std::string>& words,
                                    std::chrono::milliseconds timeout) const {
    CommandSpec spec = command(words);
    spec.timeout = timeout;
    return run_command(spec);
}

void TestProject::bring_up() const {
    const CommandResult result = devstack({"up", "-d", "--wait", "--timeout", "30s"});
    INFO(result.output << result.error);
    REQUIRE(result.code == 0);
}

std::vector<std::string> TestProject::event_lines() const {
    std::istringstream journal{read_file(".devstack/state/events.jsonl")};
    std::vector<std::string> lines;
    for (std::string line; std::getline(journal, line);)
        lines.push_back(line);
    return lines;
}

std::size_t TestProject::events_so_far() const {
    return event_lines().size();
}

std::string TestProject::await_phase(const std::string& service,
                                     const std::string& phase,
                                     std::chrono::milliseconds timeout,
                                     std::size_t after) const {
    std::string why;
    const bool came = eventually(
        [&] {
            const std::vector<std::string> lines = event_lines();
            for (std::size_t i = after; i < lines.size(); ++i) {
                const json event = json::parse(lines[i], nullptr, false);
                if (event.is_discarded() || event.value("service", "") != service) continue;
                if (event.value("to", "") != phase) continue;
                why = event.value("why", "");
                return true;
            }
            return false;
        },
        timeout);
    INFO(read_file(".devstack/state/events.jsonl"));
    INFO("waited for " << service << " to be " << phase);
    REQUIRE(came);
    return why;
}

int kill_process(int pid, int signal) {
    REQUIRE(pid > 0);
    return ::kill(pid, signal);
}

int TestProject::pid_of(const std::string& service) const {
    const json state = json::parse(devstack({"status", "--json"}).output, nullptr, false);
    if (state.is_discarded()) return 0;
    for (const json& it : state["services"]) {
        if (it["name"] == service) return it["pid"];
    }
    return 0;
}

}  // namespace devstack::test
