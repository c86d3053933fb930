#include "devstack/platform/clock.hpp"

#include "keeper/daemon_process.hpp"
#include "keeper_world.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <fstream>
#include <map>
#include <tuple>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;

namespace {

struct Pipe {
    platform::FileDescriptor read_end;
    platform::FileDescriptor write_end;
};

Pipe make_pipe() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    return {platform::FileDescriptor{ends[0]}, platform::FileDescriptor{ends[1]}};
}

/// Hello of a daemon that takes over, and the children it is told of, by label.
std::map<std::string, KeeperChild> take_over(PlayedDaemon& daemon) {
    const auto welcome = daemon.greet();
    std::map<std::string, KeeperChild> children;
    while (children.size() < welcome.children) {
        auto child = daemon.next_as<KeeperChild>();
        const std::string label = child.label;
        REQUIRE(children.emplace(label, std::move(child)).second);
    }
    return children;
}

/// What /proc/PID/status says behind `name`.
std::string status_of(int pid, const std::string& name) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with(name)) return line.substr(name.size());
    }
    return "";
}

/// True while a signal to the whole process has not been taken.
bool has_pending_signal(int pid) {
    return status_of(pid, "ShdPnd:").find_first_of("123456789abcdef") != std::string::npos;
}

bool is_stopped(int pid) {
    return status_of(pid, "State:").starts_with("\tT");
}

int exit_code_of_keeper_with(std::vector<std::string> daemon_argv) {
    KeeperWorld world{KeeperSetting{.daemon_argv = std::move(daemon_argv)}};
    return world.wait_for_end();
}

}  // namespace

TEST_CASE("a daemon that dies is replaced, and takes over all children", "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    CHECK(first.output_of(1, request_for(testchild({"print", "over"}))) == "over\n");  // Forgotten.
    const auto talking = first.spawn(2, testchild({"listen", "0"}), "talking#4");
    CHECK(read_line(talking.standard_output).starts_with("listening "));
    const auto ending = first.spawn(3, testchild({"wait"}), "ending#1");
    const auto ended = first.spawn(4, testchild({"print", "bye", "then", "exit", "4"}), "ended#2");
    CHECK(text_of(first.next_as<KeeperExited>()) == "exited 4: code 4");

    ::kill(first.pid(), SIGKILL);
    ::kill(ending.pid, SIGKILL);  // Nobody is there to be told.
    CHECK(ends(ending.pidfd));

    auto second = world.accept_daemon();
    CHECK(second.pid() != first.pid());
    auto children = take_over(second);
    REQUIRE(children.size() == 3);
    auto& still_talking = children.at("talking#4");
    CHECK(still_talking.child.token == 2);
    CHECK(still_talking.child.pid == talking.pid);
    CHECK_FALSE(still_talking.exit);
    REQUIRE(children.at("ending#1").exit);
    CHECK(text_of(*children.at("ending#1").exit) == "exited 3: signal 9");
    auto& gone = children.at("ended#2");
    REQUIRE(gone.exit);
    CHECK(text_of(*gone.exit) == "exited 4: code 4");
    CHECK_FALSE(gone.child.pidfd.is_open());
    // Nobody has read it yet: it is still there.
    CHECK(read_to_end(gone.child.standard_output) == "bye\n");

    ::kill(still_talking.child.pid, SIGTERM);
    CHECK(ends(still_talking.child.pidfd));
    CHECK(text_of(second.next_as<KeeperExited>()) == "exited 2: signal 15");
    second.link().forget(2);
    second.link().forget(3);
    second.link().forget(4);

    ::kill(second.pid(), SIGKILL);
    auto third = world.accept_daemon();
    CHECK(take_over(third).empty());
}

