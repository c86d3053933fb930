#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace devstack::test;
using nlohmann::json;

namespace {

/// The whole answer, or what went wrong.
std::string get(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string_view question = "GET / HTTP/1.0\r\n\r\n";
    std::string answer;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(fd, question.data(), question.size(), MSG_NOSIGNAL) < 0) {
        answer = std::strerror(errno);
    }
    std::array<char, 4096> buffer;
    while (answer.empty() || answer.starts_with("HTTP")) {
        const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (size < 0) answer = std::strerror(errno);
        if (size <= 0) break;
        answer.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ::close(fd);
    return answer;
}

bool is_answer(const std::string& text) {
    return text.find("200 OK") != std::string::npos && text.ends_with("hello");
}

/// The keeper may close its copy a moment after the service is called stopped.
bool is_refused(std::uint16_t port) {
    return eventually([&] { return get(port) == "Connection refused"; });
}

/// Serves on the socket that it is handed; takes its leave of those that it has let in.
constexpr auto server = R"(
const http = require('http');
if (process.env.LISTEN_PID !== String(process.pid)) process.exit(2);
if (process.env.LISTEN_FDS !== '1' || process.env.LISTEN_FDNAMES !== 'port') process.exit(3);
const server = http.createServer((request, response) => {
  response.setHeader('Connection', 'close');
  response.end('hello');
});
server.listen({ fd: 3 }, () => console.log('listening'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
)";

std::string profile_for(std::uint16_t port, const std::string& more) {
    return "[service.api]\ncommand = ['node', 'server.js']\nport = { port = " +
           std::to_string(port) + ", socket = true }\n" + more;
}

std::string phase_of(const TestProject& project) {
    return json::parse(project.devstack({"status", "--json"}).output)["services"][0]["phase"];
}

}  // namespace

TEST_CASE("nobody is refused while a service is restarted, or devstack replaced",
          "[integration][sockets]") {
    const std::uint16_t port = free_port();
    TestProject project{profile_for(port, "ready = { log = '^listening$' }\n")};
    project.write_file("server.js", server);
    project.bring_up();
    std::atomic<bool> is_over = false;
    std::atomic<int> answers = 0;
    std::vector<std::vector<std::string>> failures(2);
    std::vector<std::thread> clients;
    for (auto& own : failures) {
        clients.emplace_back([&] {
            while (!is_over) {
                const std::string answer = get(port);
                if (is_answer(answer)) {
                    ++answers;
                } else {
                    own.push_back(answer);
                }
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        CHECK(project.devstack({"restart", "api"}).code == 0);
        if (i % 10 == 5) CHECK(project.devstack({"upgrade", "--force"}).code == 0);
    }
    is_over = true;
    for (std::thread& client : clients)
        client.join();
    CHECK(failures == std::vector<std::vector<std::string>>(2));
    CHECK(answers > 20);
    const json state = json::parse(project.devstack({"status", "--json"}).output)["services"][0];
    CHECK(state["differences"].empty());
    CHECK(state["run"] == 21);

    SECTION("and the port is free when the project is down") {
        CHECK(project.devstack({"ports", std::to_string(port)}).output.find("api") !=
              std::string::npos);
        project.devstack({"down"});
        CHECK(is_refused(port));
    }
    SECTION("and when the service is stopped") {
        project.devstack({"stop", "api"});
        CHECK(is_refused(port));
        project.devstack({"start", "api"});
        CHECK(is_answer(get(port)));
    }
    SECTION("nor while the daemon is away") {
        const int daemon =
            json::parse(project.devstack({"status", "--json"}).output)["daemon_pid"].get<int>();
        kill_process(daemon, SIGKILL);
        kill_process(project.pid_of("api"), SIGKILL);
        CHECK(is_answer(get(port)));
        project.devstack({"down"});
        CHECK(is_refused(port));
    }
}

TEST_CASE("a service on demand starts at the first connection", "[integration][sockets]") {
    const std::uint16_t port = free_port();
    TestProject project{profile_for(port,
                                    "ready = { log = '^listening$' }\non_demand = true\n"
                                    "[service.web]\ncommand = ['@CHILD@', 'wait']\n"
                                    "depends_on = ['api']\n")};
    project.write_file("server.js", server);
    const CommandResult up = project.devstack({"up", "-d", "--wait"});
    CHECK(up.code == 0);
    INFO(up.output << up.error);
    CHECK(phase_of(project) == "waiting");
    CHECK(project.devstack({"why", "api"})
              .output.starts_with("api is waiting: starts at the first connection to port " +
                                  std::to_string(port) + "\n"));
    SECTION("at once") {}
    SECTION("though the daemon that waited is no more") {
        const int daemon =
            json::parse(project.devstack({"status", "--json"}).output)["daemon_pid"].get<int>();
        kill_process(daemon, SIGKILL);
    }
    CHECK(is_answer(get(port)));
    CHECK(project.await_phase("api", "ready") == "its output says \"listening\"");
    project.devstack({"stop", "api"});
    CHECK(is_refused(port));
    project.devstack({"start", "api"});
    CHECK(phase_of(project) == "waiting");
    CHECK(is_answer(get(port)));
}

TEST_CASE("a socket that can not be opened is a failure with its reason",
          "[integration][sockets]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "wait"]
port = { port = 3999, socket = true, host = "203.0.113.1" }
)"};
    CHECK(project.devstack({"up", "-d", "--wait"}).code == 1);
    CHECK(project.await_phase("api", "failed") ==
          "cannot listen on 203.0.113.1:3999: Cannot assign requested address");
}

TEST_CASE("a service that lets go of its socket is found out", "[integration][sockets]") {
    const std::uint16_t port = free_port();
    TestProject project{"[service.api]\ncommand = 'exec 3<&-; exec sleep 1000'\nport = { port = " +
                        std::to_string(port) + ", socket = true }\n"};
    project.bring_up();
    REQUIRE(eventually([&] {
        return project.devstack({"events"})
                   .output.find("api was handed the socket of port " + std::to_string(port) +
                                " and has closed it: nobody answers there") != std::string::npos;
    }));
}
