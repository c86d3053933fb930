#include "devstack/base/signal_name.hpp"

#include "support/catch.hpp"

using namespace devstack;

TEST_CASE("signals are known by name, short name and number", "[unit][base]") {
    for (const std::string text : {"SIGTERM", "TERM", "term", "sigterm", "15"}) {
        INFO(text);
        const Result<int> signal = parse_signal(text);
        REQUIRE(signal);
        CHECK(signal.value() == 15);
    }
    CHECK(parse_signal("64").value() == 64);
}

TEST_CASE("an unknown signal is refused with the nearest name", "[unit][base]") {
    CHECK(parse_signal("SIGTREM").error().message ==
          "\"SIGTREM\" is not a signal (did you mean `SIGTERM`?)");
    for (const std::string text : {"", "0", "65", "-1", "SIG", "15x", "99999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_signal(text));
    }
}

TEST_CASE("a signal is shown by its name if it has one", "[unit][base]") {
    CHECK(signal_name(15) == "SIGTERM");
    CHECK(signal_name(9) == "SIGKILL");
    CHECK(signal_name(64) == "signal 64");
}
