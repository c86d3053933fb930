#include "diagnosis/collect_goroutines.hpp"

#include "support/catch.hpp"

#include <unistd.h>

using namespace devstack::diagnosis;

namespace {

WaitingGoroutine waiting(std::uint64_t number, const std::string& function, int line) {
    return {number, "chan send", 2, 0xC000 + number, {{function, "/src/cart.go", line}}};
}

}  // namespace

TEST_CASE("goroutines at the same place are told once, those that go on run", "[unit][diagnosis]") {
    const Goroutines before{
        {waiting(1, "main.a", 4), waiting(2, "main.a", 4), waiting(3, "main.b", 7)}, 0};
    Goroutines after = before;
    after.waiting[1].seconds = 9;
    after.waiting[2].frames[0].line = 8;
    const auto facts = compare_goroutines(31, before, after);
    REQUIRE(facts.size() == 2);
    CHECK(facts[0].pid == 31);
    CHECK(facts[0].number == 1);
    CHECK(facts[0].count == 2);
    CHECK(facts[0].seconds == 9);
    CHECK(facts[0].frames[0].function == "main.a");
    CHECK(facts[1].state == "running");
    CHECK(facts[1].count == 1);
}

TEST_CASE("requests that come and go are no goroutines that run", "[unit][diagnosis]") {
    const Goroutines after{{waiting(5, "net/http.(*conn).serve", 1991)}, 0};
    CHECK(compare_goroutines(31, {}, after).empty());
    CHECK(compare_goroutines(31, {}, {{}, 3}).front().count == 3);
}

TEST_CASE("who has connected to nobody has no peers", "[unit][diagnosis]") {
    CHECK(count_peers(::getpid()).empty());
}
