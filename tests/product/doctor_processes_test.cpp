// `devstack doctor` where there is no profile: on servers that others have started.

#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <filesystem>
#include <sstream>

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

std::string number(std::uint16_t port) {
    return std::to_string(port);
}

/// A directory that is no project.
struct Place {
    Place() : project{""} { std::filesystem::remove(project.directory() + "/devstack.toml"); }
    CommandSpec command(const std::vector<std::string>& words) const {
        return {words, project.directory(), project.environment};
    }
    TestProject project;
};

std::string finding_in(const std::string& output) {
    std::string text;
    std::istringstream lines{output};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("root cause: ") != std::string::npos || line.starts_with("  fix ")) {
            text += line + "\n";
        }
    }
    return text;
}

constexpr const char* two_locks = R"(import http.server, threading
one, other = threading.Lock(), threading.Lock()
met = threading.Barrier(2)
def first():
    with one:
        met.wait()
        with other: pass
def second():
    with other:
        met.wait()
        with one: pass
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/lock':
            both = [threading.Thread(target=it) for it in (first, second)]
            for it in both: it.start()
            for it in both: it.join()
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
server = http.server.ThreadingHTTPServer(('127.0.0.1', @PORT@), Handler)
print('listening', flush=True)
server.serve_forever()
)";

}  // namespace

TEST_CASE("a deadlock of a server that nobody supervises is told with both ends",
          "[integration][doctor]") {
    const Place place;
    const std::uint16_t port = free_port();
    std::string script = two_locks;
    script.replace(script.find("@PORT@"), 6, number(port));
    place.project.write_file("bank.py", script);
    RunningCommand server{place.command({"/usr/bin/python3", "bank.py"})};
    server.await_output("listening");
    const std::string url = "http://127.0.0.1:" + number(port);
    const CommandResult well = place.project.devstack({"doctor", url + "/"});
    CHECK(well.output.starts_with("nothing wrong\n"));
    CHECK(well.code == 0);
    const CommandResult doctor = place.project.devstack({"doctor", url + "/lock"});
    const std::string name = "bank.py (pid " + std::to_string(server.pid()) + ")";
    CHECK(doctor.code == 1);
    CHECK(finding_in(doctor.output).starts_with("root cause: " + name + " is in a deadlock: "));
    CHECK(doctor.output.find("in first (bank.py:7)") != std::string::npos);
    CHECK(doctor.output.find("in second (bank.py:11)") != std::string::npos);
    CHECK(doctor.output.find("everywhere; restart " + name + " for now\n") != std::string::npos);
}

TEST_CASE("services that were started by hand are looked at as such", "[integration][doctor]") {
    const std::uint16_t port = free_port();
    const std::uint16_t other = free_port();
    const TestProject project{
        "[project]\nname = \"bank\"\n[service.bank]\ncommand = \"/usr/bin/python3 bank.py\"\n"
        "port = " +
        number(port) + "\n[service.web]\ncommand = \"node web.js\"\nport = " + number(other) +
        "\n"};
    std::string script = two_locks;
    script.replace(script.find("@PORT@"), 6, number(port));
    project.write_file("bank.py", script);
    project.write_file("web.js", "");
    CHECK(finding_in(project.devstack({"doctor"}).output) ==
          "root cause: bank is not running: there is no devstack daemon, and none of its services "
          "answers. [project-not-running]\n  fix          devstack up\n");
    RunningCommand server{{{"/usr/bin/python3", "bank.py"}, project.directory(), {}}};
    server.await_output("listening");
    CHECK(project.devstack({"doctor", "bank"}).output == "nothing wrong\n");
    CHECK(finding_in(project.devstack({"doctor"}).output) ==
          "root cause: web (node web.js) is not running; nothing listens on port " + number(other) +
              ". [service-not-running]\n  fix          start it as the others were started (node "
              "web.js), or end these, and let devstack up start all\n");
    const std::string url = "http://127.0.0.1:" + number(port) + "/lock";
    const CommandResult doctor = project.devstack({"doctor", url});
    CHECK(finding_in(doctor.output).starts_with("root cause: bank is in a deadlock: "));
    CHECK(doctor.output.find("everywhere; restart bank for now\n") != std::string::npos);
}

TEST_CASE("a proxy that nobody supervises is told with the port where nobody listens",
          "[integration][doctor]") {
    const Place place;
    const std::uint16_t front = free_port();
    const std::uint16_t dead = free_port();
    place.project.write_file(
        "nginx.conf",
        "daemon off;\npid nginx.pid;\nerror_log error.log;\nevents {}\nhttp {\n  access_log off;\n"
        "  server {\n    listen 127.0.0.1:" +
            number(front) +
            ";\n    location / { return 200; }\n    location /api/ {\n      proxy_pass "
            "http://127.0.0.1:" +
            number(dead) + ";\n    }\n  }\n}\n");
    RunningCommand nginx{place.command({"/usr/sbin/nginx", "-p", ".", "-c", "nginx.conf"})};
    const std::string url = "http://127.0.0.1:" + number(front);
    const std::string name = "nginx (pid " + std::to_string(nginx.pid()) + ")";
    // It may have begun to listen while the doctor looked already.
    CommandResult doctor;
    REQUIRE(eventually([&] {
        doctor = place.project.devstack({"doctor", url + "/api/x"});
        return doctor.output.find(name + " passes") != std::string::npos;
    }));
    CHECK(finding_in(doctor.output) ==
          "root cause: Nothing listens on 127.0.0.1:" + number(dead) +
              ": what should be there is not running; " + name +
              " passes /api/ to it by proxy_pass (nginx.conf:11). [nothing-listens]\n"
              "  fix          start what should listen on port " +
              number(dead) + " or correct proxy_pass (nginx.conf:11)\n");
    const CommandResult well = place.project.devstack({"doctor", url + "/"});
    CHECK(well.output.starts_with("nothing wrong\n"));
    CHECK(well.code == 0);
}
