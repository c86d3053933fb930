#include "keeper_world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <csignal>
#include <set>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;
using platform::SpawnRequest;

namespace {

/// The lines of a text that begin so, joined by ", ", with each run of blanks as one.
std::string lines_with(const std::string& text, const std::vector<std::string>& beginnings) {
    std::string found;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string line = text.substr(at, text.find('\n', at) - at);
        at += line.size() + 1;
        const bool is_wanted = std::ranges::any_of(
            beginnings, [&](const std::string& wanted) { return line.starts_with(wanted); });
        if (!is_wanted) continue;
        if (!found.empty()) found += ", ";
        for (const char character : line) {
            const bool is_blank = character == ' ' || character == '\t';
            if (!is_blank) found += character;
            if (is_blank && found.back() != ' ') found += ' ';
        }
        while (found.ends_with(' '))
            found.pop_back();
    }
    return found;
}

class TemporaryFile {
public:
    TemporaryFile(const std::string& content, mode_t mode) {
        REQUIRE(::mkdtemp(directory_.data()) != nullptr);
        const platform::FileDescriptor file{
            ::open(path().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, mode)};
        REQUIRE(::write(file.get(), content.data(), content.size()) ==
                static_cast<ssize_t>(content.size()));
    }
    ~TemporaryFile() {
        ::unlink(path().c_str());
        ::rmdir(directory_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    const std::string& directory() const { return directory_; }
    std::string path() const { return directory_ + "/program"; }

private:
    std::string directory_ = "/tmp/keeper-test-XXXXXX";
};

/// In the keeper's process: a caller with a mask, ignored signals and limits of its own.
void have_habits() {
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGUSR1);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    const rlimit limit{512, 1024};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::open("/dev/null", O_RDONLY);  // Would be inherited.
}

}  // namespace

TEST_CASE("what a child writes comes through its own pipes, and its end is told",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto child = daemon.spawn(
        7, testchild({"print", "out", "then", "print-err", "err", "then", "exit", "3"}));
    CHECK(read_to_end(child.standard_output) == "out\n");
    CHECK(read_to_end(child.standard_error) == "err\n");
    const auto exit = daemon.next_as<KeeperExited>();
    CHECK(text_of(exit) == "exited 7: code 3");
    CHECK(exit.pid == child.pid);
    CHECK(exit.peak_memory_kib > 0);
    CHECK(exit.user_time_us + exit.system_time_us >= 0);
}

TEST_CASE("a child that is killed tells its signal", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto waiting = daemon.spawn(1, testchild({"wait"}));
    ::kill(waiting.pid, SIGKILL);
    CHECK(text_of(daemon.next_as<KeeperExited>()) == "exited 1: signal 9");
    daemon.spawn(2, testchild({"crash"}));
    CHECK(text_of(daemon.next_as<KeeperExited>()) == "exited 2: signal 11");
}

TEST_CASE("a child leads a session and group of its own, and reads nothing",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto child = daemon.spawn(1, testchild({"wait"}));
    CHECK(::getsid(child.pid) == child.pid);
    CHECK(::getpgid(child.pid) == child.pid);
    CHECK(daemon.output_of(2, request_for({"readlink", "/proc/self/fd/0"})) == "/dev/null\n");
}

TEST_CASE("a child has no descriptor but the standard ones", "[integration][keeper]") {
    KeeperWorld world{KeeperSetting{.prepare = have_habits}};
    auto daemon = world.accept_greeted_daemon();
    // The fourth is the directory that ls reads.
    CHECK(daemon.output_of(1, request_for({"ls", "/proc/self/fd"})) == "0\n1\n2\n3\n");
}

TEST_CASE("a child has the caller's signal mask and file limit, and ignores no signal",
          "[integration][keeper]") {
    KeeperWorld world{KeeperSetting{.prepare = have_habits}};
    auto daemon = world.accept_greeted_daemon();
    CHECK(lines_with(daemon.output_of(1, request_for({"cat", "/proc/self/status"})),
                     {"SigPnd", "SigBlk", "SigIgn", "SigCgt"}) ==
          "SigPnd: 0000000000000000, SigBlk: 0000000000000200, SigIgn: 0000000000000000, "
          "SigCgt: 0000000000000000");
    CHECK(lines_with(daemon.output_of(2, request_for({"cat", "/proc/self/limits"})),
                     {"Max open files"}) == "Max open files 512 1024 files");
}

