// A table as Go's linker writes it, of two functions: main.outer, into which main.inner was put,
// and runtime.goexit.

#include "diagnosis/go_functions.hpp"

#include "support/catch.hpp"

#include <cstring>

using namespace devstack::diagnosis;

namespace {

class Bytes {
public:
    template <typename T>
    void put(T value) {
        text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void put_text(std::string_view text) {
        text_ += text;
        text_ += '\0';
    }
    void put_all(std::initializer_list<int> bytes) {
        for (const int it : bytes)
            text_ += static_cast<char>(it);
    }
    std::uint64_t size() const { return text_.size(); }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

void put_function(Bytes& bytes,
                  bool is_of_1_20,
                  std::uint32_t entry,
                  std::uint32_t name,
                  std::initializer_list<std::uint32_t> stack_file_line,
                  std::uint32_t inlined) {
    bytes.put(entry);
    bytes.put(name);
    bytes.put(std::uint32_t{0});  // Arguments.
    bytes.put(std::uint32_t{0});  // Of deferred calls.
    for (const std::uint32_t it : stack_file_line)
        bytes.put(it);
    bytes.put(std::uint32_t{3});  // Tables.
    bytes.put(std::uint32_t{0});  // Its first file.
    if (is_of_1_20) bytes.put(std::uint32_t{7});
    bytes.put_all({0, 0, 0, 4});
    for (const std::uint32_t it : {0U, 0U, inlined})
        bytes.put(it);
    for (const std::uint32_t it : {~0U, ~0U, ~0U, inlined == 0 ? ~0U : 64U})
        bytes.put(it);
}

/// Values by places: each a step of the value (twice, or twice and one for less), and a distance.
std::string make_table(bool is_of_1_20) {
    Bytes names;
    names.put_text("");
    names.put_text("main.outer");
    names.put_text("main.inner");
    names.put_text("runtime.goexit");
    Bytes units;
    units.put(std::uint32_t{0});
    units.put(std::uint32_t{14});
    Bytes files;
    files.put_text("/src/outer.go");
    files.put_text("/src/inner.go");
    Bytes values;
    values.put_all({0});                                // 0: there is none.
    values.put_all({2, 4, 0x30, 0x5C, 0});              // 1: stack: 0 for 4, then 24.
    values.put_all({2, 0x20, 2, 0x20, 1, 0x20, 0});     // 6: file: 0, 1, 0.
    values.put_all({20, 0x20, 80, 0x20, 79, 0x20, 0});  // 13: line: 9, 49, 9.
    values.put_all({0, 0x20, 2, 0x20, 1, 0x20, 0});     // 20: put into it: -1, 0, -1.
    Bytes functions;
    constexpr std::uint32_t list_size = 2 * 8 + 4 + 4;
    Bytes described;
    put_function(described, is_of_1_20, 0x100, 1, {1, 6, 13}, 20);
    const auto second = static_cast<std::uint32_t>(list_size + described.size());
    put_function(described, is_of_1_20, 0x160, 23, {1, 6, 13}, 0);
    functions.put(std::uint32_t{0x100});
    functions.put(list_size);
    functions.put(std::uint32_t{0x160});
    functions.put(second);
    functions.put(std::uint32_t{0x1C0});
    functions.put(std::uint32_t{0});
    Bytes table;
    table.put(is_of_1_20 ? std::uint32_t{0xFFFFFFF1} : std::uint32_t{0xFFFFFFF0});
    table.put_all({0, 0, 1, 8});
    constexpr std::uint64_t head = 8 + 8 * 8;
    const std::uint64_t units_at = head + names.size();
    const std::uint64_t files_at = units_at + units.size();
    const std::uint64_t values_at = files_at + files.size();
    const std::uint64_t functions_at = values_at + values.size();
    for (const std::uint64_t it : {std::uint64_t{2},
                                   std::uint64_t{2},
                                   std::uint64_t{0},
                                   head,
                                   units_at,
                                   files_at,
                                   values_at,
                                   functions_at}) {
        table.put(it);
    }
    return table.text() + names.text() + units.text() + files.text() + values.text() +
           functions.text() + described.text();
}

std::optional<GoFunctions::Inlined> inner(std::uint32_t tree, int index) {
    CHECK(tree == 64);
    CHECK(index == 0);
    return GoFunctions::Inlined{12, 0x10};
}

}  // namespace

TEST_CASE("a place in Go's code has a function, a file and a line", "[unit][diagnosis]") {
    const bool is_of_1_20 = GENERATE(false, true);
    const std::string bytes = make_table(is_of_1_20);
    const auto table = GoFunctions::open(bytes);
    REQUIRE(table);
    CHECK(table->count() == 2);
    CHECK(table->is_of_1_20() == is_of_1_20);
    CHECK(!table->find(0xFF));
    CHECK(!table->find(0x1C0));
    const auto function = table->find(0x15F);
    REQUIRE(function);
    CHECK(table->name(*function) == "main.outer");
    CHECK(table->stack_size(*function, 0x102) == 0);
    CHECK(table->stack_size(*function, 0x15F) == 24);
    CHECK(table->places(*function, 0x110, inner) ==
          std::vector<GoPlace>{{"main.outer", "/src/outer.go", 9}});
    CHECK(table->name(*table->find(0x160)) == "runtime.goexit");
}

TEST_CASE("a function that was put into another is told with its caller", "[unit][diagnosis]") {
    const std::string bytes = make_table(GENERATE(false, true));
    const auto table = GoFunctions::open(bytes);
    REQUIRE(table);
    CHECK(table->places(*table->find(0x130), 0x130, inner) ==
          std::vector<GoPlace>{{"main.inner", "/src/inner.go", 49},
                               {"main.outer", "/src/outer.go", 9}});
}

TEST_CASE("a table that is cut off or spoilt is read within its bounds", "[unit][diagnosis]") {
    const std::string whole = make_table(true);
    const auto ask = [](const std::string& bytes) {
        const auto table = GoFunctions::open(bytes);
        if (!table) return;
        for (std::uint64_t at = 0xF0; at < 0x1D0; at += 7) {
            const auto function = table->find(at);
            if (!function) continue;
            (void)table->name(*function);
            (void)table->stack_size(*function, at);
            (void)table->places(*function, at, [](std::uint32_t, int) {
                return std::optional{GoFunctions::Inlined{12, 0x10}};
            });
        }
    };
    for (std::size_t size = 0; size < whole.size(); ++size)
        ask(whole.substr(0, size));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char spoilt : {'\0', '\x7F', '\xFF'}) {
            std::string bytes = whole;
            bytes[at] = spoilt;
            ask(bytes);
        }
    }
    CHECK(!GoFunctions::open(""));
    CHECK(!GoFunctions::open(std::string(200, '\xFF')));
}
