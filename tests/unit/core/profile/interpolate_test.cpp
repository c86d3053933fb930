#include "devstack/core/profile/interpolate.hpp"

#include "devstack/core/limits.hpp"

#include "support/catch.hpp"

#include <map>

using namespace devstack::core;

namespace {

VariableAnswer find(std::string_view name) {
    static const std::map<std::string, std::string, std::less<>> variables{
        {"NAME", "chi"}, {"EMPTY", ""}, {"port", "3000"}, {"service.my-api.v2.port", "3101"}};
    const auto found = variables.find(name);
    if (found != variables.end()) return {found->second, "", ""};
    if (name == "ports.x") return {std::nullopt, "no port `x`", "its ports are none"};
    return {};
}

std::string text_of(std::string_view text) {
    const Interpolated result = interpolate(text, find);
    CHECK(result.mistakes.empty());
    return result.text;
}

InterpolationMistake mistake_of(std::string_view text) {
    const Interpolated result = interpolate(text, find);
    REQUIRE(result.mistakes.size() == 1);
    return result.mistakes.front();
}

}  // namespace

TEST_CASE("variables are replaced", "[unit][profile]") {
    CHECK(text_of("hello ${NAME}, ${port}!") == "hello chi, 3000!");
    CHECK(text_of("${service.my-api.v2.port}") == "3101");
    CHECK(text_of("${EMPTY}").empty());
    CHECK(text_of("").empty());
}

TEST_CASE("defaults help where a variable is missing or empty", "[unit][profile]") {
    CHECK(text_of("${NAME:-x}") == "chi");
    CHECK(text_of("${NONE:-x y}") == "x y");
    CHECK(text_of("${NONE:-}").empty());
    CHECK(text_of("${EMPTY:-x}") == "x");
    CHECK(text_of("${EMPTY-x}").empty());
    CHECK(text_of("${NONE-x}") == "x");
    CHECK(text_of("${NONE:-${NONE:-${NAME}}}!") == "chi!");
    CHECK(text_of("${NONE:-a$$b}") == "a$b");
    CHECK(text_of("${NONE:-a$${b}}") == "a${b}");
    CHECK(text_of("${ports.x:-80}") == "80");
    CHECK(text_of("${NAME:?it is needed}") == "chi");
}

TEST_CASE("other dollars are left to the shell", "[unit][profile]") {
    CHECK(text_of("$HOME $(date) $? $1 a$") == "$HOME $(date) $? $1 a$");
    CHECK(text_of("$$") == "$");
    CHECK(text_of("$${NAME}") == "${NAME}");
    CHECK(text_of("$$$${NAME}") == "$${NAME}");
    CHECK(text_of("$$${NAME}") == "$chi");
    CHECK(text_of("} {") == "} {");
}

TEST_CASE("a missing variable says what to do", "[unit][profile]") {
    const InterpolationMistake mistake = mistake_of("a ${NONE} b");
    CHECK(mistake.code == "missing-variable");
    CHECK(mistake.message == "variable `NONE` is not set");
    CHECK(mistake.hint ==
          "set it, give it a default with ${NONE:-…}, or write $${NONE} to leave it as it is");
    CHECK(mistake.part == "${NONE");

    CHECK(mistake_of("${NONE:?ask chi}").message == "variable `NONE` is not set: ask chi");
    CHECK(mistake_of("${EMPTY:?}").message == "variable `EMPTY` is empty");
    CHECK(mistake_of("${ports.x}").message == "no port `x`");
    CHECK(mistake_of("${ports.x}").hint == "its ports are none");
}

TEST_CASE("what cannot be read is told with the accepted forms", "[unit][profile]") {
    CHECK(mistake_of("${list[@]}").message ==
          "cannot read `${list[@]}`: write ${NAME}, ${NAME:-default}, ${NAME-default} or "
          "${NAME:?message}");
    CHECK(mistake_of("${list[@]}").hint == "write $$ for a dollar that is meant as such");
    const std::string head = "!" + std::string(38, 'x');
    CHECK(mistake_of("${" + head + "\u00fc and more}").message ==
          "cannot read `${" + head +
              "…}`: write ${NAME}, ${NAME:-default}, ${NAME-default} or ${NAME:?message}");
    CHECK(mistake_of("${" + head + "\u00fc and more}").part == "${" + head);
    CHECK(mistake_of("${NAME").message == "`${` without `}`");
    for (const std::string text :
         {"${}", "${1}", "${NAME:}", "${NAME:+x}", "${#NAME}", "${ NAME}"}) {
        INFO(text);
        CHECK(mistake_of(text).code == "bad-interpolation");
    }
}

TEST_CASE("all mistakes are found", "[unit][profile]") {
    CHECK(interpolate("${A} ${B} ${C:?} ${", find).mistakes.size() == 4);
}

TEST_CASE("neither depth nor length has no end", "[unit][profile]") {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "${A:-";
    }
    CHECK(mistake_of(deep).message == "`${` without `}`");
    CHECK(mistake_of(deep + std::string(100'000, '}')).message ==
          "too many `${…}` inside one another");

    const std::string half(limits::interpolated_size_max / 2, 'x');
    const Interpolated result = interpolate("${A}${A}${A}${A}", [&](std::string_view) {
        return VariableAnswer{half, "", ""};
    });
    REQUIRE(result.mistakes.size() == 1);
    CHECK(result.mistakes.front().message ==
          "with its variables replaced this is longer than 128 KiB, which Linux refuses");
    CHECK(result.text.size() == limits::interpolated_size_max);
    const std::string plain(limits::interpolated_size_max + 1, 'x');
    CHECK(mistake_of(plain).code == "too-large");
}
