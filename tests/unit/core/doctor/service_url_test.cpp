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
