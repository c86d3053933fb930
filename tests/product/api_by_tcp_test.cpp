#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

std::string curl(const std::vector<std::string>& words) {
    CommandSpec spec;
    spec.argv = {"/usr/bin/curl", "-s", "-m", "10"};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    return run_command(spec).output;
}

std::string profile_at(std::uint16_t port) {
    return "[api]\nlisten = \"127.0.0.1:" + std::to_string(port) +
           "\"\n[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n";
}

nlohmann::json state_of(const std::string& url, const TestProject& project) {
    return nlohmann::json::parse(
        curl({"-H",
              "Authorization: Bearer " + project.read_file(".devstack/state/api-token"),
              url + "/v1/state"}));
}

}  // namespace

TEST_CASE("the API is served by TCP to who knows the token", "[integration][tcp]") {
    const std::uint16_t port = free_port();
    const TestProject project{profile_at(port)};
    project.bring_up();
    const std::string url = "http://localhost:" + std::to_string(port);
    const std::string token = project.read_file(".devstack/state/api-token");
    CHECK(token.size() == 64);
    const std::string bearer = "Authorization: Bearer " + token;
    CHECK(curl({url + "/healthz"}) == "ok\n");
    CHECK(curl({"-H", bearer, url + "/v1/state"}).find("\"phase\":\"ready\"") != std::string::npos);
    CHECK(curl({url + "/v1/state"}) ==
          R"({"code":"token-needed","message":"this needs the token in .devstack/state/api-token: )"
          R"(Authorization: Bearer TOKEN, or the parameter token=TOKEN"})");
    CHECK(curl({"-H", bearer, "-H", "Host: evil.example", url + "/v1/state"}) ==
          R"({"code":"not-permitted","message":"the request is for the host \"evil.example\", )"
          R"(which is not a name of this listener"})");
    CHECK(project.devstack({"events"})
              .output.find("the API is served at http://127.0.0.1:" + std::to_string(port) +
                           ", token in .devstack/state/api-token\n") != std::string::npos);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(curl({url + "/healthz"}).empty());
}

TEST_CASE("whoever comes by TCP while the daemon is dead waits for the next one",
          "[integration][tcp]") {
    const std::uint16_t port = free_port();
    const TestProject project{profile_at(port)};
    project.bring_up();
    const std::string url = "http://127.0.0.1:" + std::to_string(port);
    const int service = project.pid_of("api");
    for (int death = 0; death < 3; ++death) {
        const std::string pid = state_of(url, project).at("daemon_pid").dump();
        REQUIRE(kill_process(std::stoi(pid), SIGKILL) == 0);
        // Nothing has been refused, and nobody else could have listened there.
        CHECK(curl({"--retry", "0", url + "/healthz"}) == "ok\n");
        CHECK(state_of(url, project).at("daemon_pid").dump() != pid);
    }
    CHECK(project.pid_of("api") == service);
    CHECK(project.devstack({"down"}).code == 0);
    CHECK(curl({url + "/healthz"}).empty());
}

TEST_CASE("a port of the API that is taken is told at once", "[integration][tcp]") {
    const std::uint16_t port = free_port();
    const TestProject first{profile_at(port)};
    first.bring_up();
    const TestProject second{profile_at(port)};
    const CommandResult up = second.devstack({"up", "-d"});
    CHECK(up.code == 1);
    CHECK(up.error == "devstack: [api]: cannot listen on 127.0.0.1:" + std::to_string(port) +
                          ": Address already in use\n");
    CHECK(processes_left_of(second.directory()).empty());
}

TEST_CASE("Prometheus scrapes the metrics", "[integration][tcp][stack]") {
    const std::uint16_t port = free_port();
    const TestProject project{profile_at(port)};
    project.bring_up();
    const std::uint16_t own = free_port();
    project.write_file("prometheus.yml",
                       "scrape_configs:\n"
                       "  - job_name: devstack\n"
                       "    scrape_interval: 200ms\n"
                       "    scrape_timeout: 200ms\n"
                       "    authorization:\n"
                       "      credentials_file: " +
                           project.directory() + "/.devstack/state/api-token\n" +
                           "    static_configs:\n"
                           "      - targets: ['127.0.0.1:" +
                           std::to_string(port) + "']\n");
    CommandSpec spec;
    spec.argv = {"/usr/bin/prometheus",
                 "--config.file=prometheus.yml",
                 "--storage.tsdb.path=" + project.directory() + "/tsdb",
                 "--web.listen-address=127.0.0.1:" + std::to_string(own)};
    spec.directory = project.directory();
    const RunningCommand prometheus{spec};
    const std::string query = "http://127.0.0.1:" + std::to_string(own) +
                              "/api/v1/query?query=devstack_service_phase%7Bphase%3D%22ready%22%7D";
    std::string answer;
    const bool is_scraped = eventually(
        [&] {
            answer = curl({query});
            return answer.find(",\"1\"]") != std::string::npos;
        },
        30s);
    INFO(answer);
    CHECK(is_scraped);
    CHECK(answer.find("\"service\":\"api\"") != std::string::npos);
}
