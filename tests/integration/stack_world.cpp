#include "stack_world.hpp"

#include "devstack/client/connection.hpp"
#include "devstack/project/project_paths.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devstack::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::string read_text(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write_text(const fs::path& path, const std::string& text) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << text;
}

bool is_bindable(int port) {
    const int one = 1;
    const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in6 address{};  // The wildcard of both families.
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(port));
    const bool is_free =
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return is_free;
}

/// A port that nobody uses and that the kernel does not give to clients (32768 and up). Tests that
/// run at the same time begin at different numbers.
int find_port() {
    static int next = 20000 + ::getpid() * 16 % 12000;
    while (!is_bindable(next))
        ++next;
    return next++;
}

/// `1` as the whole of a word, in all its places.
std::string replace_word(const std::string& text, const std::string& word, const std::string& by) {
    return std::regex_replace(text, std::regex{"\\b" + word + "\\b"}, by);
}

std::string quote(const std::string& word) {
    return "'" + word + "'";
}

/// The words of /proc/PID/cmdline or environ.
std::vector<std::string> read_words(const fs::path& path) {
    std::vector<std::string> words;
    std::istringstream text{read_text(path)};
    for (std::string word; std::getline(text, word, '\0');)
        words.push_back(word);
    return words;
}

std::string join(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

bool is_listening(int port) {
    std::ostringstream hex;
    hex << std::uppercase << std::hex << port;
    const std::regex line{":" + std::string(4 - hex.str().size(), '0') + hex.str() +
                          " [0-9A-F]+:[0-9A-F]+ 0A "};
    return std::regex_search(read_text("/proc/net/tcp"), line) ||
           std::regex_search(read_text("/proc/net/tcp6"), line);
}

std::string render(const core::api::EventMessage& event) {
    return event.service + " " + event.from + " -> " + event.to + ": " + event.why;
}

}  // namespace

StackWorld::StackWorld(const Setting& setting) : mode_{setting.mode} {
    char name[] = "/tmp/stackXXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    directory_ = name;
    project_ = setting.profile + "-" + directory_.substr(directory_.size() - 6);
    // Servers that give up root's rights (PostgreSQL, nginx) must be able to reach their files.
    fs::permissions(directory_, fs::perms{0755});
    for (const int shipped : setting.ports)
        ports_[shipped] = find_port();
    copy_and_rewrite(setting);
}

StackWorld::~StackWorld() {
    devstack("down", 60s);
    for (const std::string& left : leftovers()) {
        if (!left.starts_with("process ")) continue;
        ::kill(std::atoi(left.c_str() + std::string{"process "}.size()), SIGKILL);
    }
    const project::ProjectPaths paths =
        project::make_project_paths(directory_, project_, mode_, ::geteuid() == 0);
    std::error_code ignored;
    for (const auto& folder : {paths.state_dir, paths.log_dir, paths.runtime_dir, directory_}) {
        fs::remove_all(folder, ignored);
    }
}

void StackWorld::copy_and_rewrite(const Setting& setting) {
    const fs::path sources = DEVSTACK_SOURCE_DIR;
    if (!setting.application.empty()) {
        // What somebody has installed or stored while trying it by hand stays behind.
        const CommandResult copied = shell(
            "tar -C " + quote(sources / "tests/stacks" / setting.application) +
                " --exclude=node_modules --exclude=./data --exclude=dist --exclude=./nginx/run"
                " --exclude=.devstack -c . | tar -x --no-same-owner",
            20s);
        REQUIRE(copied.exit_code == 0);
    }
    fs::copy_file(sources / "profiles" / (setting.profile + ".toml"),
                  directory_ + "/devstack.toml");
    std::vector<std::string> texts = setting.texts;
    texts.emplace_back("devstack.toml");
    for (const std::string& name : texts) {
        std::string text = read_text(directory_ + "/" + name);
        for (const auto& [shipped, used] : ports_) {
            text = replace_word(text, std::to_string(shipped), std::to_string(used));
        }
        if (name == "devstack.toml") {
            text = std::regex_replace(
                text, std::regex{"name = \"[^\"]*\""}, "name = \"" + project_ + "\"");
        }
        write_text(directory_ + "/" + name, text);
    }
}

std::string StackWorld::url(int shipped, const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port(shipped)) + path;
}

CommandResult StackWorld::shell(const std::string& script, std::chrono::seconds limit) const {
    // Output goes to a file: whoever keeps it open does not keep us.
    const std::string output = directory_ + "/.command-output";
    const std::string command = "cd " + quote(directory_) +
                                " && export STACK_WORLD=" + quote(directory_) +
                                " NO_COLOR=1 && { timeout -k 5 " + std::to_string(limit.count()) +
                                " sh -c \"$SCRIPT\"; } >" + quote(output) + " 2>&1 </dev/null";
    ::setenv("SCRIPT", script.c_str(), 1);
    const int status = std::system(command.c_str());
    ::unsetenv("SCRIPT");
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(output)};
}

CommandResult StackWorld::devstack(const std::string& words, std::chrono::seconds limit) const {
    return shell("exec " + quote(DEVSTACK_BINARY) + " " + words, limit);
}

