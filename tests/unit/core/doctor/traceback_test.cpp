#include "core/doctor/traceback.hpp"

#include "support/catch.hpp"

#include <sstream>

using namespace devstack::core::doctor;

namespace {

/// "error | file:line | function" of the last traceback in a log.
std::string find_in(const std::string& log) {
    std::vector<LineFact> lines;
    std::istringstream stream{log};
    for (std::string line; std::getline(stream, line);)
        lines.push_back({"12:00", line});
    const auto found = find_last_traceback(lines);
    if (!found) return "none";
    return found->error + " | " + found->file + ":" + std::to_string(found->line) + " | " +
           found->function;
}

}  // namespace

TEST_CASE("tracebacks of Python are read", "[unit][doctor]") {
    CHECK(find_in(R"(INFO: started
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/uvicorn/x.py", line 3, in run
    app()
  File "/srv/app/pricing.py", line 5, in quote_for
    return PRICES[item]
           ~~~~~~^^^^^^
KeyError: 'plum'
)") == "KeyError: 'plum' | /srv/app/pricing.py:5 | quote_for");
    CHECK(find_in(R"(Traceback (most recent call last):
  File "/srv/app/main.py", line 19
    async def health()
                      ^
SyntaxError: expected ':'
)") == "SyntaxError: expected ':' | /srv/app/main.py:19 | ");
}

TEST_CASE("stacks of Node.js are read", "[unit][doctor]") {
    CHECK(find_in(R"(TypeError: Cannot read properties of undefined (reading 'id')
    at Layer.handle (/srv/app/node_modules/express/lib/layer.js:95:5)
    at getUser (/srv/app/routes/users.js:12:20)
    at node:internal/main:1:1
)") == "TypeError: Cannot read properties of undefined (reading 'id') | "
       "/srv/app/routes/users.js:12 "
       "| getUser");
}

TEST_CASE("Node.js' syntax errors have their place above", "[unit][doctor]") {
    CHECK(find_in(R"(/srv/app/server.js:12
  listen(3000
         ^^^^

SyntaxError: missing ) after argument list
    at internalCompileFunction (node:internal/vm:73:18)
)") == "SyntaxError: missing ) after argument list | /srv/app/server.js:12 | ");
}

TEST_CASE("panics of Go and Rust are read", "[unit][doctor]") {
    CHECK(find_in("panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\n"
                  "main.pick(...)\n\t/srv/app/main.go:9 +0x1d\n") ==
          "panic: runtime error: index out of range [3] | /srv/app/main.go:9 | main.pick");
    CHECK(find_in("thread 'main' panicked at src/main.rs:4:5:\nno config\n") ==
          "no config | src/main.rs:4 | ");
}

TEST_CASE("exceptions of Java and Ruby are read", "[unit][doctor]") {
    CHECK(find_in("Exception in thread \"main\" java.lang.IllegalStateException: no db\n"
                  "\tat java.base/java.util.X.y(X.java:1)\n"
                  "\tat com.shop.Main.run(Main.java:12)\n") ==
          "java.lang.IllegalStateException: no db | Main.java:12 | com.shop.Main.run");
    CHECK(find_in("app.rb:3:in `run': undefined method `x' for nil (NoMethodError)\n") ==
          "undefined method `x' for nil (NoMethodError) | app.rb:3 | run");
}

TEST_CASE("a main script that Python can not read has its place before the error",
          "[unit][doctor]") {
    CHECK(find_in("  File \"/srv/app/app.py\", line 2\n    x=1\n    ^\n"
                  "IndentationError: expected an indented block\n") ==
          "IndentationError: expected an indented block | /srv/app/app.py:2 | ");
}

TEST_CASE("a log without a traceback has none", "[unit][doctor]") {
    CHECK(find_in("listening\nError: 0 of 3\nGET / 200\n") == "none");
    CHECK(find_in("") == "none");
    CHECK(find_in("Traceback (most recent call last):\n") == "none");
}