TEST_CASE("the program is looked up in the child's own PATH", "[integration][keeper]") {
    const TemporaryFile script{"#!/bin/sh\necho found\n", 0755};
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for({"program"});
    CHECK(daemon.spawn_failure(1, request) == "exec ENOENT");
    request.environment = {"OTHERPATH=/bin", "PATH=/bin:/nowhere:" + script.directory()};
    CHECK(daemon.output_of(1, request) == "found\n");
    request.environment = {"PATH=/bin:"};  // The empty entry is the working directory.
    request.working_dir = script.directory();
    CHECK(daemon.output_of(2, request) == "found\n");
    request.environment = {};
    request.argv = {"./program"};
    CHECK(daemon.output_of(3, request) == "found\n");
}

TEST_CASE("a start that fails tells the stage and the reason", "[integration][keeper]") {
    const TemporaryFile text{"echo this has no first line with an interpreter\n", 0755};
    const TemporaryFile plain{"#!/bin/sh\n", 0644};
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();

    SpawnRequest request = request_for({"true"});
    request.working_dir = "/nowhere";
    CHECK(daemon.spawn_failure(1, request) == "working_dir ENOENT");
    request.working_dir = "/etc/passwd";
    CHECK(daemon.spawn_failure(1, request) == "working_dir ENOTDIR");

    CHECK(daemon.spawn_failure(1, request_for({"/nowhere/program"})) == "exec ENOENT");
    CHECK(daemon.spawn_failure(1, request_for({"no-such-program"})) == "exec ENOENT");
    CHECK(daemon.spawn_failure(1, request_for({text.path()})) == "exec ENOEXEC");
    CHECK(daemon.spawn_failure(1, request_for({plain.path()})) == "exec EACCES");
    request = request_for({"program"});
    request.environment = {"PATH=" + plain.directory() + ":/nowhere"};
    CHECK(daemon.spawn_failure(1, request) == "exec EACCES");
    request = request_for({"true"});
    request.environment.push_back("LONG=" + std::string(200'000, 'x'));
    CHECK(daemon.spawn_failure(1, request) == "exec E2BIG");

    CHECK(daemon.spawn_failure(1, request_for({})) == "request EINVAL");
    CHECK(daemon.spawn_failure(1, request_for({std::string("a\0b", 3)})) == "request EINVAL");
    request = request_for({"true"});
    request.parent_death_signal = 4711;
    CHECK(daemon.spawn_failure(1, request) == "request EINVAL");
    CHECK(world.count_children() == 1);  // The daemon: what failed has been reaped.
}

TEST_CASE("a keeper without descriptors refuses, and goes on when it has some again",
          "[integration][keeper]") {
    const auto have_few = [] {
        const rlimit limit{24, 24};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    };
    KeeperWorld world{KeeperSetting{.prepare = have_few}};
    auto daemon = world.accept_greeted_daemon();
    std::uint64_t token = 1;
    std::vector<KeeperSpawned> children;
    std::string failure;
    for (; failure.empty(); ++token) {
        REQUIRE(token < 20);
        daemon.link().spawn(token, "many#1", request_for(testchild({"wait"})));
        auto answer = daemon.next();
        if (auto* spawned = std::get_if<KeeperSpawned>(&answer)) {
            children.push_back(std::move(*spawned));
        } else if (const auto* failed = std::get_if<KeeperSpawnFailed>(&answer)) {
            failure = std::to_string(failed->error) + " at stage " +
                      std::to_string(static_cast<int>(failed->stage));
        }
    }
    CHECK(failure == std::to_string(EMFILE) + " at stage 1");
    REQUIRE(children.size() > 3);
    for (const auto& child : children)
        ::kill(child.pid, SIGKILL);
    for (std::size_t i = 0; i < children.size(); ++i)
        daemon.link().forget(daemon.next_as<KeeperExited>().token);
    CHECK(daemon.output_of(token, request_for(testchild({"print", "again"}))) == "again\n");
}

TEST_CASE("a child that hangs before exec holds up nobody else", "[integration][keeper]") {
    HangingProgram program;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    daemon.link().spawn(1, "stuck#1", request_for({program.path()}));
    CHECK(daemon.output_of(2, request_for(testchild({"print", "on"}))) == "on\n");
    program.release();
    const auto child = daemon.next_as<KeeperSpawned>();
    CHECK(child.token == 1);
    CHECK(read_to_end(child.standard_output) == "released\n");
}

TEST_CASE("many children that hang before exec hold up nobody else", "[integration][keeper]") {
    HangingProgram program;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    constexpr std::uint64_t count = 20;  // More than the keeper has room for in its own memory.
    for (std::uint64_t token = 1; token <= count; ++token)
        daemon.link().spawn(token, "stuck", request_for({program.path()}));
    CHECK(daemon.output_of(100, request_for(testchild({"print", "on"}))) == "on\n");
    program.release();
    std::set<std::uint64_t> spawned;
    std::set<std::uint64_t> ended;
    while (ended.size() < count) {
        auto message = daemon.next();
        if (const auto* exit = std::get_if<KeeperExited>(&message)) {
            ended.insert(exit->token);
            continue;
        }
        const auto* child = std::get_if<KeeperSpawned>(&message);
        REQUIRE(child != nullptr);
        spawned.insert(child->token);
        CHECK(read_to_end(child->standard_output) == "released\n");
    }
    CHECK(spawned == ended);
}

TEST_CASE("a service that is started again and again finds its place each time",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    for (std::uint64_t token = 1; token <= 50; ++token)
        REQUIRE(daemon.output_of(token, request_for(testchild({"print", "up"}))) == "up\n");
}

TEST_CASE("an environment of a megabyte arrives", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for(testchild({"env", "LAST"}));
    for (int i = 0; i < 10'000; ++i) {
        const std::string name = "VARIABLE_" + std::to_string(i);
        request.environment.push_back(name + "=" + std::string(100 - name.size(), 'v'));
    }
    request.environment.push_back("LAST=here");
    CHECK(daemon.output_of(1, request) == "here\n");
}

TEST_CASE("a child can ask to die with the keeper", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for(testchild({"ignore-term"}));
    request.parent_death_signal = SIGKILL;
    daemon.link().spawn(1, "dies#1", request);
    const auto dying = daemon.next_as<KeeperSpawned>();
    const auto staying = daemon.spawn(2, testchild({"wait"}));
    ::kill(world.keeper(), SIGKILL);
    CHECK(world.wait_for_end() == -SIGKILL);
    CHECK(ends(dying.pidfd));
    CHECK(is_alive(staying.pid));
    CHECK(std::holds_alternative<KeeperGone>(daemon.next()));
    CHECK(std::holds_alternative<KeeperGone>(daemon.next()));
    ::kill(staying.pid, SIGKILL);
    CHECK(ends(staying.pidfd));
    daemon.exit(0);
}

TEST_CASE("a descendant that has lost its parent is reaped and told of", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto child = daemon.spawn(1, testchild({"fork-leave"}));
    const std::string line = read_line(child.standard_output);
    REQUIRE(line.starts_with("left "));
    const int stray = std::stoi(line.substr(5));
    std::set<int> reaped;
    std::string leader_end;
    const auto listen_until = [&](const std::function<bool()>& is_enough) {
        while (!is_enough()) {
            auto message = daemon.next();
            if (const auto* it = std::get_if<KeeperStrayReaped>(&message)) reaped.insert(it->pid);
            if (const auto* it = std::get_if<KeeperExited>(&message)) leader_end = text_of(*it);
        }
    };
    // The parent in between became the keeper's when the leader ended before it, or not at all.
    listen_until([&] { return !leader_end.empty(); });
    CHECK(leader_end == "exited 1: code 0");
    CHECK(is_alive(stray));
    CHECK(reaped.count(stray) == 0);
    ::kill(stray, SIGKILL);
    listen_until([&] { return reaped.count(stray) == 1; });
}

TEST_CASE("a thousand children live and die at once", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    constexpr std::uint64_t count = 1000;
    for (std::uint64_t token = 1; token <= count; ++token)
        daemon.link().spawn(
            token, "many#" + std::to_string(token), request_for(testchild({"wait"})));
    std::vector<int> pids;
    while (pids.size() < count)
        pids.push_back(daemon.next_as<KeeperSpawned>().pid);
    CHECK(world.count_children() == count + 1);
    for (const int pid : pids)
        ::kill(pid, SIGTERM);
    std::set<std::uint64_t> ended;
    while (ended.size() < count) {
        const auto exit = daemon.next_as<KeeperExited>();
        CHECK(exit.signal == SIGTERM);
        CHECK(ended.insert(exit.token).second);
        daemon.link().forget(exit.token);
    }
    CHECK(world.count_children() == 1);
}
