#include "devstack/platform/idle_memory.hpp"

#include "support/catch.hpp"

#include <fstream>
#include <string>

using namespace devstack;

namespace {

/// Of this process, in KiB; see proc(5), smaps_rollup.
long resident_file_pages() {
    std::ifstream rollup{"/proc/self/smaps_rollup"};
    long rss = -1;
    long anonymous = 0;
    for (std::string word; rollup >> word;) {
        if (word == "Rss:") rollup >> rss;
        if (word == "Anonymous:") rollup >> anonymous;
    }
    return rss - anonymous;
}

/// Written before, and to be found unchanged.
const std::string text = "still here";

}  // namespace

TEST_CASE("pages of the program that only its start has needed are given back", "[unit]") {
    const long before = resident_file_pages();
    REQUIRE(before > 0);
    platform::release_idle_memory();
    const long after = resident_file_pages();
    INFO(before << " KiB before, " << after << " KiB after");
    CHECK(after < before);
    CHECK(text == "still here");
}
