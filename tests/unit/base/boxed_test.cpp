#include "devstack/base/boxed.hpp"

#include "support/catch.hpp"

#include <optional>
#include <string>
#include <utility>

using devstack::Boxed;

TEST_CASE("a box holds a value of its own, or none", "[unit][base]") {
    Boxed<std::string> box;
    CHECK_FALSE(box);
    CHECK(sizeof(box) == sizeof(void*));

    box = std::string{"cause"};
    REQUIRE(box);
    CHECK(*box == "cause");
    CHECK(box->size() == 5);

    Boxed<std::string> copy = box;
    copy->append("s");
    CHECK(*box == "cause");
    CHECK(*copy == "causes");

    const Boxed<std::string> moved = std::move(copy);
    CHECK(*moved == "causes");

    box = Boxed<std::string>{};
    CHECK_FALSE(box);
    CHECK(box.emplace().empty());
}

TEST_CASE("boxes are equal when what they hold is", "[unit][base]") {
    CHECK(Boxed<int>{} == Boxed<int>{});
    CHECK(Boxed<int>{1} == Boxed<int>{1});
    CHECK_FALSE(Boxed<int>{1} == Boxed<int>{2});
    CHECK_FALSE(Boxed<int>{1} == Boxed<int>{});
    CHECK_FALSE(Boxed<int>{} == Boxed<int>{0});
    CHECK(Boxed<int>{std::optional<int>{}} == Boxed<int>{});
    CHECK(Boxed<int>{std::optional<int>{3}} == Boxed<int>{3});
}