TEST_CASE("output that nobody reads while there is no daemon waits in the pipe",
          "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    {
        const auto child = first.spawn(1, testchild({"lines", "50", "line", "5000"}), "writer#1");
        CHECK(read_line(child.standard_output) == "line 1");
        ::kill(first.pid(), SIGKILL);
        first.link() = KeeperLink{platform::FileDescriptor{}};
    }
    auto second = world.accept_daemon();
    auto children = take_over(second);
    const std::string rest = read_to_end(children.at("writer#1").child.standard_output);
    std::string expected;
    for (int i = 2; i <= 50; ++i)
        expected += "line " + std::to_string(i) + "\n";
    CHECK(rest == expected);
}

TEST_CASE("a daemon that dies with half of a burst spawned leaves no child unknown",
          "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    for (std::uint64_t token = 1; token <= 50; ++token)
        first.link().spawn(
            token, "burst#" + std::to_string(token), request_for(testchild({"wait"})));
    ::kill(first.pid(), SIGKILL);
    auto second = world.accept_daemon();
    const auto children = take_over(second);
    // Each is told of, or does not exist; and the tokens of the others are free.
    REQUIRE(eventually([&] { return world.count_children() == children.size() + 1; }));
    for (std::uint64_t token = 1; token <= 50; ++token) {
        if (children.contains("burst#" + std::to_string(token))) continue;
        std::ignore = second.spawn(token, testchild({"wait"}));
    }
}

TEST_CASE("a child that hangs before exec when the daemon dies has never been",
          "[integration][keeper]") {
    HangingProgram program;
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    first.link().spawn(1, "stuck#1", request_for({program.path()}));
    CHECK(first.output_of(2, request_for(testchild({"print", "taken"}))) == "taken\n");
    CHECK(world.count_children() == 2);
    ::kill(first.pid(), SIGKILL);
    auto second = world.accept_daemon();
    CHECK(take_over(second).empty());
    program.release();
    REQUIRE(eventually([&] { return world.count_children() == 1; }));
    CHECK(second.output_of(1, request_for({program.path()})) == "released\n");
}

TEST_CASE("a child that reaches exec while there is no daemon is told of as one that runs",
          "[integration][keeper]") {
    HangingProgram program;
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    first.link().spawn(1, "late#1", request_for({program.path()}));
    CHECK(first.output_of(2, request_for(testchild({"print", "taken"}))) == "taken\n");
    ::kill(world.keeper(), SIGSTOP);  // What happens now, it finds out at Hello at the earliest.
    ::kill(first.pid(), SIGKILL);
    ::kill(world.keeper(), SIGCONT);
    auto second = world.accept_daemon();
    ::kill(world.keeper(), SIGSTOP);
    program.release();
    second.link().say_hello();
    ::kill(world.keeper(), SIGCONT);
    REQUIRE(second.next_as<KeeperWelcome>().children <= 1);
    REQUIRE(eventually([&] { return world.count_children() == 1; }));
    // Either it was killed on its way, or it is known and its end is: nothing else is said.
    while (auto message = second.next_if_any()) {
        CHECK_FALSE(std::holds_alternative<KeeperSpawned>(*message));
        CHECK_FALSE(std::holds_alternative<KeeperSpawnFailed>(*message));
    }
}

TEST_CASE("a daemon hears nothing before its Hello", "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    const auto child = first.spawn(1, testchild({"wait"}), "ending#1");
    ::kill(first.pid(), SIGKILL);
    auto second = world.accept_daemon();
    ::kill(child.pid, SIGKILL);
    REQUIRE(eventually([&] { return world.count_children() == 1; }));
    CHECK_FALSE(second.next_if_any());
    CHECK(text_of(*take_over(second).at("ending#1").exit) == "exited 1: signal 9");
    CHECK_FALSE(second.next_if_any());
}

