// What goes on in databases.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// Somebody asks for api's /items, and gets no answer.
World silent_world() {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    DialFact asked = world.probe("api");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/items";
    asked.status = 0;
    asked.stage = "first byte";
    asked.error = "no answer";
    asked.is_unexpected = true;
    world.facts.dials.push_back(asked);
    return world;
}

SessionFact session(const std::string& service, const std::string& state, int seconds) {
    SessionFact it;
    it.id = 70;
    it.service = service;
    it.state = state;
    it.seconds = seconds;
    it.query = "select 1 as ok";
    return it;
}

}  // namespace

TEST_CASE("a chain of locks is told once, of who waits", "[unit][doctor]") {
    World world = silent_world();
    world.refer("api", "DATABASE_URL", "mysql", 3306);
    world.refer("web", "DATABASE_URL", "mysql", 3306);
    world.facts.dials.pop_back();
    DialFact& dial = world.facts.dials.back();
    dial.lock_waits = {
        {7, "api", 4, "select * from items", 6, "migrate", "", 8, "alter table", 0, 0},
        {6, "migrate", 8, "alter table items", 5, "web", "idle in transaction", 9, "", 0, 0}};
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].service == "api");
    CHECK(findings[0].what ==
          "Queries of api wait for a lock in MySQL at localhost:3306: \"alter table items\" of "
          "migrate has waited for 8.0 s for web (connection 5 of MySQL), which has been idle in "
          "transaction for 9.0 s.");
    CHECK(findings[0].fix ==
          "let that transaction end (commit or roll back in the code that began it); for now: KILL "
          "5");
}

TEST_CASE("a pool that is used up by open transactions is told", "[unit][doctor]") {
    World world = silent_world();
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    dial.sessions = {session("api", "idle in transaction", 3),
                     session("api", "idle in transaction", 7)};
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "pool-used-up");
    CHECK(
        finding.what ==
        "All 2 connections of api to PostgreSQL at localhost:5432 are in transactions that nobody "
        "goes on with (idle in transaction, up to 7.0 s): its pool is used up, and requests wait "
        "for a connection.");
    CHECK(finding.evidence.at(0) ==
          "pid 70 of PostgreSQL: idle in transaction for 3.0 s, last query: select 1 as ok");
    SECTION("one that is free would do") {
        world.facts.dials.back().sessions.push_back(session("api", "idle", 7));
        CHECK(world.findings().at(0).id != "pool-used-up");
    }
    SECTION("they are at work") {
        world.facts.dials.back().sessions[0].seconds = 0;
        CHECK(world.findings().at(0).id != "pool-used-up");
    }
    SECTION("nobody misses anything") {
        std::erase_if(world.facts.dials, [](const DialFact& it) { return it.id == "asked"; });
        CHECK(world.findings().empty());
    }
}

TEST_CASE("a pooler that has no connection left is told", "[unit][doctor]") {
    World world = silent_world();
    ListenerFact listener;
    listener.port = 6432;
    listener.pid = 33;
    listener.command = "pgbouncer pgb.ini";
    world.facts.listeners.push_back(listener);
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 6432);
    dial.is_query_unanswered = true;
    dial.seconds = 0.5;
    dial.clients = {{"listener", 2}, {"api", 1}};
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "pool-used-up");
    CHECK(finding.what ==
          "The pooler at localhost:6432 (pgbouncer pgb.ini (pid 33)) lets api log in and has no "
          "connection to PostgreSQL left for its queries: others hold all of its pool.");
    CHECK(finding.evidence.at(1) == "connected to it: 2 of listener and 1 of api");
    world.facts.dials.back().is_query_unanswered = false;
    CHECK(world.findings().at(0).id != "pool-used-up");
}

TEST_CASE("a table that is there in another schema, or case, is not missing", "[unit][doctor]") {
    World world;
    world.say("api", "error: relation \"orders\" does not exist");
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    world.facts.references.back().path = "/shop?options=-csearch_path%3Dtenant_a";
    CHECK(world.findings().at(0).id == "table-missing");
    DialFact where = dial;
    where.id = "relation orders of " + dial.id;
    where.purpose = "compare";
    where.search_path = "tenant_a";
    where.places = {"public.orders"};
    world.facts.dials.push_back(where);
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "table-in-other-schema");
    CHECK(findings[0].what ==
          "The table orders that api asks for is in the schema public of PostgreSQL at "
          "localhost:5432, where api does not look: its search_path is tenant_a, by DATABASE_URL "
          "(api/.env:3).");
    world.facts.dials.back().places = {"public.Orders"};
    CHECK(world.findings().at(0).what ==
          "The table that api asks for as orders is Orders in PostgreSQL at localhost:5432: "
          "PostgreSQL tells capitals apart, and takes names without quotes for small letters.");
    world.facts.dials.back().places.clear();
    CHECK(world.findings().at(0).id == "table-missing");
}

TEST_CASE("a packet that the server refuses is told of its only client", "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    world.refer("api", "DATABASE_URL", "mysql", 3200);
    world.say("web",
              "[Warning] Aborted connection 8 to db: 'shop' user: 'shop' host: 'localhost' (Got a "
              "packet bigger than 'max_allowed_packet' bytes)");
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "database-packet-too-large");
    CHECK(finding.what ==
          "api sends web more in one statement than its max_allowed_packet allows; it breaks the "
          "connection off.");
    world.facts.logs[0].lines[0].text = "[Warning] Aborted connection 8 (Got timeout reading)";
    CHECK(world.findings().empty());
}

TEST_CASE("a user who is let in by TLS only has no wrong password", "[unit][doctor]") {
    World world;
    world.break_probe("api", 500);
    DialFact& dial = world.refer("api", "DATABASE_URL", "mysql", 3306);
    dial.error = "Access denied for user 'shop'@'localhost' (using password: YES)";
    dial.code = "1045";
    DialFact by_tls = dial;
    by_tls.id = "tls of " + dial.id;
    by_tls.purpose = "compare";
    world.facts.dials.push_back(by_tls);
    CHECK(world.findings().at(0).what ==
          "The password of user shop in DATABASE_URL (api/.env:3) is wrong, or there is no such "
          "user: MySQL at localhost:3306 refuses the log-in (Access denied for user "
          "'shop'@'localhost' (using password: YES)).");
    world.facts.dials.back().error.clear();
    world.facts.dials.back().code.clear();
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "database-wants-tls");
    CHECK(finding.what ==
          "MySQL at localhost:3306 lets user shop of DATABASE_URL (api/.env:3) in by TLS only "
          "(REQUIRE SSL); without it says that the log-in is wrong (Access denied for user "
          "'shop'@'localhost' (using password: YES)).");
}
