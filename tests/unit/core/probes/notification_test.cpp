#include "devstack/core/probes/notification.hpp"

#include "devstack/core/limits.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core;
using namespace std::chrono_literals;

TEST_CASE("what a service says is understood", "[unit][probes]") {
    const Notification said = parse_notification(
        "READY=1\nSTATUS=Serving 3 clients\nMAINPID=4711\nWATCHDOG=1\nWATCHDOG_USEC=2500000\n"
        "EXTEND_TIMEOUT_USEC=100\nERRNO=2\nX_OWN=1\nRELOADING=1\nSTOPPING=1\nFDSTORE=1\n");
    Notification expected;
    expected.is_ready = expected.is_reloading = expected.is_stopping = true;
    expected.is_alive = expected.hands_over = true;
    expected.status = "Serving 3 clients";
    expected.watchdog = 2500ms;
    expected.extension = 100us;
    expected.main_pid = 4711;
    expected.error = 2;
    CHECK(said == expected);
}

TEST_CASE("what makes no sense in it is passed over", "[unit][probes]") {
    for (const char* datagram : {"",
                                 "\n\n",
                                 "READY",
                                 "READY=",
                                 "READY=0",
                                 "=1",
                                 "ready=1",
                                 "MAINPID=x",
                                 "WATCHDOG_USEC=-1",
                                 "WATCHDOG=2",
                                 "ERRNO=99999999999"}) {
        INFO(datagram);
        CHECK(parse_notification(datagram) == Notification{});
    }
    CHECK(parse_notification("WATCHDOG=trigger").is_in_trouble);
    CHECK(parse_notification("EXTEND_TIMEOUT_USEC=18446744073709551615").extension ==
          Duration{limits::notified_duration_max});
}

TEST_CASE("a status is sane and short", "[unit][probes]") {
    CHECK(parse_notification("STATUS=\x1b[31mred\x1b[0m \x07\xff").status == "red \xEF\xBF\xBD");
    const std::string shown = *parse_notification("STATUS=" + std::string(1000, 'x')).status;
    CHECK(shown == std::string(limits::shown_line_max - 3, 'x') + "…");
    CHECK(parse_notification("STATUS=").status == "");
}
