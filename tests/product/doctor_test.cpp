// `devstack doctor` on real programs with real faults: what it says, whole.

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

/// A server that says how its cache is; it reads .env itself, as people's servers do.
constexpr const char* server_script = R"(
const fs = require('fs'), http = require('http'), net = require('net');
const env = Object.fromEntries(fs.readFileSync('.env', 'utf8').split('\n').filter(Boolean)
  .map((line) => [line.split('=')[0], line.split('=').slice(1).join('=')]));
http.createServer((request, answer) => {
  if (request.url !== '/api/health') { answer.statusCode = 404; return answer.end('no such page'); }
  const url = new URL(env.REDIS_URL);
  const cache = net.connect(Number(url.port), '127.0.0.1');
  cache.on('connect', () => { cache.destroy(); answer.end('ok'); });
  cache.on('error', (error) => { answer.statusCode = 503; answer.end(error.message); });
}).listen(Number(process.env.PORT), '127.0.0.1');
)";

std::string number(std::uint16_t port) {
    return std::to_string(port);
}

/// A cache and an API that uses it.
struct Shop {
    explicit Shop(const std::string& health_path = "/api/health")
        : project{
              "[project]\nname = \"shop\"\n"
              "[service.cache]\n"
              "command = [\"redis-server\", \"--port\", \"" +
              number(cache) +
              "\", \"--bind\", \"127.0.0.1\", \"--save\", \"\"]\nport = " + number(cache) +
              "\n[service.api]\ncommand = [\"node\", \"server.js\"]\nport = " + number(api) +
              "\nenv = { PORT = \"" + number(api) +
              "\" }\ndepends_on = [\"cache\"]\n"
              "health = { url = \"http://127.0.0.1:" +
              number(api) + health_path + "\", interval = \"200ms\", timeout = \"150ms\" }\n"} {
        project.write_file("server.js", server_script);
        point_to(cache);
    }
    void point_to(std::uint16_t port) const {
        project.write_file(".env", "REDIS_URL=redis://localhost:" + number(port) + "\n");
    }

    std::uint16_t cache = free_port();
    std::uint16_t api = free_port();
    TestProject project;
};

/// The sentences and identifiers of the findings, without what is different each time.
std::string causes_in(const std::string& output) {
    std::string causes;
    std::istringstream lines{output};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("root cause: ") != std::string::npos) causes += line + "\n";
    }
    return causes;
}

/// Asks until a cause with this in it is told: what it is about may have to happen first.
CommandResult ask_until(const TestProject& project, const std::string& text) {
    CommandResult doctor;
    const bool is_told = eventually(
        [&] {
            doctor = project.devstack({"doctor"});
            return causes_in(doctor.output).find(text) != std::string::npos;
        },
        30s);
    INFO(doctor.output);
    CHECK(is_told);
    return doctor;
}

std::string fix_in(const std::string& output) {
    const auto at = output.find("  fix          ");
    return at == std::string::npos ? "" : output.substr(at + 15, output.find('\n', at) - at - 15);
}

}  // namespace

TEST_CASE("a healthy project has nothing wrong", "[integration][doctor]") {
    const Shop shop;
    shop.project.bring_up();
    const CommandResult doctor = shop.project.devstack({"doctor"});
    CHECK(doctor.output == "nothing wrong\n");
    CHECK(doctor.code == 0);
    CHECK(shop.project.devstack({"doctor", "api"}).code == 0);
    const CommandResult json = shop.project.devstack({"doctor", "--json"});
    CHECK(json.output.find("\"healthy\": true") != std::string::npos);
}

TEST_CASE("an env file is looked for where its service works", "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const TestProject project{
        "[project]\nname = \"mono\"\n[service.api]\ncommand = [\"node\", \"api.js\"]\n"
        "working_dir = \"apps/api\"\nenv_file = [\"../../.env\", \".env.local\"]\nport = " +
        number(port) + "\n"};
    project.write_file(".env", "PORT=1\n");
    project.write_file("apps/api/.env.local", "PORT=" + number(port) + "\n");
    project.write_file("apps/api/api.js",
                       "require('http').createServer((request, answer) => answer.end('ok'))"
                       ".listen(Number(process.env.PORT), '127.0.0.1');\n");
    project.bring_up();
    CHECK(project.devstack({"doctor"}).output == "nothing wrong\n");
}

