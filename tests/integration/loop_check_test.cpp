#include "daemon/loop_check.hpp"

#include "support/catch.hpp"

#include <filesystem>

#include <boost/asio/steady_timer.hpp>
#include <sys/epoll.h>

using namespace devstack;

namespace {

int find_descriptor(const std::string& kind) {
    for (const auto& it : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        if (std::filesystem::read_symlink(it.path(), gone) == kind)
            return std::stoi(it.path().filename());
    }
    FAIL("no " << kind);
    return -1;
}

}  // namespace

TEST_CASE("a loop that can not wait for time or for threads is not taken", "[integration]") {
    const std::string own = GENERATE("anon_inode:[timerfd]", "anon_inode:[eventfd]");
    boost::asio::io_context loop;
    REQUIRE(daemon::check_loop(loop));
    const int epoll = find_descriptor("anon_inode:[eventpoll]");
    // As if the kernel had refused it.
    REQUIRE(::epoll_ctl(epoll, EPOLL_CTL_DEL, find_descriptor(own), nullptr) == 0);
    const Status checked = daemon::check_loop(loop);
    REQUIRE_FALSE(checked);
    CHECK(
        checked.error().message ==
        "the kernel does not let devstack watch its own timers (epoll_ctl(2)): there is no memory "
        "left, or more is watched than fs.epoll.max_user_watches allows");
}
