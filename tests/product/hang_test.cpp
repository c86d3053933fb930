// Services that are alive and do not answer: the evidence that is kept before they are restarted,
// and what the doctor says of them. With real threads, locks and runtimes.

#include "support/catch.hpp"
#include "support/run_command.hpp"
#include "support/test_project.hpp"

#include <regex>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

/// A bank that hangs in this way a second after its start.
TestProject make_bank(const std::string& kind, std::uint16_t port, const std::string& policy) {
    const std::string number = std::to_string(port);
    return TestProject{
        "[project]\nname = \"bank\"\n[service.bank]\ncommand = [\"" DEVSTACK_BANKCHILD "\", \"" +
        number + "\", \"" + kind + "\"]\nport = " + number +
        "\nhealth = { url = \"http://127.0.0.1:" + number +
        "/\", interval = \"300ms\", timeout = \"250ms\", retries = 3 }\n"
        "restart = { policy = \"" +
        policy + "\", max = 1000, delay = \"100ms\", max_delay = \"1s\" }\n"};
}

/// A record of a hang with such a finding. It hangs again after each restart: on a busy machine the
/// first look may have come too late.
nlohmann::json await_record(const TestProject& project,
                            const std::string& service,
                            const std::string& id) {
    nlohmann::json found;
    std::string seen;
    const bool has_come = eventually(
        [&] {
            seen = project.devstack({"crashes", service, "--json"}).output;
            const auto records = nlohmann::json::parse(seen, nullptr, false);
            if (!records.is_array()) return false;
            for (const auto& record : records) {
                if (!record.contains("finding") || record["finding"]["id"] != id) continue;
                found = record;
                return true;
            }
            return false;
        },
        100s);
    INFO(seen);
    REQUIRE(has_come);
    return found;
}

/// Numbers of threads and addresses are different each time.
std::string without_numbers(const std::string& text) {
    return std::regex_replace(std::regex_replace(text, std::regex{R"(0x[0-9a-f]+)"}, "0x…"),
                              std::regex{R"(\(\d+\))"},
                              "(…)");
}

std::string lines_of(const nlohmann::json& list) {
    std::string text;
    for (const auto& it : list)
        text += without_numbers(it.get<std::string>()) + "\n";
    return text;
}