TEST_CASE("a URL that names a dead port is told with where the server really is",
          "[integration][doctor]") {
    const Shop shop;
    const std::uint16_t dead = free_port();
    shop.point_to(dead);
    REQUIRE(shop.project.devstack({"up", "-d"}).code == 0);
    shop.project.await_phase("cache", "ready");
    // It answers, with 503.
    const CommandResult doctor = ask_until(shop.project, "REDIS_URL");
    CHECK(doctor.code == 1);
    CHECK(causes_in(doctor.output) ==
          "root cause: REDIS_URL (.env:1) of api points to localhost:" + number(dead) +
              ", where nothing listens; Redis listens on port " + number(shop.cache) +
              ". [variable-names-dead-port]\n");
    CHECK(fix_in(doctor.output) == "change the port to " + number(shop.cache) + " in .env:1");
}

TEST_CASE("a health URL with a wrong path is told with the right one", "[integration][doctor]") {
    const Shop shop{"/healthy"};
    REQUIRE(shop.project.devstack({"up", "-d"}).code == 0);
    shop.project.await_phase("cache", "ready");
    const CommandResult doctor = ask_until(shop.project, "404");
    CHECK(
        causes_in(doctor.output) ==
        "root cause: The health URL of api asks for the path /healthy, which the service does not "
        "have (404); /api/health answers 200, so the service itself is fine. "
        "[health-path-not-found]\n");
}

TEST_CASE("a stopped process is told, and does not hold the doctor up", "[integration][doctor]") {
    const Shop shop;
    shop.project.bring_up();
    const int pid = shop.project.pid_of("api");
    REQUIRE(kill_process(pid, SIGSTOP) == 0);
    const CommandResult doctor = shop.project.devstack({"doctor", "api"}, 10s);
    kill_process(pid, SIGCONT);
    CHECK_FALSE(doctor.was_late);
    CHECK(
        causes_in(doctor.output) ==
        "root cause: The process of api (node server.js, pid " + std::to_string(pid) +
            ") is stopped (state T, by SIGSTOP or Ctrl-Z): the kernel still accepts connections on "
            "port " +
            number(shop.api) + ", but nothing answers. [process-stopped]\n");
    CHECK(fix_in(doctor.output) == "kill -CONT " + std::to_string(pid));
}

TEST_CASE("who holds a port is told before anything runs", "[integration][doctor]") {
    const Shop shop;
    RunningCommand holder{{{DEVSTACK_TESTCHILD, "listen", number(shop.api)}, "/", {}}};
    holder.await_output("listening");
    const CommandResult doctor = shop.project.devstack({"doctor"});
    CHECK(doctor.code == 1);
    const std::string begin = "root cause: Port " + number(shop.api) +
                              ", which api needs, is held by " + DEVSTACK_TESTCHILD + " listen " +
                              number(shop.api) + " (pid " + std::to_string(holder.pid()) +
                              ", user ";
    CHECK(causes_in(doctor.output).substr(0, begin.size()) == begin);
    const CommandResult port = shop.project.devstack({"doctor", number(shop.api)});
    CHECK(port.output.find("\nseen:\n  127.0.0.1:" + number(shop.api) + " is listened on by ") !=
          std::string::npos);
}

TEST_CASE("nginx that passes to a dead port is told with the line and the right port",
          "[integration][doctor]") {
    const std::uint16_t api = free_port();
    const std::uint16_t front = free_port();
    const std::uint16_t dead = free_port();
    TestProject project{
        "[project]\nname = \"shop\"\n[service.api]\ncommand = [\"node\", \"api.js\"]\nport = " +
        number(api) +
        "\n[service.front]\ncommand = \"nginx -p . -e error.log -c nginx.conf\"\nport = " +
        number(front) + "\ndepends_on = [\"api\"]\nhealth = { url = \"http://127.0.0.1:" +
        number(front) + "/api/x\" }\n"};
    project.write_file("api.js",
                       "require('http').createServer((q, a) => a.end('ok')).listen(" + number(api) +
                           ", '127.0.0.1');\n");
    project.write_file("nginx.conf",
                       "daemon off;\npid nginx.pid;\nerror_log error.log;\nevents {}\n"
                       "http {\n  access_log off;\n  server {\n    listen 127.0.0.1:" +
                           number(front) +
                           ";\n    location /api/ {\n      proxy_pass "
                           "http://127.0.0.1:" +
                           number(dead) + ";\n    }\n  }\n}\n");
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("front", "starting");
    const CommandResult doctor = ask_until(project, "proxy_pass");
    CHECK(causes_in(doctor.output) ==
          "root cause: proxy_pass (nginx.conf:10) of front points to 127.0.0.1:" + number(dead) +
              ", where nothing listens; api listens on port " + number(api) +
              ". [proxy-names-dead-port]\n");
}

