#include "daemon/quiet_watch.hpp"

#include "devstack/platform/clock.hpp"

#include "support/catch.hpp"

#include <chrono>

using namespace std::chrono_literals;
using namespace devstack;
using daemon::QuietWatch;

TEST_CASE("quiet is told once, and only after the last thing noted", "[integration]") {
    constexpr Duration quiet = 20ms;
    boost::asio::io_context loop;
    int told = 0;
    TimePoint told_at;
    QuietWatch watch{loop, quiet, [&] {
                         ++told;
                         told_at = platform::now();
                     }};
    watch.note();
    boost::asio::steady_timer busy{loop, 10ms};
    TimePoint last;
    busy.async_wait([&](boost::system::error_code) {
        last = platform::now();
        watch.note();
    });
    loop.run();  // Until nobody waits for anything.
    CHECK(told == 1);
    CHECK(told_at - last >= quiet);

    loop.restart();
    watch.note();
    loop.run();
    CHECK(told == 2);

    loop.restart();
    watch.note();
    watch.close();
    loop.run();
    CHECK(told == 2);
}
