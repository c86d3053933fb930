#include "devstack/core/doctor/service_url.hpp"

#include "support/catch.hpp"

using namespace devstack::core::doctor;

TEST_CASE("a URL of a service is taken apart", "[unit][doctor]") {
    const auto url = parse_service_url("postgres://shop:p%40ss@db.test:5433/orders?sslmode=off");
    REQUIRE(url);
    CHECK(url->scheme == "postgresql");
    CHECK(url->user == "shop");
    CHECK(url->password == "p@ss");
    CHECK(url->host == "db.test");
    CHECK(url->port == 5433);
    CHECK(url->path == "/orders?sslmode=off");
    CHECK(url->shown() == "postgresql://shop:***@db.test:5433/orders?sslmode=off");
}

TEST_CASE("what a URL does not say is usual", "[unit][doctor]") {
    CHECK(parse_service_url("redis://localhost")->port == 6379);
    CHECK(parse_service_url("postgresql+asyncpg://a@b/c")->scheme == "postgresql");
    CHECK(parse_service_url("jdbc:mysql://[::1]/x")->host == "::1");
    CHECK(parse_service_url("kafka://a:9092,b:9093/t")->host == "a");
    CHECK(parse_service_url("foo://bar")->port == 0);
}

TEST_CASE("what is no URL of a service is none", "[unit][doctor]") {
    for (const char* text :
         {"", "localhost:3000", "http://", "http://h:99999", "a b://c", "://x"}) {
        INFO(text);
        CHECK_FALSE(parse_service_url(text));
    }
}

TEST_CASE("connection strings of other notations are taken apart", "[unit][doctor]") {
    const auto shown = [](std::string_view text) {
        const auto url = parse_connection_string(text);
        return url ? url->shown() + " " + url->password : std::string{"none"};
    };
    CHECK(shown("host=localhost port=5433 user=shop password=pw dbname=shop sslmode=disable") ==
          "postgresql://shop:***@localhost:5433/shop?sslmode=disable pw");
    CHECK(shown("host = 'db.local' user=shop password='it\\'s one'") ==
          "postgresql://shop:***@db.local it's one");
    CHECK(shown("Host=localhost;Port=5432;Username=shop;Password=pw;Database=orders") ==
          "postgresql://shop:***@localhost/orders pw");
    CHECK(shown("shop:p@w@tcp(127.0.0.1:3307)/shop?parseTime=true") ==
          "mysql://shop:***@127.0.0.1:3307/shop p@w");
    CHECK(shown("shop@tcp(db)/shop") == "mysql://shop@db/shop ");
    for (const char* other : {"",
                              "host=localhost",
                              "host=/run/postgresql dbname=shop",
                              "user=shop dbname=shop",
                              "key=value",
                              "a sentence with host=x in it",
                              "Server=db;User Id=sa;Password=pw",
                              "postgres://shop@db/shop",
                              "host=db port=70000 dbname=shop"}) {
        INFO(other);
        CHECK(shown(other) == "none");
    }
}

TEST_CASE("mistakes in the password of a URL are found", "[unit][doctor]") {
    CHECK(find_url_mistake("postgresql://shop:se#cret@localhost:5432/shop") ==
          "has a \"#\" in its password, which is to be written %23");
    CHECK(find_url_mistake("redis://:a/b@cache:6379/0") ==
          "has a \"/\" in its password, which is to be written %2F");
    CHECK(find_url_mistake("mysql://shop:what?@db/shop") ==
          "has a \"?\" in its password, which is to be written %3F");
    CHECK(find_url_mistake("postgres://shop:100%@db/shop") ==
          "has a \"%\" in its password, which is to be written %25");
    CHECK(find_url_mistake("postgres://shop:100%25@db/shop").empty());
    CHECK(find_url_mistake("postgres://shop:p@w@db/shop").empty());
    CHECK(find_url_mistake("postgres://db/shop?options=a:b#c@d").empty());
    CHECK(find_url_mistake("https://example.org/a:b#c@d").empty());
    CHECK(find_url_mistake("postgres://db:5432/shop?application_name=me@host").empty());
}
