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
    CHECK(find_secrets("U", "http://host:8080/user@domain").empty());
    // Not encoded: no valid URL, and a secret all the same.
    CHECK(find_secrets("U", "postgres://chi:hunt/er#22@db/x") == Found{"hunt/er#22"});
}

TEST_CASE("the password in a connection string is a secret", "[unit][plan]") {
    CHECK(find_secrets("PG_DSN", "host=db user=chi password=hunter22 dbname=x") ==
          Found{"hunter22"});
    CHECK(find_secrets("PG_DSN", "host=db password='hunter 22' dbname=x") == Found{"hunter 22"});
    CHECK(find_secrets("DB", "Server=db;Pwd=hunter22;Database=x") == Found{"hunter22"});
    CHECK(find_secrets("U", "jdbc:postgresql://db/x?user=chi&password=hunter22&ssl=true") ==
          Found{"hunter22"});
    CHECK(find_secrets("PG_DSN", "host=db user=chi dbname=x").empty());
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
