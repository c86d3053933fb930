#include "devstack/base/diagnostic.hpp"

#include "support/catch.hpp"

using namespace devstack;

namespace {

Diagnostic unknown_key() {
    return {"unknown-key",
            Diagnostic::Severity::error,
            "unknown key `comand`",
            {"devstack.toml", 3, 1},
            "comand = \"x\"",
            "did you mean `command`?"};
}

}  // namespace

TEST_CASE("a diagnostic shows place, message, line, caret and hint", "[unit][base]") {
    CHECK(render_diagnostics({unknown_key()}) ==
          "devstack.toml:3:1: error: unknown key `comand` [unknown-key]\n"
          "  comand = \"x\"\n"
          "  ^\n"
          "  hint: did you mean `command`?\n");
}

TEST_CASE("diagnostics are sorted by place and keep their order within it", "[unit][base]") {
    Diagnostic whole{
        "missing-file", Diagnostic::Severity::error, "no such file", {"a.env", 0, 0}, "", ""};
    Diagnostic later{"x", Diagnostic::Severity::warning, "second", {"devstack.toml", 3, 1}, "", ""};
    Diagnostic first{"y", Diagnostic::Severity::error, "earlier", {"devstack.toml", 2, 9}, "", ""};
    Diagnostic nowhere{"z", Diagnostic::Severity::error, "no place", {}, "", ""};
    CHECK(render_diagnostics({unknown_key(), later, first, whole, nowhere}) ==
          "error: no place [z]\n"
          "a.env: error: no such file [missing-file]\n"
          "devstack.toml:2:9: error: earlier [y]\n"
          "devstack.toml:3:1: error: unknown key `comand` [unknown-key]\n"
          "  comand = \"x\"\n"
          "  ^\n"
          "  hint: did you mean `command`?\n"
          "devstack.toml:3:1: warning: second [x]\n");
}

TEST_CASE("the caret stands below the column, whatever is before it", "[unit][base]") {
    Diagnostic it{"c", Diagnostic::Severity::error, "m", {"f", 1, 4}, "\tü x", ""};
    CHECK(render_diagnostics({it}) == "f:1:4: error: m [c]\n  \tü x\n  \t  ^\n");
    it.where.column = 9;
    CHECK(render_diagnostics({it}) == "f:1:9: error: m [c]\n  \tü x\n  \t   ^\n");
}

TEST_CASE("of a long line only what is around the column is shown", "[unit][base]") {
    const std::string line(1000, 'x');
    Diagnostic it{"c", Diagnostic::Severity::error, "m", {"f", 1, 500}, line, ""};
    CHECK(render_diagnostics({it}) == "f:1:500: error: m [c]\n  …" + std::string(120, 'x') +
                                          "…\n   " + std::string(60, ' ') + "^\n");
}

TEST_CASE("text that would upset a terminal is made harmless", "[unit][base]") {
    const Diagnostic it{
        "c", Diagnostic::Severity::error, "m\x1b[2J", {"f", 1, 1}, "a\x1b[31mb\xFF", "h\a"};
    CHECK(render_diagnostics({it}) == "f:1:1: error: m [c]\n  ab\xEF\xBF\xBD\n  ^\n  hint: h\n");
}

TEST_CASE("warnings alone are no errors", "[unit][base]") {
    Diagnostic warning = unknown_key();
    warning.severity = Diagnostic::Severity::warning;
    CHECK_FALSE(has_errors({}));
    CHECK_FALSE(has_errors({warning}));
    CHECK(has_errors({warning, unknown_key()}));
}