TEST_CASE("an upstream that never answers is told, and nginx as its consequence",
          "[integration][doctor]") {
    const std::uint16_t api = free_port();
    const std::uint16_t front = free_port();
    TestProject project{
        "[project]\nname = \"shop\"\n[service.api]\ncommand = [\"node\", \"api.js\"]\nport = " +
        number(api) +
        "\n[service.front]\ncommand = \"nginx -p . -e error.log -c nginx.conf\"\nport = " +
        number(front) + "\ndepends_on = [\"api\"]\nhealth = { url = \"http://127.0.0.1:" +
        number(front) + "/api/x\", interval = \"400ms\", timeout = \"300ms\", retries = 50 }\n"};
    project.write_file(
        "api.js",
        "require('http').createServer(() => {}).listen(" + number(api) + ", '127.0.0.1');\n");
    project.write_file("nginx.conf",
                       "daemon off;\npid nginx.pid;\nerror_log error.log;\nevents {}\n"
                       "http {\n  access_log off;\n  server {\n    listen 127.0.0.1:" +
                           number(front) +
                           ";\n    location / {\n      proxy_pass http://127.0.0.1:" + number(api) +
                           ";\n    }\n  }\n}\n");
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("front", "starting");
    const CommandResult doctor = ask_until(project, "upstream-never-answers");
    const std::string begin =
        "probable root cause: api, to which nginx passes /api/x "
        "(nginx.conf:10), gives no answer to GET http://127.0.0.1:";
    CHECK(causes_in(doctor.output).find(begin) != std::string::npos);
    CHECK(causes_in(doctor.output).find("root cause: front") == std::string::npos);
}

TEST_CASE("an event loop that sleeps is told", "[integration][doctor]") {
    const std::uint16_t port = free_port();
    TestProject project{"[service.api]\ncommand = [\"python3\", \"api.py\"]\nport = " +
                        number(port) + "\nhealth = { url = \"http://127.0.0.1:" + number(port) +
                        "/\", interval = \"400ms\", timeout = \"300ms\", retries = 50 }\n"};
    project.write_file("api.py",
                       "import asyncio, time\n"
                       "async def answer(reader, writer):\n"
                       "    getattr(time, 'sleep')(60)\n"
                       "async def main():\n"
                       "    server = await asyncio.start_server(answer, '127.0.0.1', " +
                           number(port) +
                           ")\n"
                           "    await server.serve_forever()\n"
                           "asyncio.run(main())\n");
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    const CommandResult doctor = ask_until(project, "event-loop-blocked");
    CHECK(causes_in(doctor.output).find("its main thread sleeps (nanosleep)") != std::string::npos);
}

TEST_CASE("who holds the lock on a file that a service waits for is told",
          "[integration][doctor]") {
    TestProject project{
        "[service.worker]\ncommand = [\"flock\", \"store.lock\", \"true\"]\nport = " +
        number(free_port()) + "\n"};
    const std::string path = project.directory() + "/store.lock";
    RunningCommand holder{
        {{"/usr/bin/flock", path, "/bin/sh", "-c", "echo held; exec sleep 60"}, "/", {}}};
    holder.await_output("held");
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("worker", "starting");
    const CommandResult doctor = ask_until(project, "waits-for-file-lock");
    CHECK(causes_in(doctor.output).find(") waits for the lock on the file store.lock, which ") !=
          std::string::npos);
    CHECK(causes_in(doctor.output).find(" (pid " + std::to_string(holder.pid()) + ") holds.") !=
          std::string::npos);
}

TEST_CASE("a FIFO that nobody reads is told", "[integration][doctor]") {
    TestProject project{
        "[service.worker]\ncommand = [\"sh\", \"-c\", \"mkfifo out; echo > out\"]\n"
        "port = " +
        number(free_port()) + "\n"};
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("worker", "starting");
    const CommandResult doctor = ask_until(project, "fifo-has-no-reader");
    CHECK(causes_in(doctor.output).find("/out to write, and nobody has it open to read.") !=
          std::string::npos);
}

TEST_CASE("a module that a command names in vain is told", "[integration][doctor]") {
    TestProject project{
        "[service.api]\ncommand = [\"python3\", \"-m\", \"shop.server\"]\nrestart = \"no\"\n"};
    project.write_file("server.py", "app = 1\n");
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("api", "failed");
    const CommandResult doctor = ask_until(project, "app-module-not-found");
    CHECK(causes_in(doctor.output)
              .find("names the module shop.server (shop.server), which is not "
                    "in its working directory ") != std::string::npos);
    CHECK(causes_in(doctor.output).find("; there is only server.") != std::string::npos);
}

