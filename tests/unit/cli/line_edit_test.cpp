#include "cli/top/line_edit.hpp"

#include "support/catch.hpp"

using namespace devstack::cli;

namespace {

void type(LineEdit& edit, const std::string& text) {
    for (const char c : text)
        edit.take({Key::Kind::character, std::string(1, c)});
}

}  // namespace

TEST_CASE("a line is typed and entered", "[unit][top]") {
    LineEdit edit{"search for: "};
    type(edit, "err");
    CHECK(edit.shown() == "search for: err");
    CHECK(edit.take({Key::Kind::enter, ""}) == LineEdit::Outcome::entered);
    CHECK(edit.text() == "err");
}

TEST_CASE("backspace takes a whole character, and leaves what is empty", "[unit][top]") {
    LineEdit edit{""};
    edit.take({Key::Kind::character, "a"});
    edit.take({Key::Kind::character, "語"});
    CHECK(edit.take({Key::Kind::backspace, ""}) == LineEdit::Outcome::going_on);
    CHECK(edit.text() == "a");
    edit.take({Key::Kind::backspace, ""});
    CHECK(edit.take({Key::Kind::backspace, ""}) == LineEdit::Outcome::given_up);
}

TEST_CASE("Ctrl-W takes a word, Ctrl-U all, escape gives up", "[unit][top]") {
    LineEdit edit{""};
    type(edit, "two words ");
    edit.take({Key::Kind::control, "w"});
    CHECK(edit.text() == "two ");
    edit.take({Key::Kind::control, "u"});
    CHECK(edit.text().empty());
    CHECK(edit.take({Key::Kind::escape, ""}) == LineEdit::Outcome::given_up);
}

TEST_CASE("tab completes as far as all agree", "[unit][top]") {
    LineEdit edit{"", {"SIGUSR1", "SIGUSR2", "SIGHUP"}};
    type(edit, "SIGU");
    edit.take({Key::Kind::tab, ""});
    CHECK(edit.text() == "SIGUSR");
    type(edit, "2");
    edit.take({Key::Kind::tab, ""});
    CHECK(edit.text() == "SIGUSR2");
    type(edit, "x");
    edit.take({Key::Kind::tab, ""});
    CHECK(edit.text() == "SIGUSR2x");
}