std::string StackWorld::fetch(const std::string& url, const std::string& curl_options) const {
    const CommandResult answer =
        shell("exec curl --silent --show-error --fail --noproxy '*' --max-time 10 " + curl_options +
                  " " + quote(url),
              15s);
    return answer.output;
}

core::api::StateMessage StackWorld::state() const {
    const CommandResult status = devstack("status --json");
    INFO(status.output);
    REQUIRE(status.exit_code == 0);
    const auto state = core::api::parse_state(status.output);
    REQUIRE(state);
    return *state;
}

core::api::ServiceState StackWorld::service(const std::string& name) const {
    const core::api::StateMessage all = state();
    const auto found = std::ranges::find(all.services, name, &core::api::ServiceState::name);
    REQUIRE(found != all.services.end());
    return *found;
}

std::vector<std::string> StackWorld::phases() const {
    std::vector<std::string> lines;
    for (const auto& it : state().services)
        lines.push_back(it.name + " " + it.phase);
    std::ranges::sort(lines);
    return lines;
}

std::string StackWorld::control_socket() const {
    return project::make_project_paths(directory_, project_, mode_, ::geteuid() == 0)
        .control_socket();
}

core::api::EventMessage StackWorld::wait_for_event(
    std::uint64_t cursor,
    std::chrono::seconds limit,
    const std::function<bool(const core::api::EventMessage&)>& is_wanted) const {
    auto connection = client::Connection::open(control_socket());
    REQUIRE(connection);
    std::string seen;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto answer = client::fetch_events(*connection, cursor, 1s);
        REQUIRE(answer);
        for (const core::api::EventMessage& event : answer->events) {
            seen += render(event) + "\n";
            if (is_wanted(event)) return event;
        }
        cursor = answer->cursor;
    }
    FAIL("not in " << limit.count() << " s; what has happened:\n" << seen);
    return {};
}

core::api::ServiceState StackWorld::kill_and_wait_for_repair(const std::string& name) const {
    const core::api::StateMessage before = state();
    const core::api::ServiceState victim = service(name);
    REQUIRE(victim.pid > 0);
    REQUIRE(::kill(victim.pid, SIGKILL) == 0);
    wait_for_event(before.cursor, 60s, [&](const core::api::EventMessage& event) {
        return event.service == name && event.run > victim.run && event.to == "ready";
    });
    const core::api::ServiceState after = service(name);
    CHECK(after.pid != victim.pid);
    CHECK(after.restarts == victim.restarts + 1);
    return after;
}

std::vector<std::string> StackWorld::leftovers() const {
    std::vector<std::string> left;
    const std::string mark = "STACK_WORLD=" + directory_;
    for (const auto& entry : fs::directory_iterator{"/proc"}) {
        const std::string pid = entry.path().filename();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto environment = read_words(entry.path() / "environ");
        if (std::ranges::find(environment, mark) == environment.end()) continue;
        left.push_back("process " + pid + ": " + join(read_words(entry.path() / "cmdline")));
    }
    for (const auto& [shipped, used] : ports_) {
        if (is_listening(used)) left.push_back("port " + std::to_string(used));
    }
    return left;
}

RunningCommand::RunningCommand(const StackWorld& world, const std::string& words) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const std::string script = "cd " + quote(world.directory()) +
                               " && STACK_WORLD=" + quote(world.directory()) + " NO_COLOR=1 exec " +
                               quote(DEVSTACK_BINARY) + " " + words;
    pid_ = ::fork();
    if (pid_ == 0) {
        ::setpgid(0, 0);  // Signals that it sends to its group are not for us.
        ::dup2(ends[1], STDOUT_FILENO);
        ::dup2(ends[1], STDERR_FILENO);
        ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
    REQUIRE(pid_ > 0);
}

RunningCommand::~RunningCommand() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(pipe_);
}

bool RunningCommand::read_more(std::chrono::steady_clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd readable{pipe_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0)
        return false;
    std::array<char, 4096> buffer;
    const ssize_t size = ::read(pipe_, buffer.data(), buffer.size());
    if (size <= 0) return false;
    output_.append(buffer.data(), static_cast<std::size_t>(size));
    return true;
}

bool RunningCommand::shows(const std::string& text, std::chrono::seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (output_.find(text) == std::string::npos) {
        if (!read_more(deadline)) {
            WARN("not shown: " << text << "; but:\n" << output_);
            return false;
        }
    }
    return true;
}

void RunningCommand::send_signal(int number) const {
    ::kill(pid_, number);
}

int RunningCommand::wait_for_end(std::chrono::seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (read_more(deadline)) {
    }
    pollfd ended{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const bool is_over = ::poll(&ended, 1, static_cast<int>(std::max<long>(left.count(), 0))) == 1;
    ::close(ended.fd);
    INFO(output_);
    REQUIRE(is_over);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool has_programs(const std::vector<std::string>& programs) {
    bool has_all = true;
    for (const std::string& program : programs) {
        const std::string question = "command -v " + program + " >/dev/null 2>&1";
        if (std::system(question.c_str()) == 0) continue;
        WARN("skipped: " << program << " is not installed");
        has_all = false;
    }
    return has_all;
}

}  // namespace devstack::test
