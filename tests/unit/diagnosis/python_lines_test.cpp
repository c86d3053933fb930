#include "diagnosis/python_lines.hpp"

#include "diagnosis/python_source.hpp"
#include "support/catch.hpp"

#include <iterator>
#include <string>
#include <vector>

using namespace devstack::diagnosis;

namespace {

// The tables of this function, by CPython 3.9, 3.10 and 3.12, and what dis.findlinestarts and
// co_lines make of them:
//
//     def f(a):
//         if a:
//
//             b = [x for x in
//                  range(a)]
//             return sum(
//                 b)
//         with open(a) as c:
//             raise ValueError(
//                 c.read())
struct Begin {
    int offset;
    int line;
};

constexpr char table_of_nine[] =
    "\x00\x01\x04\x02\x06\x01\x06\xff\x06\x02\x02\x01\x02\xff\x04\x02\x0a\x01\x02\x01"
    "\x06\xff";
constexpr Begin lines_of_nine[] = {{0, 2},
                                   {4, 4},
                                   {10, 5},
                                   {16, 4},
                                   {22, 6},
                                   {24, 7},
                                   {26, 6},
                                   {30, 8},
                                   {40, 9},
                                   {42, 10},
                                   {48, 9}};

constexpr char table_of_ten[] =
    "\x04\x01\x06\x02\x06\x01\x06\xff\x02\x02\x02\x01\x04\xff\x0a\x02\x02\x01\x06\x01"
    "\x04\xff\x14\xff";
constexpr Begin lines_of_ten[] = {{0, 2},
                                  {4, 4},
                                  {10, 5},
                                  {16, 4},
                                  {22, 6},
                                  {24, 7},
                                  {26, 6},
                                  {30, 8},
                                  {40, 9},
                                  {42, 10},
                                  {48, 9},
                                  {52, 8}};

constexpr char table_of_twelve[] =
    "\x80\x00\xd9\x07\x08\xf4\x06\x00\x0e\x13\x90\x31\x8b\x58\xf6\x03\x01\x0d\x17\x90"
    "\x31\x8a\x51\xf0\x00\x01\x0d\x17\x88\x01\xf0\x00\x01\x0d\x17\xe4\x0f\x12\xd8\x0c"
    "\x0d\xf3\x03\x01\x10\x0f\xf0\x00\x01\x09\x0f\xe4\x09\x0d\x88\x61\x8b\x17\xf0\x00"
    "\x02\x05\x16\x90\x41\xdc\x0e\x18\xd8\x0c\x0d\x8f\x46\x89\x46\x8b\x48\xf3\x03\x01"
    "\x0f\x16\xf0\x00\x01\x09\x16\xf9\xf2\x0b\x01\x0d\x17\xf7\x08\x02\x05\x16\xf0\x00"
    "\x02\x05\x16\xfa";
constexpr Begin lines_of_twelve[] = {{0, 1},
                                     {2, 2},
                                     {6, 5},
                                     {26, 4},
                                     {54, 6},
                                     {64, 7},
                                     {66, 6},
                                     {76, 8},
                                     {100, 9},
                                     {110, 10},
                                     {140, 9},
                                     {150, 0},
                                     {154, 4},
                                     {160, 8},
                                     {178, 0}};

/// Lines at the beginnings, and just before the next ones.
template <std::size_t size>
std::vector<int> lines_at(int minor,
                          const std::string& table,
                          const Begin (&begins)[size],
                          int before) {
    std::vector<int> lines;
    for (std::size_t i = 0; i + 1 < size; ++i) {
        const int offset = before == 0 ? begins[i].offset : begins[i + 1].offset - before;
        lines.push_back(find_python_line(minor, table, 1, offset));
    }
    return lines;
}

template <std::size_t size>
std::vector<int> expected(const Begin (&begins)[size]) {
    std::vector<int> lines;
    for (std::size_t i = 0; i + 1 < size; ++i)
        lines.push_back(begins[i].line);
    return lines;
}

template <std::size_t size>
std::string bytes(const char (&literal)[size]) {
    return {literal, size - 1};
}

}  // namespace

TEST_CASE("the line of an instruction is found in each kind of table", "[unit][diagnosis]") {
    const int before = GENERATE(0, 2);
    CHECK(lines_at(9, bytes(table_of_nine), lines_of_nine, before) == expected(lines_of_nine));
    CHECK(lines_at(10, bytes(table_of_ten), lines_of_ten, before) == expected(lines_of_ten));
    CHECK(lines_at(12, bytes(table_of_twelve), lines_of_twelve, before) ==
          expected(lines_of_twelve));
}

TEST_CASE("a table that is cut or of something else has no line or some line, and no more",
          "[unit][diagnosis]") {
    const int minor = GENERATE(9, 10, 12);
    const std::string table = bytes(table_of_twelve);
    for (std::size_t size = 0; size < table.size(); ++size)
        CHECK(find_python_line(minor, table.substr(0, size), 1, 1000) < 10000);
    CHECK(find_python_line(12, "", 5, 0) == 0);
}

TEST_CASE("of Python source the named lines are picked, with what they stand in",
          "[unit][diagnosis]") {
    const std::string source =
        "import threading\n"
        "lock = threading.Lock()\n"
        "\n"
        "def rotate(\n"
        "    now,\n"
        "):\n"
        "    with lock:\n"
        "        if now:\n"
        "            for i in now:\n"
        "                pass\n"
        "\n"
        "    # comment\n"
        "            go()\n"
        "    other.acquire()\n";
    std::string picked;
    const auto fact = pick_python_lines("/srv/app/sessions.py", source, {13, 99});
    for (const auto& line : fact.lines)
        picked += std::to_string(line.number) + line.text + "\n";
    CHECK(fact.file == "/srv/app/sessions.py");
    CHECK(picked ==
          "2lock = threading.Lock()\n"
          "4def rotate(\n"
          "7    with lock:\n"
          "8        if now:\n"
          "13            go()\n"
          "14    other.acquire()\n");
}