TEST_CASE("a daemon that dies right after its Hello takes nothing with it",
          "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    const auto child = first.spawn(1, testchild({"wait"}), "ending#1");
    ::kill(first.pid(), SIGKILL);
    auto second = world.accept_daemon();
    ::kill(world.keeper(), SIGSTOP);
    ::kill(world.keeper(), SIGTERM);
    second.link().say_hello();
    ::kill(second.pid(), SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(second.pid()); }));
    ::kill(world.keeper(), SIGCONT);
    ::kill(child.pid, SIGKILL);
    REQUIRE(eventually([&] { return !is_alive(child.pid); }));
    auto third = world.accept_daemon();
    CHECK(text_of(*take_over(third).at("ending#1").exit) == "exited 1: signal 9");
    CHECK(third.next_signal() == SIGTERM);
}

TEST_CASE("the last words of a daemon count, however late they are read", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    ::kill(world.keeper(), SIGSTOP);
    for (int i = 0; i < 100; ++i)
        daemon.link().forget(4711);
    daemon.link().say_farewell();
    daemon.exit(3);
    REQUIRE(eventually([&] { return !is_alive(daemon.pid()); }));
    ::kill(world.keeper(), SIGCONT);
    CHECK(world.wait_for_end() == 3);
}

TEST_CASE("the last words of a daemon count though it has not read ours", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto child = daemon.spawn(1, testchild({"wait"}));
    ::kill(child.pid, SIGKILL);
    pollfd unread{daemon.link().fd(), POLLIN, 0};
    REQUIRE(::poll(&unread, 1, 10'000) == 1);
    ::kill(world.keeper(), SIGSTOP);
    REQUIRE(eventually([&] { return is_stopped(world.keeper()); }));
    daemon.link().say_farewell();
    daemon.link() = KeeperLink{platform::FileDescriptor{}};
    daemon.exit(3);
    REQUIRE(eventually([&] { return !is_alive(daemon.pid()); }));
    ::kill(world.keeper(), SIGCONT);
    CHECK(world.wait_for_end() == 3);
}

TEST_CASE("a daemon that closes its channel is replaced", "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    first.close_channel();
    auto second = world.accept_greeted_daemon();
    CHECK(second.pid() != first.pid());
    CHECK_FALSE(is_alive(first.pid()));
}

TEST_CASE("a daemon that fails before its Hello is tried again when one has worked before",
          "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    const auto child = first.spawn(1, testchild({"wait"}), "stays#1");
    ::kill(first.pid(), SIGKILL);
    world.accept_daemon().exit(70);
    auto third = world.accept_daemon();
    CHECK(take_over(third).at("stays#1").child.pid == child.pid);
}

TEST_CASE("a daemon that can not start up ends the keeper with its code", "[integration][keeper]") {
    CHECK(exit_code_of_keeper_with({"/bin/sh", "-c", "exit 77"}) == 77);
    CHECK(exit_code_of_keeper_with({"/bin/sh", "-c", "exit 0"}) == 0);
    CHECK(exit_code_of_keeper_with({"/bin/sh", "-c", "kill -9 $$"}) == 128 + SIGKILL);
    CHECK(exit_code_of_keeper_with({"/nowhere/devstack"}) == 127);
}

TEST_CASE("report and lifeline reach the daemon, and are missed by nobody",
          "[integration][keeper]") {
    auto report = make_pipe();
    auto lifeline = make_pipe();
    KeeperSetting setting;
    setting.report_fd = report.write_end.get();
    setting.lifeline_fd = lifeline.read_end.get();
    KeeperWorld world{setting};
    report.write_end.reset();
    auto daemon = world.accept_greeted_daemon();
    REQUIRE(::write(daemon.report().get(), "up\n", 3) == 3);
    CHECK(read_line(report.read_end) == "up");
    REQUIRE(::write(lifeline.write_end.get(), "x", 1) == 1);
    char character = '\0';
    REQUIRE(::read(daemon.lifeline().get(), &character, 1) == 1);
    CHECK(character == 'x');
    daemon.link().say_farewell();
    daemon.exit(0);
    CHECK(world.wait_for_end() == 0);
    daemon.report().reset();
    CHECK(read_to_end(report.read_end).empty());
}

TEST_CASE("signals to the keeper are the daemon's business", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        ::kill(world.keeper(), signal);
        CHECK(daemon.next_signal() == signal);
    }
    for (const int signal : {SIGUSR1, SIGQUIT, SIGALRM, SIGPIPE})
        ::kill(world.keeper(), signal);
    CHECK(daemon.output_of(1, request_for(testchild({"print", "alive"}))) == "alive\n");
    CHECK_FALSE(daemon.has_signal());
}

TEST_CASE("a signal that comes while there is no daemon waits for the next one's Hello",
          "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    ::kill(first.pid(), SIGKILL);
    REQUIRE(eventually([&] { return world.count_children() == 0; }));
    ::kill(world.keeper(), SIGTERM);
    auto second = world.accept_daemon();
    CHECK_FALSE(second.has_signal());
    second.greet();
    CHECK(second.next_signal() == SIGTERM);
}

TEST_CASE("a keeper that is told to end while no daemon works takes everything down",
          "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    const auto child = first.spawn(1, testchild({"ignore-term"}));
    ::kill(first.pid(), SIGKILL);
    auto second = world.accept_daemon();
    ::kill(world.keeper(), SIGTERM);
    REQUIRE(eventually([&] { return !has_pending_signal(world.keeper()); }));
    second.exit(1);
    CHECK(world.wait_for_end() == 70);
    CHECK(ends(child.pidfd));
}

TEST_CASE("an order to end outlives the daemon that was given it", "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    const auto child = first.spawn(1, testchild({"ignore-term"}));
    ::kill(world.keeper(), SIGTERM);
    CHECK(first.next_signal() == SIGTERM);
    ::kill(first.pid(), SIGKILL);

    auto second = world.accept_greeted_daemon();
    CHECK(second.next_signal() == SIGTERM);
    SECTION("and the next one obeys") {
        second.link().say_farewell();
        second.exit(0);
        CHECK(world.wait_for_end() == 0);
    }
    SECTION("and when none lives long enough, the keeper takes everything down") {
        ::kill(second.pid(), SIGKILL);
        auto third = world.accept_greeted_daemon();
        CHECK(third.next_signal() == SIGTERM);
        ::kill(third.pid(), SIGKILL);
        CHECK(world.wait_for_end() == 70);
    }
    CHECK(ends(child.pidfd));
}

TEST_CASE("SIGHUP ends nothing, however broken the daemons are", "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    const auto child = first.spawn(1, testchild({"wait"}), "stays#1");
    ::kill(first.pid(), SIGKILL);
    auto second = world.accept_daemon();
    ::kill(world.keeper(), SIGHUP);
    REQUIRE(eventually([&] { return !has_pending_signal(world.keeper()); }));
    second.exit(1);
    auto third = world.accept_daemon();
    CHECK(take_over(third).at("stays#1").child.pid == child.pid);
    CHECK(third.next_signal() == SIGHUP);
}

TEST_CASE("after Farewell the keeper ends with the daemon and leaves nobody",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto child = daemon.spawn(1, testchild({"fork-leave", "then", "ignore-term"}));
    const std::string line = read_line(child.standard_output);
    REQUIRE(line.starts_with("left "));
    daemon.link().say_farewell();
    daemon.exit(5);
    CHECK(world.wait_for_end() == 5);
    CHECK(ends(child.pidfd));
    CHECK_FALSE(is_alive(std::stoi(line.substr(5))));
}

TEST_CASE("a daemon is restarted after 100 ms, twice as long each time, at most 5 s",
          "[unit][keeper]") {
    using namespace std::chrono_literals;
    keeper::Backoff backoff;
    std::vector<Duration> delays;
    for (int i = 0; i < 8; ++i)
        delays.push_back(backoff.next_delay(999ms));
    CHECK(delays ==
          std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms});
    CHECK(backoff.next_delay(1s) == Duration{100ms});
    CHECK(backoff.next_delay(0s) == Duration{200ms});
}
