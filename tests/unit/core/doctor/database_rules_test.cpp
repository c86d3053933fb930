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
          "wrong, there is no such user, or it may only come by TLS (REQUIRE SSL): MySQL at "
          "localhost:3306 refuses the log-in (Access "
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
    CHECK(refusal("redis", "MISCONF", "MISCONF Redis is configured to save RDB snapshots, but …") ==
          "cache-not-usable: Redis at localhost:3306 can not save its snapshots, and refuses to be "
          "written to for that.");
    CHECK(refusal("redis", "ERR", "ERR DB index is out of range") ==
          "cache-no-such-database: Redis at localhost:3306 has no database orders, which "
          "DATABASE_URL (api/.env:3) names: ERR DB index is out of range.");
}

TEST_CASE("a refused log-in is told of the client, not of the server beside its env file",
          "[unit][doctor]") {
    World world;
    world.end("web", 1);
    for (const char* name : {"api", "web"}) {
        DialFact& dial = world.refer(name, "DATABASE_URL", "mysql", 3101);
        dial.code = "1045";
        dial.error = "Access denied for user 'shop' (using password: YES)";
    }
    // The server writes of it too; and of tables of its own.
    world.say("api", "[Warning] Access denied for user 'shop' (using password: YES)");
    CHECK(world.findings().size() == 1);
    CHECK(world.findings()[0].service == "web");
    World server;
    server.service("api").words = {"/usr/sbin/mariadbd", "--port", "3101"};
    server.say("api", "[ERROR] Table 'mysql.servers' doesn't exist");
    CHECK(server.said().empty());
}

namespace {

/// An api whose PostgreSQL is dialled with these parameters, and what came of it without and with
/// TLS.
World with_tls(const std::string& parameters, const std::string& plain, const DialFact& by_tls) {
    World world;
    world.end("api", 1);
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    world.facts.references.back().path = "/orders" + parameters;
    dial.error = plain;
    dial.code = plain.empty() ? "" : "28000";
    const std::string id = "tls of " + dial.id;
    DialFact second = by_tls;
    second.id = id;
    second.purpose = "compare";
    second.protocol = "postgresql by TLS";
    second.host = "localhost";
    second.port = 5432;
    world.facts.dials.push_back(second);
    return world;
}

DialFact answer(const std::string& stage, const std::string& code, const std::string& error) {
    DialFact dial;
    dial.stage = stage;
    dial.code = code;
    dial.error = error;
    return dial;
}

constexpr const char* no_entry =
    "no pg_hba.conf entry for host \"127.0.0.1\", user \"shop\", database \"orders\", no "
    "encryption";

}  // namespace

TEST_CASE("what PostgreSQL and its client want of TLS is told", "[unit][doctor]") {
    World world =
        with_tls("?sslmode=require", "", answer("done", "no TLS", "the server offers no TLS"));
    CHECK(world.findings()[0].what ==
          "DATABASE_URL (api/.env:3) insists on TLS (sslmode=require), and PostgreSQL at "
          "localhost:5432 offers none: its ssl is off.");
    world = with_tls("", no_entry, answer("done", "", ""));
    CHECK(world.findings()[0].what ==
          "PostgreSQL at localhost:5432 takes role shop of DATABASE_URL (api/.env:3) only by TLS: "
          "without it pg_hba.conf has no entry, with it there is one.");
    CHECK(world.findings()[0].fix == "add ?sslmode=require to DATABASE_URL (api/.env:3)");
    world = with_tls("", no_entry, answer("done", "no TLS", "the server offers no TLS"));
    CHECK(world.findings()[0].what ==
          "PostgreSQL at localhost:5432 refuses role shop of DATABASE_URL (api/.env:3): " +
              std::string{no_entry} + ", and the server offers no TLS that could help.");
    // What a client that uses TLS would not meet is not told.
    world = with_tls("?sslmode=require", no_entry, answer("done", "", ""));
    CHECK(world.findings()[0].id == "ends-with-error");
}

TEST_CASE("a PostgreSQL's certificate that its client refuses is told", "[unit][doctor]") {
    DialFact by_tls = answer("done", "", "");
    by_tls.tls_problem = "self-signed certificate";
    World world = with_tls("?sslmode=verify-full", "", by_tls);
    CHECK(world.findings()[0].id == "ends-with-error");
    world.say("api", "SSL error: certificate verify failed");
    CHECK(world.findings()[0].what ==
          "DATABASE_URL (api/.env:3) insists on TLS (sslmode=verify-full), and the certificate of "
          "PostgreSQL at localhost:5432 is not trusted: self-signed certificate.");
}

TEST_CASE("a role that the server does not know is no wrong password", "[unit][doctor]") {
    World world;
    world.break_probe("api", 500);
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    dial.code = "28P01";
    dial.error = "password authentication failed for user \"shop\"";
    CHECK(world.findings()[0].id == "database-wrong-password");
    world.say("web", "DETAIL:  Role \"shop\" does not exist.");
    CHECK(world.findings()[0].what ==
          "PostgreSQL at localhost:5432 has no role shop, which DATABASE_URL (api/.env:3) names.");
    CHECK(world.findings()[0].fix ==
          "createuser -P shop, or correct the user in DATABASE_URL (api/.env:3)");
}

TEST_CASE("a URL without a password is told if the client has none from elsewhere",
          "[unit][doctor]") {
    World world;
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    dial.code = "no password";
    dial.error = "a password is asked for";
    CHECK(world.said().empty());
    world.break_probe("api", 500);
    CHECK(world.findings()[0].id != "database-wrong-password");
    world.say("api", "connection failed: fe_sendauth: no password supplied");
    CHECK(world.findings()[0].what ==
          "DATABASE_URL (api/.env:3) has no password, and PostgreSQL at localhost:5432 wants one "
          "of role shop.");
}

TEST_CASE("of several variables the one that is wrong is named", "[unit][doctor]") {
    World world;
    world.break_probe("api", 500);
    DialFact& dial = world.refer("api", "DB_HOST", "postgresql", 5432);
    world.facts.references.back().password_in = "DB_PASSWORD (.env:4)";
    world.facts.references.back().database_in = "DB_NAME (.env:5)";
    dial.error = "refused";
    dial.code = "28P01";
    CHECK(world.findings()[0].what ==
          "The password of role shop in DB_PASSWORD (.env:4) is wrong: PostgreSQL at "
          "localhost:5432 refuses the log-in.");
    dial.code = "3D000";
    CHECK(world.findings()[0].what ==
          "The database orders that DB_NAME (.env:5) names does not exist on PostgreSQL at "
          "localhost:5432.");
}