bool is_seen(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("two threads in a deadlock are told before the restart, with both ends",
          "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project = make_bank("deadlock", port, "on-failure");
    project.bring_up();
    const auto record = await_record(project, "bank", "deadlock");
    INFO(record.dump(2));
    CHECK(record["why"].get<std::string>().starts_with("was unhealthy: no answer within 250ms"));
    REQUIRE(record.contains("finding"));
    CHECK(record["finding"]["id"] == "deadlock");
    CHECK(record["finding"]["confidence"] == "sure");
    const std::string cause = without_numbers(record["finding"]["cause"]);
    CHECK(std::regex_match(
        cause,
        std::regex{
            R"(bank is in a deadlock: thread teller-\d \(…\) waits in .*transfer \(bankchild\.cpp:\d+\) )"
            R"(for a lock that thread teller-\d \(…\) holds, which waits in .*transfer )"
            R"(\(bankchild\.cpp:\d+\) for one that thread teller-\d \(…\) holds\.)"}));
    const std::string threads = lines_of(record["threads"]);
    CHECK(is_seen(threads,
                  "thread teller-1 (…): waits for the lock 0x…, which thread teller-2 (…) "
                  "holds: "));
    CHECK(is_seen(threads, "answer (bankchild.cpp:"));
    // And it was restarted.
    CHECK(project.await_phase("bank", "ready", 30s, 0).size() > 0);
}

TEST_CASE("a thread that turns in a circle is told with the place", "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project = make_bank("spin", port, "on-failure");
    project.bring_up();
    const auto record = await_record(project, "bank", "spins");
    INFO(record.dump(2));
    REQUIRE(record.contains("finding"));
    CHECK(record["finding"]["id"] == "spins");
    CHECK(is_seen(record["finding"]["cause"], "count_for_ever (bankchild.cpp:"));
}

TEST_CASE("whoever keeps a lock that others need is told", "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project = make_bank("held", port, "no");
    project.bring_up();
    project.await_phase("bank", "unhealthy", 60s);
    CommandResult doctor;
    CHECK(eventually(
        [&] {
            doctor = project.devstack({"doctor", "bank"});
            return doctor.output.find("[lock-held]") != std::string::npos;
        },
        90s));
    INFO(doctor.output);
    CHECK(is_seen(without_numbers(doctor.output),
                  "probable root cause: bank hangs at a lock: 1 thread waits in "));
    CHECK(is_seen(without_numbers(doctor.output),
                  " for one that thread auditor (…) holds, which "
                  "waits in read in "));
    // The same is in the state, once the daemon has looked.
    CHECK(eventually(
        [&] {
            const CommandResult status = project.devstack({"status"});
            return status.output.find("\ncause: bank: probably: bank hangs at a lock: ") !=
                   std::string::npos;
        },
        90s));
    const CommandResult why = project.devstack({"why", "bank"});
    CHECK(is_seen(why.output, "\ncause: probably: bank hangs at a lock: "));
}

TEST_CASE("a runtime that is asked for a dump is told by it", "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const std::string number = std::to_string(port);
    TestProject project{
        "[project]\nname = \"bank\"\n[service.till]\ncommand = [\"python3\", \"till.py\"]\n"
        "port = " +
        number + "\nhealth = { url = \"http://127.0.0.1:" + number +
        "/\", interval = \"300ms\", timeout = \"250ms\", retries = 3 }\n"
        "dump_signal = \"SIGUSR1\"\n"
        "restart = { policy = \"on-failure\", max = 1000, delay = \"100ms\", max_delay = \"1s\" "
        "}\n"};
    project.write_file("till.py",
                       R"(
import faulthandler, http.server, signal, sys, threading
faulthandler.register(signal.SIGUSR1)
till = {}
count = 0
def take_money():
    paid = threading.Event()
    paid.wait()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        count += 1
        if count > 6:
            take_money()
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.HTTPServer(('127.0.0.1', )" +
                           number + R"(), Handler).serve_forever()
)");
    project.bring_up();
    const auto record = await_record(project, "till", "hangs-in-code");
    INFO(record.dump(2));
    REQUIRE(record.contains("finding"));
    CHECK(record["finding"]["id"] == "hangs-in-code");
    CHECK(record["finding"]["cause"] == "till hangs: 1 thread is in take_money (till.py:8).");
}

namespace {

/// A service in Python.
std::string till_profile(std::uint16_t port, const std::string& policy) {
    const std::string number = std::to_string(port);
    return "[project]\nname = \"bank\"\n[service.till]\ncommand = [\"python3\", \"till.py\"]\n"
           "port = " +
           number + "\nhealth = { url = \"http://127.0.0.1:" + number +
           "/\", interval = \"300ms\", timeout = \"250ms\", retries = 3 }\n"
           "restart = { policy = \"" +
           policy + "\", max = 1000, delay = \"100ms\", max_delay = \"1s\" }\n";
}

/// Its requests after the sixth do what `work` says.
std::string till_program(const std::string& work, std::uint16_t port) {
    return R"(import http.server, threading
lock = threading.Lock()
count = 0
def count_money():
    with lock:
        return 1
def take_money():
    with lock:
        return count_money()
def count_for_ever(n):
    while True:
        n = n + 1
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        count += 1
        if count > 6:
            )" +
           work +
           R"(
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.HTTPServer(('127.0.0.1', )" +
           std::to_string(port) + R"(), Handler).serve_forever()
)";
}

}  // namespace

TEST_CASE("a lock that a Python program takes twice is told before the restart, with both places",
          "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project{till_profile(port, "on-failure")};
    project.write_file("till.py", till_program("take_money()", port));
    project.bring_up();
    const auto record = await_record(project, "till", "deadlock");
    INFO(record.dump(2));
    CHECK(std::regex_match(
        without_numbers(record["finding"]["cause"]),
        std::regex{
            R"(till is in a deadlock: thread python3\S* \(…\) waits for lock, which it has held )"
            R"(since take_money \(till\.py:8\), and takes it again in count_money )"
            R"(\(till\.py:5\); \d+ threads? waits? for it\.)"}));
    CHECK(is_seen(lines_of(record["threads"]),
                  ": waits in futex: count_money (till.py:5) < take_money (till.py:9) < do_GET "
                  "(till.py:18) < "));
}

TEST_CASE("a Python program that turns in a circle is told with the place",
          "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project{till_profile(port, "no")};
    project.write_file("till.py", till_program("count_for_ever(1)", port));
    project.bring_up();
    project.await_phase("till", "unhealthy", 60s);
    CommandResult doctor;
    const bool is_told = eventually(
        [&] {
            doctor = project.devstack({"doctor", "till"});
            return std::regex_search(
                doctor.output,
                std::regex{R"(, in count_for_ever \(till\.py:1[12]\), called by do_GET )"
                           R"(\(till\.py:18\)\. \[spins\])"});
        },
        90s);
    INFO(doctor.output);
    CHECK(is_told);
}

namespace {

/// A service in JavaScript whose requests after the sixth do what `work` says.
std::string shop_program(const std::string& work, std::uint16_t port) {
    return R"(const http = require('http');
let count = 0;
class Pages {
  collectPages(from) {
    for (;;) from = from % 7 + 1;
  }
}
const waitForStock = () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3600000);
};
function answer(request, response) {
  if (++count > 6) )" +
           work + R"(;
  response.end('ok');
}
http.createServer(answer).listen()" +
           std::to_string(port) + R"();
)";
}