TEST_CASE("why says in one line what the doctor finds", "[integration][doctor]") {
    TestProject project{"[service.api]\ncommand = [\"node\", \"api.js\"]\nrestart = \"no\"\n"};
    project.write_file("api.js", "require('left-pad');\n");
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("api", "failed");
    const std::string cause =
        "\ncause: probably: api requires the module left-pad, which is not installed.\n";
    CommandResult why;
    // A busy machine may need longer to look than `why` has.
    const bool is_told = eventually(
        [&] {
            why = project.devstack({"why", "api"});
            return why.output.find(cause) != std::string::npos;
        },
        30s);
    INFO(why.output);
    CHECK(is_told);
}

TEST_CASE("what is wrong with a question is told", "[integration][doctor]") {
    const Shop shop;
    const CommandResult service = shop.project.devstack({"doctor", "appi"});
    CHECK(service.code == 4);
    CHECK(service.error ==
          "devstack: there is no service or task appi (did you mean `api`?); known "
          "are cache and api\n");
    const CommandResult header = shop.project.devstack({"doctor", "http://x", "-H", "foo"});
    CHECK(header.code == 2);
    CHECK(header.error == "devstack: \"foo\" is no header; write it as \"Name: value\"\n");
    const CommandResult from = shop.project.devstack({"doctor", "--from", "none.json"});
    CHECK(from.code == 2);
    CHECK(from.error == "devstack: cannot read the facts in none.json\n");
    shop.project.write_file("bad.json", "{\"services\": 7}");
    const CommandResult bad = shop.project.devstack({"doctor", "--from", "bad.json"});
    CHECK(bad.code == 2);
    CHECK(bad.error ==
          "devstack: the facts in bad.json: services: expected a list, found a number\n");
    const CommandResult record = shop.project.devstack({"doctor", "--record", "/none/facts.json"});
    CHECK(record.code == 1);
    CHECK(record.error == "devstack: cannot write the facts to /none/facts.json\n");
}

TEST_CASE("no fact holds a password or a secret", "[integration][doctor]") {
    const Shop shop;
    shop.project.write_file(".env",
                            "REDIS_URL=redis://me:hunter2222@localhost:" + number(shop.cache) +
                                "\nJWT_SECRET=swordfish42\n");
    shop.project.bring_up();
    const std::string url = "http://127.0.0.1:" + number(shop.api) + "/api/health";
    shop.project.devstack(
        {"doctor", url, "-H", "Authorization: Bearer letmein", "--record", "f.json"});
    const std::string facts = shop.project.read_file("f.json");
    CHECK(facts.find("redis://me:***@localhost") != std::string::npos);
    CHECK(facts.find("\"Authorization\"") != std::string::npos);
    for (const char* secret : {"hunter2222", "swordfish42", "letmein"}) {
        INFO(secret);
        CHECK(facts.find(secret) == std::string::npos);
    }
}

TEST_CASE("facts are kept and diagnosed again elsewhere", "[integration][doctor]") {
    const Shop shop;
    const CommandResult first = shop.project.devstack({"doctor", "--record", "facts.json"});
    CHECK(first.output ==
          "root cause: shop is not running: there is no devstack daemon, and none of "
          "its services answers. [project-not-running]\n  fix          devstack up\n");
    const CommandResult again = shop.project.devstack({"doctor", "--from", "facts.json"});
    CHECK(again.output == first.output);
    CHECK(again.code == 1);
}

