#include "devstack/core/doctor/redact.hpp"

#include "support/catch.hpp"

using namespace devstack::core::doctor;

TEST_CASE("secrets do not get into what is shown", "[unit][doctor]") {
    CHECK(redact("key is hunter22!", {"hunter22"}) == "key is ***!");
    CHECK(redact("to postgres://me:pw@db:5432/x, and http://a/b", {}) ==
          "to postgres://me:***@db:5432/x, and http://a/b");
    CHECK(redact("Authorization: Bearer abcdefghijklmnopqrst", {}) == "Authorization: Bearer ***");
    CHECK(redact("mail a@b.test: fine", {}) == "mail a@b.test: fine");
}

TEST_CASE("names tell what is secret", "[unit][doctor]") {
    CHECK(names_secret("JWT_SECRET"));
    CHECK(names_secret("DB_PASSWORD"));
    CHECK_FALSE(names_secret("PORT"));
}
