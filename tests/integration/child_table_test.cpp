#include "keeper/child_table.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using devstack::keeper::Child;
using devstack::keeper::children_max;
using devstack::keeper::ChildTable;

namespace {

/// Fills and empties, in an order that makes chains: keys that are far apart share buckets.
void add_and_remove_everybody(ChildTable& table, std::int32_t stride) {
    const auto count = static_cast<std::int32_t>(children_max);
    const auto token_of = [](std::int32_t i) { return static_cast<std::uint64_t>(i) * 1024; };
    for (std::int32_t i = 1; i <= count; ++i)
        table.add(token_of(i), i * stride);
    CHECK(table.is_full());
    CHECK(table.add(1, 1) == nullptr);
    for (std::int32_t i = 2; i <= count; i += 2)
        table.remove(*table.find_by_pid(i * stride));
    std::int32_t found = 0;
    for (std::int32_t i = 1; i <= count; ++i) {
        const Child* child = table.find_by_token(token_of(i));
        found += child != nullptr && child->pid == i * stride && i % 2 == 1 ? 1 : 0;
        if (child != nullptr && i % 2 == 0) FAIL("found a child that was removed");
    }
    CHECK(found == count / 2);
    for (std::int32_t i = 1; i <= count; i += 2)
        table.remove(*table.find_by_token(token_of(i)));
}

}  // namespace

TEST_CASE("children are found by pid and by token, also where these collide", "[unit][keeper]") {
    ChildTable table;
    REQUIRE(table.reserve());
    add_and_remove_everybody(table, 1);
    add_and_remove_everybody(table, 64);
    CHECK(table.slots_end() == children_max);
}

TEST_CASE("a reaped pid may belong to another child at once", "[unit][keeper]") {
    ChildTable table;
    REQUIRE(table.reserve());
    Child& first = *table.add(1, 4711);
    table.drop_pid(first);
    CHECK(table.find_by_pid(4711) == nullptr);
    Child& second = *table.add(2, 4711);
    CHECK(table.find_by_pid(4711) == &second);
    table.remove(first);
    CHECK(table.find_by_pid(4711) == &second);
    CHECK(table.find_by_token(1) == nullptr);
}

TEST_CASE("a child whose token was dropped is found by pid only", "[unit][keeper]") {
    ChildTable table;
    REQUIRE(table.reserve());
    Child& child = *table.add(7, 4711);
    table.drop_token(child);
    CHECK(table.find_by_token(7) == nullptr);
    CHECK(table.find_by_pid(4711) == &child);
}

TEST_CASE("news are told in the order in which they came, each child once", "[unit][keeper]") {
    ChildTable table;
    REQUIRE(table.reserve());
    for (std::int32_t i = 1; i <= 3; ++i)
        table.add(static_cast<std::uint64_t>(i), i);
    for (const int pid : {2, 1, 2, 3})
        table.add_news(*table.find_by_pid(pid));
    std::vector<int> told;
    while (const Child* child = table.first_with_news()) {
        told.push_back(child->pid);
        table.drop_first_news();
        if (told.size() == 2) table.add_news(*table.find_by_pid(2));
    }
    CHECK(told == std::vector<int>{2, 1, 3, 2});
}
