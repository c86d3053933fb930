#include "cli/option_set.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::cli;
using namespace std::chrono_literals;

namespace {

struct Everything {
    bool follow = false;
    std::string grep;
    Duration timeout = 2min;
    std::size_t tail = 50;
    std::string task;
    std::vector<std::string> services;
    OptionSet set;

    Everything() {
        set.word("TASK", task, "the task");
        set.words("SERVICE", services, "the services");
        set.flag("-f,--follow", follow, "go on");
        set.text("--grep", "RE", grep, "matching lines");
        set.duration("--timeout", timeout, "give up after TIME");
        set.count("-n,--tail", tail, "the last N");
    }
    std::string refusal(const std::vector<std::string>& arguments) {
        const Status status = set.parse(arguments);
        return status ? "accepted" : status.error().message;
    }
};

}  // namespace

TEST_CASE("options and words may be mixed", "[unit][cli]") {
    Everything it;
    REQUIRE(it.set.parse({"migrate", "-n", "7", "a", "--timeout=90s", "-f", "b", "--grep", "x y"}));
    CHECK(it.task == "migrate");
    CHECK(it.services == std::vector<std::string>{"a", "b"});
    CHECK(it.tail == 7);
    CHECK(it.timeout == 90s);
    CHECK(it.follow);
    CHECK(it.grep == "x y");
}

TEST_CASE("what is not typed keeps its value", "[unit][cli]") {
    Everything it;
    REQUIRE(it.set.parse({"migrate"}));
    CHECK(it.timeout == 2min);
    CHECK(it.tail == 50);
    CHECK_FALSE(it.follow);
}

TEST_CASE("wrong usage is told with what may have been meant", "[unit][cli]") {
    CHECK(Everything{}.refusal({}) == "TASK is required");
    CHECK(Everything{}.refusal({"x", "--folow"}) ==
          "unknown option --folow (did you mean `--follow`?)");
    CHECK(Everything{}.refusal({"x", "--bananas=7"}) == "unknown option --bananas");
    CHECK(Everything{}.refusal({"x", "-n", "many"}) ==
          "--tail: expected a whole number, found \"many\"");
    CHECK(Everything{}.refusal({"x", "--timeout", "soon"}).rfind("--timeout: ", 0) == 0);
    OptionSet narrow;
    std::optional<Port> port;
    narrow.optional_port("PORT", port, "");
    CHECK(narrow.parse({"99999"}).error().message ==
          "PORT: expected a port from 1 to 65535, found \"99999\"");
    OptionSet none;
    CHECK(none.parse({"x"}).error().message == "one word too many: x");
}

TEST_CASE("help shows words first, and values by their names", "[unit][cli]") {
    std::string text;
    for (const HelpLine& line : Everything{}.set.help()) {
        text += line.term + ": " + line.description + "\n";
    }
    CHECK(text ==
          "TASK: the task\n"
          "SERVICE...: the services\n"
          "-f, --follow: go on\n"
          "--grep RE: matching lines\n"
          "--timeout TIME: give up after TIME\n"
          "-n, --tail N: the last N\n");
}
