#include "devstack/platform/accounts.hpp"

#include "support/catch.hpp"

#include <unistd.h>

using namespace devstack::platform;

TEST_CASE("root is known by name and by number", "[unit][accounts]") {
    const auto by_name = find_user("root");
    REQUIRE(by_name);
    CHECK(by_name->user == 0);
    CHECK(by_name->group == 0);
    CHECK(by_name->home == "/root");
    const auto by_number = find_user(0);
    REQUIRE(by_number);
    CHECK(by_number->name == "root");
    CHECK(find_group("root") == 0U);
}

TEST_CASE("who does not exist is not found", "[unit][accounts]") {
    CHECK_FALSE(find_user("no-such-user"));
    CHECK_FALSE(find_user(4'000'000'000U));
    CHECK_FALSE(find_group("no-such-group"));
}

TEST_CASE("this process knows who it is", "[unit][accounts]") {
    const UserRecord self = own_user();
    CHECK(self.user == ::geteuid());
    CHECK(self.group == ::getegid());
    CHECK_FALSE(self.name.empty());
    const bool is_root = self.user == 0;
    CHECK((own_capabilities() != 0) >= is_root);
}
