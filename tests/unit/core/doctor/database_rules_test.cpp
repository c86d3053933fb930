// Databases and caches that refuse a log-in.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// What is said first of an api whose database refuses it.
std::string refusal(const std::string& scheme, const std::string& code, const std::string& error) {
    World world;
    world.break_probe("api", 500);
    DialFact& dial = world.refer("api", "DATABASE_URL", scheme, 3306);
    dial.protocol = scheme == "mariadb" ? "mysql" : scheme;
    dial.code = code;
    dial.error = error;
    const Finding finding = world.findings().front();
    return finding.id + ": " + finding.what;
}

}  // namespace

TEST_CASE("what MySQL's refusals mean is told", "[unit][doctor]") {
    CHECK(refusal("mysql", "1045", "Access denied for user 'shop' (using password: YES)") ==
          "database-wrong-password: The password of user shop in DATABASE_URL (api/.env:3) is "
          "wrong, or there is no such user: MySQL at localhost:3306 refuses the log-in (Access "
          "denied for user 'shop' (using password: YES)).");
    CHECK(refusal("mariadb", "1049", "Unknown database 'orders'") ==
          "database-does-not-exist: The database orders that DATABASE_URL (api/.env:3) names does "
          "not exist on MariaDB at localhost:3306.");
    CHECK(refusal("mysql", "1040", "Too many connections") ==
          "database-too-many-connections: MySQL at localhost:3306 has no connection left for api: "
          "Too many connections.");
    CHECK(refusal("mysql", "1130", "Host is not allowed") ==
          "database-login-refused: MySQL at localhost:3306, which DATABASE_URL (api/.env:3) names, "
          "refuses connections: Host is not allowed.");
}

TEST_CASE("a full Redis is not taken for a wrong password", "[unit][doctor]") {
    CHECK(refusal("redis", "ERR", "ERR max number of clients reached") ==
          "cache-too-many-connections: Redis at localhost:3306 has no connection left for api: as "
          "many clients as its maxclients allows are connected.");
    CHECK(refusal("redis", "ERR", "ERR DB index is out of range") ==
          "cache-no-such-database: Redis at localhost:3306 has no database orders, which "
          "DATABASE_URL (api/.env:3) names: ERR DB index is out of range.");
}
