#include "devstack/project/descriptors.hpp"

#include "support/catch.hpp"

using namespace devstack::project;

TEST_CASE("too few descriptors are told before anything is started", "[unit][project]") {
    CHECK(check_descriptors(2, 38));
    const auto refused = check_descriptors(2, 37);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "too few open files are allowed: devstack takes 38 for 2 services, and the hard limit is "
          "37; raise it (ulimit -Hn in the shell, LimitNOFILE= of systemd, --ulimit nofile= of "
          "docker)");
    CHECK(check_descriptors(300, 1024));
    CHECK_FALSE(check_descriptors(1000, 1024));
    CHECK(allowed_descriptors() > 16);
}
