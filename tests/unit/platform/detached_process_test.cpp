#include "devstack/platform/detached_process.hpp"

#include "support/catch.hpp"

#include <array>
#include <cstdlib>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace devstack::platform;

TEST_CASE("a program that is started detached is nobody's child of ours", "[unit][platform]") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);  // Inherited, so that it can tell.
    const std::string script = "echo $(readlink /proc/$$/fd/1) $(test $(ps -o sid= -p $$) -ne " +
                               std::to_string(::getsid(0)) + " && echo away) >&" +
                               std::to_string(ends[1]);
    REQUIRE(start_program_detached({"sh", "-c", script}));
    pollfd readable{ends[0], POLLIN, 0};
    REQUIRE(::poll(&readable, 1, 10'000) == 1);
    std::array<char, 100> buffer{};
    const ssize_t size = ::read(ends[0], buffer.data(), buffer.size());
    CHECK(std::string(buffer.data(), static_cast<std::size_t>(size)) == "/dev/null away\n");
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // ECHILD.
    for (const int end : ends)
        ::close(end);
}

TEST_CASE("a program that does not exist is no error of who starts it detached",
          "[unit][platform]") {
    CHECK(start_program_detached({"no-such-program-of-devstack"}));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}
