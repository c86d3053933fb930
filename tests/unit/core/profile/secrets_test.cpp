#include "devstack/core/plan/secrets.hpp"

#include "support/catch.hpp"

using namespace devstack::core;

using Found = std::vector<std::string>;

TEST_CASE("values of variables whose names say so are secrets", "[unit][plan]") {
    for (const std::string name : {"JWT_SECRET",
                                   "GITHUB_TOKEN",
                                   "db_password",
                                   "MYSQL_PASSWD",
                                   "STRIPE_API_KEY",
                                   "PRIVATE_PEM",
                                   "GOOGLE_CREDENTIALS"}) {
        INFO(name);
        CHECK(find_secrets(name, "hunter22") == Found{"hunter22"});
    }
    CHECK(find_secrets("NODE_ENV", "development").empty());
    CHECK(find_secrets("API_TOKEN", "short").empty());
    CHECK(find_secrets("API_TOKEN", "longer") == Found{"longer"});
}

TEST_CASE("the password in a URL is a secret wherever it stands", "[unit][plan]") {
    CHECK(find_secrets("DATABASE_URL", "postgres://chi:hunter22@db:5432/x") == Found{"hunter22"});
    CHECK(find_secrets("REDIS", "redis://:hunter22@cache") == Found{"hunter22"});
    CHECK(find_secrets("U", "http://chi:p@ss:word@h/") == Found{"p@ss:word"});
    CHECK(find_secrets("U", "http://host/a:hunter22@b").empty());
    CHECK(find_secrets("U", "http://chi@host/").empty());
    CHECK(find_secrets("U", "mailto:chi:hunter22@host").empty());
}

TEST_CASE("of a secret with several lines each is one", "[unit][plan]") {
    CHECK(find_secrets("PRIVATE_PEM", "-----BEGIN-----\r\nabcdefgh\n\nij\nklmnop\n") ==
          Found{"-----BEGIN-----", "abcdefgh", "klmnop"});
}

TEST_CASE("secrets are hidden wherever they stand", "[unit][plan]") {
    const std::vector<std::string> secrets{"hunter22-and-more", "hunter22"};
    CHECK(hide_secrets("", secrets).empty());
    CHECK(hide_secrets("nothing to hide", secrets) == "nothing to hide");
    CHECK(hide_secrets("hunter22", secrets) == "***");
    CHECK(hide_secrets("a hunter22hunter22 b hunter22-and-more", secrets) == "a ****** b ***");
    CHECK(hide_secrets("hunter22", {}) == "hunter22");
}
