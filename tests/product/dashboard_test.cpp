#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>

#include <sys/stat.h>

using namespace std::chrono_literals;
using namespace devstack::test;

// What `devstack dashboard` serves, and to whom; the page itself is tested in tests/dashboard.

namespace {

std::string curl(const std::vector<std::string>& words) {
    CommandSpec spec;
    spec.argv = {"/usr/bin/curl", "-s", "-m", "10"};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    return run_command(spec).output;
}

const std::string profile = "[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n";

/// "http://127.0.0.1:4711/#token=…" taken apart.
struct Link {
    std::string url;
    std::string bearer;
};

Link await_link(RunningCommand& command) {
    const std::string said = command.await_output("\n");
    const std::size_t hash = said.find("#token=");
    REQUIRE(hash != std::string::npos);
    return {said.substr(0, hash),
            "Authorization: Bearer " + said.substr(hash + 7, said.find('\n') - hash - 7)};
}

}  // namespace

TEST_CASE("the dashboard is served for as long as its command runs", "[integration][dashboard]") {
    const TestProject project{profile};
    project.bring_up();
    RunningCommand command{project.command({"dashboard"})};
    const Link link = await_link(command);
    CHECK(link.bearer.size() == 22 + 64);
    const std::string page = curl({"-i", link.url});
    CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
    for (const std::string header : {"Content-Security-Policy: default-src 'none'; script-src "
                                     "'self'; style-src 'self'; img-src "
                                     "'self'; connect-src 'self'; base-uri 'none'; form-action "
                                     "'none'; frame-ancestors 'none'; "
                                     "require-trusted-types-for 'script'; trusted-types 'none'\r\n",
                                     "X-Frame-Options: DENY\r\n",
                                     "Referrer-Policy: no-referrer\r\n",
                                     "Cross-Origin-Resource-Policy: same-origin\r\n",
                                     "X-Content-Type-Options: nosniff\r\n",
                                     "Content-Type: text/html; charset=utf-8\r\n"}) {
        INFO(header);
        CHECK(page.find(header) != std::string::npos);
    }
    const std::string script = curl({"-i", link.url + "dashboard/main.js"});
    CHECK(script.find("Content-Type: text/javascript; charset=utf-8\r\n") != std::string::npos);
    CHECK(curl({"-H", link.bearer, link.url + "dashboard/../../etc/passwd", "--path-as-is"}) ==
          R"({"code":"not-found","message":"there is nothing at /dashboard/../../etc/passwd",)"
          R"("hint":"GET /v1/state, /v1/events, /v1/logs, /v1/ports, /v1/probes, /v1/crashes, )"
          R"(/v1/doctor, /metrics, /healthz; POST /v1/commands"})");
    CHECK(curl({"-H", link.bearer, link.url + "v1/state"}).find("\"phase\":\"ready\"") !=
          std::string::npos);
    CHECK(curl({link.url + "v1/state"}).starts_with("{\"code\":\"token-needed\""));
    CHECK(curl({"-H", link.bearer, "-H", "Host: evil.example", link.url + "v1/state"})
              .starts_with("{\"code\":\"not-permitted\""));
    CHECK(curl({"-H", link.bearer, "-H", "Origin: http://evil.example", link.url + "v1/state"})
              .starts_with("{\"code\":\"not-permitted\""));

    CHECK(project.devstack({"down"}).code == 0);
    CHECK(curl({link.url + "v1/state"}) ==
          R"({"code":"no-daemon","message":"the project's daemon does not answer"})");
    command.signal(SIGINT);
    const CommandResult ended = command.finish();
    CHECK(ended.code == 130);
    CHECK(ended.error ==
          "devstack: the link is good until Ctrl-C; with `listen` in [api] of the profile it "
          "stays\n");
    CHECK(curl({link.url}).empty());
}

TEST_CASE("the browser is given a page that leads on, not the token", "[integration][dashboard]") {
    const TestProject project{profile};
    project.bring_up();
    project.write_file("xdg-open", "#!/bin/sh\necho \"$@\" >opened\n");
    CommandSpec spec = project.command({"dashboard"});
    // Only where there is a terminal, and a desktop.
    spec.argv = {"/bin/sh",
                 "-c",
                 "chmod +x xdg-open; exec script -qefc '" + spec.argv[0] + " dashboard' /dev/null"};
    spec.environment["PATH"] = project.directory() + ":/usr/bin:/bin";
    spec.environment["DISPLAY"] = ":0";
    RunningCommand command{spec};
    const std::string link = command.await_output("#token=");
    const std::string page = project.directory() + "/.devstack/run/dashboard.html";
    REQUIRE(eventually([&] { return project.read_file("opened") == page + "\n"; }));
    struct stat status {};
    REQUIRE(::stat(page.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const std::string said = command.await_output("stays");
    const std::size_t begin = said.find("http://");
    CHECK(project.read_file(".devstack/run/dashboard.html")
              .find("content=\"0; url=" + said.substr(begin, said.find_first_of("\r\n") - begin) +
                    "\"") != std::string::npos);
}

TEST_CASE("the dashboard of a project that does not run is told to be none",
          "[integration][dashboard]") {
    const TestProject project{profile};
    const CommandResult result = project.devstack({"dashboard"});
    CHECK(result.code == 3);
    CHECK(result.error.ends_with(" is not running; start it with `devstack up`\n"));
}

TEST_CASE("the API tells what probes were answered and how services have ended",
          "[integration][dashboard]") {
    const std::uint16_t port = free_port();
    const TestProject project{R"(
[service.api]
command = ["@CHILD@", "listen", ")" +
                              std::to_string(port) + R"("]
port = )" + std::to_string(port) +
                              R"(
[task.broken]
command = ["@CHILD@", "print", "last words", "then", "exit", "3"]
)"};
    project.bring_up();
    RunningCommand command{project.command({"dashboard", "--no-open"})};
    const Link link = await_link(command);
    const auto get = [&](const std::string& path) {
        return curl({"-H", link.bearer, link.url + path});
    };
    CHECK(get("v1/probes?service=api").find("\"success\":true,\"detail\":\"connected to ") !=
          std::string::npos);
    CHECK(get("v1/probes?service=broken") == "[]");
    CHECK(get("v1/probes") ==
          R"({"code":"bad-request","message":"parameter service: expected one service, of which )"
          R"(to tell the answers"})");
    CHECK(get("v1/probes?service=apo").starts_with("{\"code\":\"no-such-service\""));
    CHECK(get("v1/crashes?tail=x") ==
          R"({"code":"bad-request","message":"parameter tail: expected a whole number, found )"
          R"(\"x\""})");
    CHECK(get("v1/crashes") == "[]");
    CHECK(project.devstack({"run", "broken"}).code == 3);
    CHECK(eventually([&] { return get("v1/crashes?service=broken") != "[]"; }));
    const std::string crashes = get("v1/crashes?service=broken&tail=1");
    CHECK(crashes.find("\"text\":\"last words\"") != std::string::npos);
    CHECK(crashes ==
          project.devstack({"crashes", "broken", "--json"}).output.substr(0, crashes.size()));
    CHECK(get("v1/crashes?service=api") == "[]");
}
