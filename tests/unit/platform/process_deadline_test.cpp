#include "devstack/platform/process_deadline.hpp"

#include "support/catch.hpp"

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

using namespace devstack;
using namespace std::chrono_literals;

TEST_CASE("a process with a deadline ends by itself", "[unit]") {
    const pid_t child = ::fork();
    if (child == 0) {
        // Whoever starts us may have done this.
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        platform::end_process_after(1500us);
        for (;;)
            ::pause();
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 1);
}