std::string shop_profile(std::uint16_t port) {
    const std::string number = std::to_string(port);
    return "[project]\nname = \"bank\"\n[service.shop]\ncommand = [\"node\", \"shop.js\"]\n"
           "port = " +
           number + "\nhealth = { url = \"http://localhost:" + number +
           "/\", interval = \"300ms\", timeout = \"250ms\", retries = 3 }\n"
           "restart = { policy = \"no\" }\n";
}

/// Of the doctor, once it is told so; what it has said last otherwise.
std::string ask_until(const TestProject& project, const std::string& part) {
    std::string said;
    (void)eventually(
        [&] {
            said = project.devstack({"doctor", "shop"}).output;
            return said.find(part) != std::string::npos;
        },
        90s);
    return said;
}

}  // namespace

TEST_CASE("a Node.js program that blocks its event loop is told with the function",
          "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project{shop_profile(port)};
    project.write_file("shop.js", shop_program("new Pages().collectPages(1)", port));
    project.bring_up();
    project.await_phase("shop", "unhealthy", 60s);
    const std::string place =
        ", so its event loop is blocked, in collectPages (shop.js:4), called by answer "
        "(shop.js:11). [spins]\n";
    CHECK(is_seen(ask_until(project, place), place));
}

TEST_CASE("a Node.js program that waits in a function is told with it", "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project{shop_profile(port)};
    project.write_file("shop.js", shop_program("waitForStock()", port));
    project.bring_up();
    project.await_phase("shop", "unhealthy", 60s);
    const std::string place =
        ": it hangs in waitForStock (shop.js:8), called by answer (shop.js:11), or answers ";
    CHECK(is_seen(ask_until(project, place), place));
}

TEST_CASE("a Node.js program that waits for a child process is told with the function",
          "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project{shop_profile(port)};
    project.write_file("shop.js",
                       shop_program("require('child_process').execSync('sleep 3600')", port));
    project.bring_up();
    project.await_phase("shop", "unhealthy", 60s);
    const std::string place =
        "its main thread waits for a child process to end (epoll_wait) in answer (shop.js:11) "
        "rather than wait for events";
    CHECK(is_seen(ask_until(project, place), place));
}

