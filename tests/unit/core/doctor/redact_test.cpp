#include "devstack/core/doctor/redact.hpp"

#include "support/catch.hpp"

using namespace devstack::core::doctor;

TEST_CASE("secrets do not get into what is shown", "[unit][doctor]") {
    CHECK(redact("key is hunter22!", {"hunter22"}) == "key is ***!");
    CHECK(redact("to postgres://me:pw@db:5432/x, and http://a/b", {}) ==
          "to postgres://me:***@db:5432/x, and http://a/b");
    CHECK(redact("No suitable driver found for jdbc:postgresql://db:5432/x?user=me&password=pw",
                 {}) ==
          "No suitable driver found for jdbc:postgresql://db:5432/x?user=me&password=***");
    CHECK(redact("dsn host=db password='p w' user=me password=pw", {}) ==
          "dsn host=db password='***' user=me password=***");
    CHECK(redact("jdbc:sqlserver://db;user=me;password=pw;encrypt=true", {}) ==
          "jdbc:sqlserver://db;user=me;password=***;encrypt=true");
    CHECK(redact("spring.datasource.password, or password= in its URL", {}) ==
          "spring.datasource.password, or password= in its URL");
    CHECK(redact("(using password: YES), needs_password=true", {}) ==
          "(using password: YES), needs_password=true");
    CHECK(redact("Authorization: Bearer abcdefghijklmnopqrst", {}) == "Authorization: Bearer ***");
    CHECK(redact("mail a@b.test: fine", {}) == "mail a@b.test: fine");
}

TEST_CASE("what looks like a key does not leave the house", "[unit][doctor]") {
    const auto said = [](std::string_view text) { return redact_for_others(text, {}); };
    CHECK(said("stripe sk_live_51H8mZq2eZvKYlo2C9aB failed") == "stripe sk_live_*** failed");
    CHECK(said("x=d41d8cd98f00b204e9800998ecf8427e;") == "x=***;");
    CHECK(said("eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkwIiwi.x") == "***.***.x");
    CHECK(said("to postgres://me:pw@db:5432/x") == "to postgres://me:***@db:5432/x");
    for (const std::string_view plain :
         {"request 3f2b8c1e-7a54-4a0e-9c1d-2f6e8b7a9d10 took 12 ms",
          "2026-11-21T12:00:03.123Z api listening on 127.0.0.1:3101 (pid 1234567)",
          "Error: listen EADDRINUSE at Server.setupListenHandle [as _listen2] (node:net:1817:16)",
          "/usr/lib/x86_64-linux-gnu/libpthread.so.0 getServerSidePropsForEveryone",
          "devstack-integration-tests-of-v12 00000000000000000000000000000000a0"}) {
        CHECK(said(plain) == plain);
    }
}

TEST_CASE("names tell what is secret", "[unit][doctor]") {
    CHECK(names_secret("JWT_SECRET"));
    CHECK(names_secret("DB_PASSWORD"));
    CHECK_FALSE(names_secret("PORT"));
}
