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

TEST_CASE("what gRPC says is told with its error", "[unit][doctor]") {
    CHECK(find_in(R"(Traceback (most recent call last):
  File "/srv/web.py", line 8, in home
    return str(len(lst(b"", timeout=3)))
grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:
	status = StatusCode.UNAVAILABLE
	details = "failed to connect to all addresses"
	debug_error_string = "UNKNOWN:…"
>
)") == "grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with: "
       "UNAVAILABLE: "
       "failed to connect to all addresses | /srv/web.py:8 | home");
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

TEST_CASE("of a chain of exceptions the last cause is told, and code of the program's own",
          "[unit][doctor]") {
    CHECK(find_in("Exception in thread \"main\" org.postgresql.util.PSQLException: FATAL: no\n"
                  "  Position: 15\n"
                  "\tat org.postgresql.Driver.connect(Driver.java:291)\n"
                  "\tat java.sql/java.sql.DriverManager.getConnection(DriverManager.java:681)\n"
                  "\tat app//shop.Orders.open(Orders.java:14)\n"
                  "Caused by: java.net.ConnectException: Connection refused\n"
                  "\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)\n"
                  "\t... 9 more\n") ==
          "java.net.ConnectException: Connection refused | Orders.java:14 | shop.Orders.open");
    CHECK(find_in("java.lang.IllegalStateException: no\n"
                  "\tat shop.Main.main(Main.java:3)\n"
                  "Caused by: java.io.IOException: gone\n"
                  "\tat java.base/java.io.FileInputStream.open0(Native Method)\n"
                  "\tat shop.Store.open(Store.kt:8)\n"
                  "\t... 1 more\n") == "java.io.IOException: gone | Store.kt:8 | shop.Store.open");
    CHECK(find_in("java.net.ConnectException\n"
                  "\tat java.net.http/jdk.internal.net.http.X.send(X.java:1)\n"
                  "\tat shop.Orders.list(Orders.java:11)\n"
                  "Caused by: java.nio.channels.ClosedChannelException\n"
                  "\t... 9 more\n") ==
          "java.net.ConnectException | Orders.java:11 | shop.Orders.list");
    CHECK(find_in("Exception in thread \"main\" java.lang.RuntimeException: can not load\n"
                  "\tat Main.load(Main.java:1)\n"
                  "\tat Main.main(Main.java:2)\n"
                  "Caused by: java.io.FileNotFoundException: app.yml (No such file or directory)\n"
                  "\tat java.base/java.io.FileInputStream.open0(Native Method)\n"
                  "\tat Main.load(Main.java:1)\n"
                  "\tat jdk.compiler/com.sun.tools.javac.launcher.Main.main(Main.java:132)\n") ==
          "java.io.FileNotFoundException: app.yml (No such file or directory) | Main.java:1 | "
          "Main.load");
    CHECK(find_in("java.sql.SQLException: no\n\tat com.zaxxer.hikari.P.get(P.java:1)\n") ==
          "java.sql.SQLException: no | :0 | ");
}

TEST_CASE("a stack without an end has lost its head", "[unit][doctor]") {
    std::string log;
    for (int i = 0; i < 200; ++i)
        log += "\tat shop.Node.root(Node.java:4)\n";
    CHECK(
        find_in(log) ==
        "a recursion without end (java.lang.StackOverflowError; the log holds 200 frames of it) | "
        "Node.java:4 | shop.Node.root");
    CHECK(find_in("\tat shop.Node.root(Node.java:4)\n") == "none");
}

TEST_CASE("exceptions of .NET are read", "[unit][doctor]") {
    CHECK(
        find_in("Unhandled exception. System.InvalidOperationException: no stock\n"
                " ---> System.IO.FileNotFoundException: Could not find file '/srv/a.json'.\n"
                "   at System.IO.File.Open(String path)\n"
                "   at Shop.Stock.Load() in /srv/Stock.cs:line 12\n"
                "   --- End of inner exception stack trace ---\n"
                "   at Shop.Program.Main() in /srv/Program.cs:line 3\n") ==
        "System.IO.FileNotFoundException: Could not find file '/srv/a.json'. | /srv/Stock.cs:12 | "
        "Shop.Stock.Load");
}

TEST_CASE("of Ruby's gems no place is told", "[unit][doctor]") {
    CHECK(
        find_in(
            "/usr/lib/ruby/vendor_ruby/pg/connection.rb:632:in `connect': no (PG::ConnectionBad)\n"
            "\tfrom <internal:/usr/lib/ruby/kernel_require.rb>:85:in `require'\n"
            "\tfrom app.rb:7:in `<class:Shop>'\n") ==
        "no (PG::ConnectionBad) | app.rb:7 | <class:Shop>");
    CHECK(
        find_in("config.ru:2:in `block in <main>': uninitialized constant ShopApp (NameError)\n") ==
        "uninitialized constant ShopApp (NameError) | config.ru:2 | block in <main>");
    CHECK(find_in("config.ru:1:in `require_relative': /srv/app.rb:18: syntax error, unexpected "
                  "end-of-input (SyntaxError)\n") ==
          "syntax error, unexpected end-of-input (SyntaxError) | /srv/app.rb:18 | ");
}

TEST_CASE("what Ruby's frameworks report of a request is read", "[unit][doctor]") {
    CHECK(find_in("2026-11-28 10:15:55 - NoMethodError - undefined method `[]' for nil:NilClass\n\n"
                  "    total: order[:total]\n"
                  "                ^^^^^^^^:\n"
                  "\t/srv/app.rb:12:in `block in <class:Shop>'\n"
                  "\t/usr/share/gems/sinatra-3.0.5/lib/sinatra/base.rb:1:in `call'\n") ==
          "NoMethodError: undefined method `[]' for nil:NilClass | /srv/app.rb:12 | block in "
          "<class:Shop>");
    CHECK(find_in("NoMethodError (undefined method `x' for nil:NilClass):\n  \n"
                  "app/controllers/orders_controller.rb:7:in `show'\n") ==
          "NoMethodError: undefined method `x' for nil:NilClass | "
          "app/controllers/orders_controller.rb:7 | show");
}

TEST_CASE("frames of Ruby may come through a logger", "[unit][doctor]") {
    CHECK(
        find_in("2026-11-28T07:17:39.877Z pid=9 tid=w6 WARN: ArgumentError: no stock\n"
                "2026-11-28T07:17:39.877Z pid=9 tid=w6 WARN: /srv/app/jobs/stock_job.rb:5:in "
                "`perform'\n"
                "/usr/lib/ruby/gems/sidekiq-7.0/lib/sidekiq/processor.rb:202:in `execute_job'\n") ==
        "ArgumentError: no stock | /srv/app/jobs/stock_job.rb:5 | perform");
    CHECK(find_in("F, [2026-11-28T07:17:39.877 #9] FATAL -- : [a1] NoMethodError (undefined method "
                  "`x' for nil:NilClass):\n"
                  "F, [2026-11-28T07:17:39.877 #9] FATAL -- : [a1]   \n"
                  "F, [2026-11-28T07:17:39.877 #9] FATAL -- : [a1] app/models/order.rb:7:in "
                  "`total'\n") ==
          "NoMethodError: undefined method `x' for nil:NilClass | app/models/order.rb:7 | total");
}

TEST_CASE("panics that Go's frameworks recover from are read", "[unit][doctor]") {
    CHECK(find_in("2026/11/28 09:13:41 [Recovery] 2026/11/28 - 09:13:41 panic recovered:\n"
                  "GET /cart HTTP/1.1\nHost: localhost\n\n"
                  "assignment to entry in nil map\n"
                  "/opt/go/src/runtime/map_faststr.go:205 (0x4113)\n"
                  "\tmapassign_faststr: panic(plainError())\n"
                  "/srv/main.go:15 (0x6f1a)\n"
                  "\t(*Cart).Add: c.items[sku]++\n"
                  "/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go:174 (0x6e)\n") ==
          "panic: assignment to entry in nil map | /srv/main.go:15 | (*Cart).Add");
    CHECK(find_in("\n panic: no stock\n \n -> main.(*Cart).Add\n ->   /srv/cart.go:11\n\n"
                  "    net/http.HandlerFunc.ServeHTTP\n"
                  "      /usr/lib/go-1.19/src/net/http/server.go:2109\n") ==
          "panic: no stock | /srv/cart.go:11 | main.(*Cart).Add");
}

TEST_CASE("of PHP's packages the caller is told", "[unit][doctor]") {
    CHECK(
        find_in("PHP Fatal error:  Uncaught Error: no in /srv/src/Orders.php:8\nStack trace:\n") ==
        "Error: no | /srv/src/Orders.php:8 | ");
    CHECK(find_in(
              "[1] WARNING: [pool www] child 18 said into stderr: \"NOTICE: PHP message: PHP "
              "Fatal error:  Uncaught Error: no in /srv/vendor/acme/A.php:8\"\n"
              "[1] WARNING: [pool www] child 18 said into stderr: \"Stack trace:\"\n"
              "[1] WARNING: [pool www] child 18 said into stderr: \"#0 /srv/vendor/acme/B.php(3): "
              "A->x()\"\n"
              "[1] WARNING: [pool www] child 18 said into stderr: \"#1 /srv/public/index.php(9): "
              "B->y()\"\n") == "Error: no | /srv/public/index.php:9 | ");
}

TEST_CASE("what Perl dies of is read, and not what it warns of", "[unit][doctor]") {
    CHECK(
        find_in(
            "Can't call method \"total\" on an undefined value at lib/Shop/Orders.pm line 7.\n") ==
        "Can't call method \"total\" on an undefined value | lib/Shop/Orders.pm:7 | ");
    CHECK(
        find_in("[2026-11-28 09:00:00.1] [12] [error] [a1] no stock at lib/Shop.pm line 3, <DATA> "
                "line 2.\n") == "no stock | lib/Shop.pm:3 | ");
    CHECK(find_in("no stock at /usr/share/perl5/Mojo/Base.pm line 3.\n") == "no stock | :0 | ");
    CHECK(find_in("Use of uninitialized value $x in addition (+) at app.pl line 3.\n") == "none");
    CHECK(find_in("BEGIN failed--compilation aborted at app.pl line 3.\n") == "none");
}

TEST_CASE("what C++ ends by is read", "[unit][doctor]") {
    CHECK(find_in("catalogue: src/catalogue.cpp:10: std::string item_page(const std::string&): "
                  "Assertion `!path.empty()' failed.\n") ==
          "Assertion `!path.empty()' failed | src/catalogue.cpp:10 | item_page");
    CHECK(find_in("terminate called after throwing an instance of 'std::out_of_range'\n"
                  "  what():  map::at\n") == "std::out_of_range: map::at | :0 | ");
    CHECK(find_in("terminate called after throwing an instance of 'std::bad_alloc'\n"
                  "  what():  std::bad_alloc\n") == "std::bad_alloc | :0 | ");
    CHECK(find_in("pure virtual method called\nterminate called without an active exception\n") ==
          "pure virtual method called (in a constructor or a destructor, or of an object that is "
          "gone) | :0 | ");
    CHECK(find_in("src/a.cpp:3:7: runtime error: index 5 out of bounds for type 'int [3]'\n") ==
          "runtime error: index 5 out of bounds for type 'int [3]' | src/a.cpp:3 | ");
    CHECK(find_in("free(): double free detected in tcache 2\n") ==
          "free(): double free detected in tcache 2 | :0 | ");
    CHECK(find_in("*** stack smashing detected ***: terminated\n") ==
          "*** stack smashing detected ***: terminated | :0 | ");
    CHECK(find_in("==19==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x6020\n"
                  "READ of size 8 at 0x6020 thread T1\n"
                  "    #0 0x7f19 in __interceptor_memcpy ../../src/libsanitizer/x.inc:827\n"
                  "    #1 0x55c9 in item_page(std::string const&) src/catalogue.cpp:11\n"
                  "    #2 0x55c9 in serve src/main.cpp:18\n\n"
                  "0x6020 is located 0 bytes to the right\n") ==
          "AddressSanitizer: heap-buffer-overflow | src/catalogue.cpp:11 | item_page");
    CHECK(find_in("memory: free 120 MB, allocated 20 MB\n*** ready ***\n") == "none");
}

TEST_CASE("a panic of Go is of its first goroutine", "[unit][doctor]") {
    CHECK(
        find_in("panic: no\n\ngoroutine 6 [running]:\n"
                "github.com/acme/kit.Must(...)\n\t/root/go/pkg/mod/github.com/acme/kit@v1/m.go:3\n"
                "shop/internal/store.Open()\n\t/srv/internal/store/store.go:9 +0x1\n") ==
        "panic: no | /srv/internal/store/store.go:9 | shop/internal/store.Open");
    CHECK(find_in("fatal error: concurrent map writes\n\ngoroutine 6 [running]:\n"
                  "net/http.(*conn).serve()\n\tnet/http/server.go:1991 +0x607\n"
                  "created by main.start in goroutine 1\n\t/srv/cart.go:21 +0x25\n\n"
                  "goroutine 1 [IO wait]:\nmain.main()\n\t/srv/main.go:3 +0x1\n") ==
          "fatal error: concurrent map writes | /srv/cart.go:21 | main.start");
    CHECK(find_in("panic: no\n\ngoroutine 6 [running]:\nnet/http.x()\n"
                  "\t/opt/go/src/net/http/server.go:1 +0x6\n\n"
                  "goroutine 1 [IO wait]:\nmain.main()\n\t/srv/main.go:3 +0x1\n") ==
          "panic: no | :0 | ");
}

TEST_CASE("a mutex is poisoned by an earlier panic", "[unit][doctor]") {
    CHECK(find_in("thread '<unnamed>' (141) panicked at src/stock.rs:15:35:\nno such article\n"
                  "thread '<unnamed>' (142) panicked at src/stock.rs:14:31:\n"
                  "called `Result::unwrap()` on an `Err` value: PoisonError { .. }\n") ==
          "no such article (it held a mutex, so that src/stock.rs:14 fails by a PoisonError since "
          "then) | src/stock.rs:15 | ");
    CHECK(find_in("thread 'main' panicked at /root/.cargo/registry/src/x/a-1.0/src/lib.rs:3:5:\n"
                  "no\nstack backtrace:\n   2: shop::stock::load\n"
                  "             at ./src/stock.rs:9:5\n") ==
          "no | src/stock.rs:9 | shop::stock::load");
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

TEST_CASE("traces in lines that are JSON are read", "[unit][doctor]") {
    CHECK(
        find_in(
            R"json({"level":"error","message":"boom","stack":"Error: boom\n    at f (/srv/a.js:3:9)"})json") ==
        "Error: boom | /srv/a.js:3 | f");
    CHECK(find_in(
              R"json({"event":"failed","exception":"Traceback (most recent call last):\n)json"
              R"json(  File \"/srv/app.py\", line 6, in items\n    check(1)\nKeyError: 7"})json") ==
          "KeyError: 7 | /srv/app.py:6 | items");
    CHECK(find_in(R"json({"level":"info","message":"no stack: \n in it"})json") == "none");
    CHECK(find_in(R"json({"level":"info","stack":"orders\nbilling"})json") == "none");
    CHECK(find_in(R"json({"level":"error","stack":"Error: boom\n    at f (/srv/a.js:3:)json") ==
          "none");
}

TEST_CASE("what Astro says of a page is read", "[unit][doctor]") {
    CHECK(find_in(R"(13:55:07 [ERROR] Could not import `../layouts/Main.astro`.
  Hint:
    This is often caused by a typo in the import path.
  Stack trace:
    at /srv/src/pages/index.astro:2:20
    [...] See full stack trace in the browser, or rerun with --verbose.
)") == "Could not import `../layouts/Main.astro` | /srv/src/pages/index.astro:2 | ");
    CHECK(find_in("13:55:07 [ERROR] The server is gone.\n13:55:08 [build] at /srv/a.astro:2:20") ==
          "none");
}

TEST_CASE("traces of Elixir are read", "[unit][doctor]") {
    CHECK(find_in(R"(** (MatchError) no match of right hand side value: {:error, :enoent}
    app.exs:1: (file)
    (elixir 1.14.0) lib/code.ex:1245: Code.require_file/2
)") == "MatchError: no match of right hand side value: {:error, :enoent} | app.exs:1 | ");
    CHECK(find_in(R"(12:00:01.000 [error] #PID<0.312.0> running Shop.Endpoint terminated
Request: GET /carts/7
** (exit) an exception was raised:
    ** (ArithmeticError) bad argument in arithmetic expression
        (elixir 1.14.0) lib/enum.ex:2468: Enum."-reduce/3-lists^foldl/2-0-"/3
        (shop 0.1.0) lib/shop/cart.ex:12: Shop.Cart.total/1
        (plug 1.14.0) lib/plug/router.ex:246: anonymous fn/4 in Shop.Router.dispatch/2
)") == "ArithmeticError: bad argument in arithmetic expression | lib/shop/cart.ex:12 | "
       "Shop.Cart.total/1");
    CHECK(find_in("** (RuntimeError) is what we expect here\nready\n") == "none");
    CHECK(find_in("** (App:4711): WARNING **: no theme\n") == "none");
}
