#include "devstack/cli/table.hpp"

#include "support/catch.hpp"

using namespace devstack::cli;

namespace {

Table sample() {
    Table table{{{"NAME"}, {"PID", true}, {"REASON"}}};
    table.add_row({{"api"}, {"4711"}, {"is ready"}});
    table.add_row({{"postgres", Style::red}, {""}, {"port 5432 is held by node (pid 812)"}});
    return table;
}

}  // namespace

TEST_CASE("columns line up, and nothing is cut in a pipe", "[unit][cli]") {
    CHECK(sample().render({}) ==
          "NAME       PID  REASON\n"
          "api       4711  is ready\n"
          "postgres     -  port 5432 is held by node (pid 812)\n");
}

TEST_CASE("the last column is wrapped below itself on a terminal", "[unit][cli]") {
    CHECK(sample().render({true, false, 42}) ==
          "NAME       PID  REASON\n"
          "api       4711  is ready\n"
          "postgres     -  port 5432 is held by node\n"
          "                (pid 812)\n");
}

TEST_CASE("a terminal that is too narrow gets readable lines all the same", "[unit][cli]") {
    CHECK(sample().render({true, false, 10}) ==
          "NAME       PID  REASON\n"
          "api       4711  is ready\n"
          "postgres     -  port 5432 is held by\n"
          "                node (pid 812)\n");
}

TEST_CASE("colour goes to the text and not to the spaces around it", "[unit][cli]") {
    Table table{{{"NAME"}, {"N", true}, {"X"}}};
    table.add_row({{"a", Style::red}, {"1", Style::green}, {"x"}});
    CHECK(table.render({true, true, 80}) ==
          "\x1b[1mNAME\x1b[0m  \x1b[1mN\x1b[0m  \x1b[1mX\x1b[0m\n"
          "\x1b[31ma\x1b[0m     \x1b[32m1\x1b[0m  x\n");
}

TEST_CASE("wide characters take their columns", "[unit][cli]") {
    Table table{{{"NAME"}, {"X"}}};
    table.add_row({{"\u65e5\u672c\u8a9e"}, {"x"}});
    table.add_row({{"abcdef"}, {"y"}});
    CHECK(table.render({}) ==
          "NAME    X\n"
          "\u65e5\u672c\u8a9e  x\n"
          "abcdef  y\n");
}
