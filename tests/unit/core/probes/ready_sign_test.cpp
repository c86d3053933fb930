#include "devstack/core/probes/ready_sign.hpp"

#include "support/catch.hpp"

using namespace devstack::core;

TEST_CASE("a sign says what it is and what is missing without it", "[unit][probes]") {
    CHECK(describe(LogSign{"listening", {}}) == "a line of its output matches \"listening\"");
    CHECK(describe_absence(LogSign{"up$", LogStream::standard_error}) ==
          "no line of its stderr has matched \"up$\"");
}
