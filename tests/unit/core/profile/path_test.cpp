#include "core/plan/path.hpp"

#include "support/catch.hpp"

using namespace devstack::core;

TEST_CASE("paths are resolved by their text", "[unit][plan]") {
    CHECK(resolve_path("/p", "a/b", "") == "/p/a/b");
    CHECK(resolve_path("/p", "./a//b/", "") == "/p/a/b");
    CHECK(resolve_path("/p/q", "../a", "") == "/p/a");
    CHECK(resolve_path("/p", "../../../a", "") == "/a");
    CHECK(resolve_path("/p", "/x/./y", "") == "/x/y");
    CHECK(resolve_path("/p", "", "") == "/p");
    CHECK(resolve_path("/p", "src/**", "") == "/p/src/**");
    CHECK(resolve_path("/p", "~/x", "/home/chi") == "/home/chi/x");
    CHECK(resolve_path("/p", "~", "/home/chi") == "/home/chi");
    CHECK(resolve_path("/p", "~x", "/home/chi") == "/p/~x");
    CHECK(resolve_path("/p", "~/x", "") == "/p/~/x");
}