TEST_CASE("a bundle holds what others need, and no secret", "[integration][doctor]") {
    const Shop shop;
    const std::string secret = "swordfish42";
    shop.project.write_file(".env",
                            "REDIS_URL=redis://me:hunter2222@localhost:" + number(shop.cache) +
                                "\nJWT_SECRET=" + secret + "\n");
    shop.project.write_file(
        "devstack.toml",
        shop.project.read_file("devstack.toml") +
            "\n[service.teller]\ncommand = \"echo token is $API_TOKEN; exec sleep 1000\"\n"
            "env = { API_TOKEN = \"opensesame99\" }\n");
    shop.project.bring_up();
    const CommandResult bundle = shop.project.devstack({"bundle", "help.tar"});
    CHECK(bundle.code == 0);
    CHECK(bundle.output.starts_with("wrote help.tar: "));
    CHECK(bundle.output.find("\nsecrets were hidden in\n") != std::string::npos);
    CHECK(bundle.output.find("\n  logs/teller.log: line 1\n") != std::string::npos);
    CHECK(bundle.output.find("  profile.toml: line ") != std::string::npos);
    const std::string directory = shop.project.directory();
    const CommandResult names = run_command({{"/bin/tar", "tf", "help.tar"}, directory, {}});
    CHECK(names.code == 0);
    for (const char* name : {"profile.toml",
                             "env-files.txt",
                             "doctor.txt",
                             "facts.json",
                             "state.json",
                             "events.jsonl",
                             "logs/teller.log",
                             "README.txt"}) {
        INFO(names.output);
        CHECK(names.output.find(std::string{"devstack/"} + name + "\n") != std::string::npos);
    }
    const std::string bytes = shop.project.read_file("help.tar");
    for (const std::string& word :
         {secret, std::string{"hunter2222"}, std::string{"opensesame99"}}) {
        INFO(word);
        CHECK(bytes.find(word) == std::string::npos);
    }
    const CommandResult json = shop.project.devstack({"bundle", "--json"});
    CHECK(json.code == 0);
    CHECK(json.output.starts_with(R"({"file":"devstack-bundle.tar","files":)"));
    CHECK(json.output.find(R"("logs/teller.log: line 1")") != std::string::npos);
    const CommandResult bad = shop.project.devstack({"bundle", "/none/help.tar"});
    CHECK(bad.code == 1);
    CHECK(bad.error ==
          "devstack: cannot write the bundle to /none/help.tar: No such file or directory\n");
}

TEST_CASE("the API answers with the diagnosis", "[integration][doctor]") {
    TestProject project{"[service.api]\ncommand = [\"node\", \"api.js\"]\nrestart = \"no\"\n"};
    project.write_file("api.js", "require('left-pad');\n");
    REQUIRE(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("api", "failed");
    const auto get = [&](const std::string& target) {
        return run_command({{"/usr/bin/curl",
                             "-s",
                             "--unix-socket",
                             project.directory() + "/.devstack/run/control.sock",
                             "http://localhost" + target},
                            "/",
                            {}})
            .output;
    };
    CHECK(eventually(
        [&] { return get("/v1/doctor").find("\"node-module-missing\"") != std::string::npos; },
        30s));
    CHECK(get("/v1/doctor?service=apo").find("there is no service or task apo") !=
          std::string::npos);
    // The state has it, once the daemon has looked by itself.
    CHECK(eventually(
        [&] {
            return get("/v1/state").find("\"finding\":{\"id\":\"node-module-missing\"") !=
                   std::string::npos;
        },
        30s));
    CHECK(eventually([&] {
        return project.devstack({"status"})
                   .output.find("\ncause: api: probably: api requires the module left-pad") !=
               std::string::npos;
    }));
}

TEST_CASE("what the kernel has logged of a crash is told", "[integration][doctor]") {
    const TestProject project{
        "[project]\nname = \"shop\"\n[service.api]\n"
        "command = [\"python3\", \"-c\", \"import ctypes; ctypes.string_at(8)\"]\n"
        "restart = { policy = \"no\" }\n"};
    const std::ifstream log{"/dev/kmsg"};
    if (!log) {
        WARN("no kernel log that we may read");
        return;
    }
    project.devstack({"up", "-d"});
    project.await_phase("api", "failed");
    const CommandResult doctor = project.devstack({"doctor"});
    // The kernel holds back more than ten of these in five seconds, and all of them in some
    // containers.
    if (doctor.output.find("kernel log ") == std::string::npos) {
        WARN("the kernel has logged nothing");
        return;
    }
    CHECK(causes_in(doctor.output) ==
          "root cause: api (python3 -c 'import ctypes; ctypes.string_at(8)') was ended by SIGSEGV: "
          "it has crashed; it used a null pointer (address 8). [crashed]\n");
}

TEST_CASE("a limit of threads that is reached is told with who uses them",
          "[integration][doctor]") {
    if (::geteuid() != 0) {
        WARN("only root starts services as another user");
        return;
    }
    const TestProject project{R"(
[service.pool]
command = ['/usr/bin/python3', '-c', '''
import threading, time
def begin():
    try: threading.Thread(target=time.sleep, args=(1000,)).start()
    except RuntimeError as error: print("worker:", error, flush=True)
for _ in range(70): begin()
print("done", flush=True)
''']
working_dir = '/'
user = 'nobody'
ulimits = { nproc = 60 }
ready = { log = 'done' }
)"};
    project.devstack({"up", "-d"});
    project.await_phase("pool", "ready");
    // Of how many is not said: others may be that user too.
    CHECK(causes_in(project.devstack({"doctor"}).output)
              .starts_with("root cause: No more processes and threads can be started: 60 of 60 are "
                           "there (ulimit -u of nobody), "));
}
