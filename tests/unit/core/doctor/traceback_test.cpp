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

TEST_CASE("an exception of Python need not be called an error", "[unit][doctor]") {
    CHECK(find_in(R"(Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/flask/app.py", line 1796, in dispatch_request
    return self.ensure_sync(self.view_functions[rule.endpoint])(**view_args)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/app.py", line 6, in items
    raise OutOfStock("item 7 is gone")
app.OutOfStock: item 7 is gone
)") == "app.OutOfStock: item 7 is gone | /srv/app.py:6 | items");
    CHECK(find_in(R"(Traceback (most recent call last):
  File "/srv/app.py", line 6, in items
INFO: 127.0.0.1 - GET /items
    check(item)
KeyError: 7
)") == "KeyError: 7 | /srv/app.py:6 | items");
}

TEST_CASE("the fields that pydantic refuses are told with its error", "[unit][doctor]") {
    CHECK(find_in(R"(Traceback (most recent call last):
  File "/srv/settings.py", line 5, in <module>
    settings = Settings()
pydantic.error_wrappers.ValidationError: 2 validation errors for Settings
database_url
  field required (type=value_error.missing)
max_items
  value is not a valid integer (type=type_error.integer)
)") == "pydantic.error_wrappers.ValidationError: 2 validation errors for Settings: database_url "
       "(field required), max_items (value is not a valid integer) | /srv/settings.py:5 | "
       "<module>");
    CHECK(find_in(R"(Traceback (most recent call last):
  File "/srv/settings.py", line 5, in <module>
    settings = Settings()
pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings
DATABASE_URL
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.5/v/missing
port
  Input should be a valid integer, unable to parse string as an integer [type=int_parsing]
INFO: the end
)") == "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings: "
       "DATABASE_URL (Field required), port (Input should be a valid integer, unable to parse "
       "string as an integer) | /srv/settings.py:5 | <module>");
}

TEST_CASE("of an error in a package it is told which", "[unit][doctor]") {
    CHECK(find_in(R"(/srv/node_modules/ts-node/dist/configuration.js:91
    const { fileExists = ts.sys.fileExists } = rawApiOptions;
                               ^
TypeError: Cannot read properties of undefined (reading 'fileExists')
    at readConfig (/srv/node_modules/ts-node/dist/configuration.js:91:31)
    at findAndReadConfig (/srv/node_modules/ts-node/dist/configuration.js:50:84)
)") == "TypeError: Cannot read properties of undefined (reading 'fileExists') | "
       "/srv/node_modules/ts-node/dist/configuration.js:91 | in the package ts-node");
}

TEST_CASE("an export that is missing is no syntax error", "[unit][doctor]") {
    CHECK(find_in(R"(/srv/src/server.ts:2
import { prot } from './config.ts';
         ^
SyntaxError: The requested module './config.ts' does not provide an export named 'prot'
    at ModuleJob._instantiate (node:internal/modules/esm/module_job:213:21)
)") == "The requested module './config.ts' does not provide an export named 'prot' | "
       "/srv/src/server.ts:2 | ");
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