TEST_CASE("reports of Node.js are read, each for the service that wrote it",
          "[integration][doctor]") {
    const std::string leak = std::to_string(free_port());
    const std::string boom = std::to_string(free_port());
    const TestProject project{
        "[project]\nname = \"bank\"\n[service.leak]\ncommand = [\"node\", "
        "\"--report-on-fatalerror\", \"--max-old-space-size=40\", \"leak.js\"]\nport = " +
        leak +
        "\nrestart = \"no\"\n[service.boom]\ncommand = [\"node\", "
        "\"--report-uncaught-exception\", \"boom.js\"]\nport = " +
        boom + "\nrestart = \"no\"\n"};
    project.write_file("leak.js",
                       "const kept = [];\n"
                       "function remember() { for (;;) kept.push(new Array(1000).fill({ a: "
                       "Math.random() })); }\n"
                       "require('http').createServer(() => remember()).listen(" +
                           leak + ");\n");
    project.write_file("boom.js",
                       "function priceOf(x) { return x.price.toFixed(2); }\n"
                       "require('http').createServer(() => priceOf({})).listen(" +
                           boom + ");\n");
    project.bring_up();
    for (const std::string& port : {leak, boom})
        (void)run_command({{"/usr/bin/curl", "-s", "-m", "20", "http://localhost:" + port + "/"}});
    project.await_phase("leak", "failed", 60s);
    project.await_phase("boom", "failed", 60s);
    const std::string said = project.devstack({"doctor"}).output;
    CHECK(is_seen(said, "leak has ended with its JavaScript heap used up: "));
    CHECK(
        is_seen(said,
                "boom is ended by an error that nobody handles in priceOf (boom.js:1): TypeError: "
                "Cannot read properties of undefined (reading 'toFixed'). "
                "[ended-by-exception]\n"));
}

TEST_CASE("a Java program that hangs is asked for a dump before its restart",
          "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const std::string number = std::to_string(port);
    // What makes it a Java program is the name of what runs; what it writes is what a JVM does.
    const TestProject project{
        "[project]\nname = \"bank\"\n[service.till]\ncommand = [\"./java\", \"vm.sh\"]\n"
        "prepare = { command = \"cp /bin/bash java\" }\nport = " +
        number + "\nhealth = { url = \"http://127.0.0.1:" + number +
        "/\", interval = \"300ms\", timeout = \"250ms\", retries = 3 }\n"
        "restart = { policy = \"on-failure\", max = 1000, delay = \"100ms\", max_delay = \"1s\" "
        "}\n"};
    project.write_file("till.py", till_program("threading.Event().wait()", port));
    project.write_file("vm.sh", "trap 'cat dump' QUIT\npython3 till.py &\nwait\nwait\n");
    project.write_file("dump",
                       "Found one Java-level deadlock:\n"
                       "=============================\n"
                       "\"teller-1\":\n"
                       "  waiting to lock monitor 0x7f (object 0x6, a java.lang.Object),\n"
                       "  which is held by \"teller-2\"\n"
                       "\"teller-2\":\n"
                       "  waiting to lock monitor 0x7e (object 0x5, a java.lang.Object),\n"
                       "  which is held by \"teller-1\"\n"
                       "\n"
                       "Java stack information for the threads listed above:\n"
                       "\"teller-1\":\n"
                       "\tat Bank.transfer(Bank.java:12)\n"
                       "\"teller-2\":\n"
                       "\tat Bank.transfer(Bank.java:13)\n"
                       "\n"
                       "Found 1 deadlock.\n");
    project.bring_up();
    const auto record = await_record(project, "till", "deadlock");
    CHECK(record["finding"]["cause"] ==
          "till is in a deadlock: thread teller-1 waits in Bank.transfer (Bank.java:12) for a "
          "monitor that teller-2 holds, which waits in Bank.transfer (Bank.java:13) for one that "
          "teller-1 holds.");
}
