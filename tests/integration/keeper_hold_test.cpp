#include "devstack/platform/spawn_request.hpp"

#include "keeper_world.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::test;

namespace {

/// The reading end of a pipe in which this is all.
platform::FileDescriptor pipe_with(const std::string& content) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(::write(ends[1], content.data(), content.size()) ==
            static_cast<ssize_t>(content.size()));
    ::close(ends[1]);
    return platform::FileDescriptor{ends[0]};
}

/// O_WRONLY or O_RDWR, by fdinfo of proc(5).
int access_of_output(int pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/fdinfo/1"};
    std::string word;
    unsigned flags = 0;
    while (file >> word && word != "flags:") {
    }
    file >> std::oct >> flags;
    return static_cast<int>(flags & O_ACCMODE);
}

}  // namespace

TEST_CASE("what the keeper holds comes back to the next daemon", "[integration][keeper]") {
    KeeperWorld world;
    PlayedDaemon first = world.accept_daemon();
    CHECK(first.greet().held == 0);
    first.link().hold(7, "port:api:3000", pipe_with("seven").get());
    first.link().hold(8, "notify:api", pipe_with("eight").get());
    first.link().hold(9, "notify:web", pipe_with("nine").get());
    first.link().hold(7, "again", pipe_with("ignored").get());
    first.link().release(8);
    first.link().release(4711);
    first.spawn(1, testchild({"wait"}));  // By now all that has been read.
    first.exit(1);

    PlayedDaemon second = world.accept_daemon();
    CHECK(second.greet().held == 2);
    CHECK(second.next_as<daemon::KeeperChild>().label == "service#1");
    const auto seven = second.next_as<daemon::KeeperHeld>();
    CHECK(seven.token == 7);
    CHECK(seven.label == "port:api:3000");
    CHECK(read_to_end(seven.descriptor) == "seven");
    CHECK(read_to_end(second.next_as<daemon::KeeperHeld>().descriptor) == "nine");
    // What was released makes room.
    second.link().hold(10, "port:web:1", pipe_with("ten").get());
    second.spawn(2, testchild({"wait"}));
    second.exit(1);

    PlayedDaemon third = world.accept_daemon();
    CHECK(third.greet().held == 3);
}

TEST_CASE("descriptors are passed on to a child, with its pid", "[integration][keeper]") {
    KeeperWorld world;
    PlayedDaemon daemon = world.accept_greeted_daemon();
    const auto one = pipe_with("one ");
    const auto two = pipe_with("two ");
    platform::SpawnRequest request = request_for(
        {"/bin/sh",
         "-c",
         "test $LISTEN_PID = $$ && echo \"mine $LISTEN_FDS\"; cat <&3; cat <&4; ls /proc/$$/fd"});
    request.environment.push_back(platform::listen_pid_placeholder);
    request.environment.emplace_back("LISTEN_FDS=2");
    request.descriptors = {one.get(), two.get()};
    SECTION("in the keeper's memory") {}
    SECTION("by a block in a file") {
        request.environment.push_back("LARGE=" + std::string(100'000, 'x'));
    }
    SECTION("by a fork") {
        request.settings.oom_score_adj = 100;
    }
    SECTION("with a terminal's worth of other descriptors") {
        request.settings.holds_input_open = true;
    }
    CHECK(daemon.output_of(1, request) == "mine 2\none two 0\n1\n2\n3\n4\n");
}

TEST_CASE("a child can be handed as many descriptors as there may be", "[integration][keeper]") {
    KeeperWorld world;
    PlayedDaemon daemon = world.accept_greeted_daemon();
    platform::SpawnRequest request = request_for({"/bin/sh", "-c", "cat <&3; cat /dev/fd/18"});
    std::vector<platform::FileDescriptor> pipes;
    for (int i = 0; i < 16; ++i) {
        pipes.push_back(pipe_with(std::to_string(i) + " "));
        request.descriptors.push_back(pipes.back().get());
    }
    CHECK(daemon.output_of(1, request) == "0 15 ");
}

TEST_CASE("a child of another keeper is kept like one of its own", "[integration][keeper]") {
    KeeperWorld world;
    PlayedDaemon first = world.accept_greeted_daemon();
    const pid_t stranger = ::fork();
    if (stranger == 0) {
        ::pause();
        ::_exit(0);
    }
    daemon::KeeperSpawned orphan;
    orphan.pid = stranger;
    orphan.pidfd =
        platform::FileDescriptor{static_cast<int>(::syscall(SYS_pidfd_open, stranger, 0))};
    orphan.standard_output = pipe_with("out");
    orphan.standard_error = pipe_with("err");
    first.link().adopt(5, "api#4", orphan);
    first.link().adopt(5, "again", orphan);
    first.spawn(1, testchild({"wait"}));  // By now all that has been read.
    first.exit(1);

    PlayedDaemon second = world.accept_daemon();
    CHECK(second.greet().children == 2);
    const auto it = second.next_as<daemon::KeeperChild>();
    CHECK(it.label == "api#4");
    CHECK(it.child.pid == stranger);
    CHECK(read_to_end(it.child.standard_output) == "out");
    CHECK(read_to_end(it.child.standard_error) == "err");
    second.next_as<daemon::KeeperChild>();
    // Its end is told, though nobody can know how it was.
    ::kill(stranger, SIGKILL);
    const auto exited = second.next_as<daemon::KeeperExited>();
    CHECK(exited.token == 5);
    CHECK(exited.is_unknown);
    ::waitpid(stranger, nullptr, 0);
    second.exit(1);

    PlayedDaemon third = world.accept_daemon();
    CHECK(third.greet().children == 2);
    CHECK(third.next_as<daemon::KeeperChild>().exit->is_unknown);
    third.next_as<daemon::KeeperChild>();
    third.link().forget(5);
    third.spawn(2, testchild({"wait"}));
    third.exit(1);
    PlayedDaemon fourth = world.accept_daemon();
    CHECK(fourth.greet().children == 2);
}

TEST_CASE("output that is to last has a reader when nobody reads it", "[integration][keeper]") {
    KeeperWorld world;
    PlayedDaemon played = world.accept_greeted_daemon();
    platform::SpawnRequest request = request_for(testchild({"wait"}));
    request.keeps_output_open = true;
    played.link().spawn(1, "api#1", request);
    const auto child = played.next_as<daemon::KeeperSpawned>();
    const int access = access_of_output(child.pid);
    CHECK(access == O_RDWR);
    // The end of the output comes as ever.
    ::kill(child.pid, SIGKILL);
    CHECK(read_to_end(child.standard_output).empty());
}
