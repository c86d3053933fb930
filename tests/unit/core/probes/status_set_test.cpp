#include "devstack/core/probes/status_set.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core;

TEST_CASE("status codes are written as codes and ranges", "[unit][probes]") {
    const StatusSet set = parse_status_set("200-299, 404").value();
    CHECK(set.contains(200));
    CHECK(set.contains(299));
    CHECK(set.contains(404));
    CHECK_FALSE(set.contains(199));
    CHECK_FALSE(set.contains(300));
    CHECK(set.text() == "200-299,404");
    CHECK(StatusSet{}.text() == "200-299");
}

TEST_CASE("the canonical form is sorted and has no overlaps", "[unit][probes]") {
    CHECK(parse_status_set("404,200").value().text() == "200,404");
    CHECK(parse_status_set("200-250,251-299,260").value().text() == "200-299");
    CHECK(parse_status_set("500").value().text() == "500");
}

TEST_CASE("what is not a set of status codes is refused", "[unit][probes]") {
    for (const std::string text :
         {"", "99", "600", "300-200", "200,", ",200", "2xx", "200-", "-1"}) {
        INFO(text);
        CHECK_FALSE(parse_status_set(text));
    }
    CHECK(parse_status_set("2xx").error().message ==
          "\"2xx\" is not a set of HTTP status codes: write codes and ranges from 100 to 599, such "
          "as \"200-299,404\"");
}
