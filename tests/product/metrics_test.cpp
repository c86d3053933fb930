#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <csignal>

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

std::string scrape(const TestProject& project, const std::string& accept) {
    CommandSpec curl;
    curl.argv = {"/usr/bin/curl",
                 "-s",
                 "-H",
                 "Accept: " + accept,
                 "--unix-socket",
                 project.directory() + "/.devstack/run/control.sock",
                 "http://localhost/metrics"};
    return run_command(curl).output;
}

/// The value of the sample, "" if there is none.
std::string value_of(const std::string& text, const std::string& sample) {
    const std::size_t at = text.find("\n" + sample + " ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + sample.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_CASE("metrics tell what has happened", "[integration][metrics]") {
    const std::uint16_t port = free_port();
    const TestProject project{"[service.api]\nport = " + std::to_string(port) + R"(
command = ["@CHILD@", "print", "hello", "then", "listen", "${port}"]
restart = { policy = "always", delay = "10ms" }
)"};
    project.bring_up();
    const std::size_t before = project.events_so_far();
    kill_process(project.pid_of("api"), SIGKILL);
    project.await_phase("api", "ready", 20s, before);
    const std::string text = scrape(project, "*/*");
    INFO(text);
    CHECK(value_of(text, R"(devstack_service_phase{service="api",phase="ready"})") == "1");
    CHECK(value_of(text, R"(devstack_service_phase{service="api",phase="failed"})") == "0");
    CHECK(value_of(text, R"(devstack_service_restarts_total{service="api"})") == "1");
    CHECK(value_of(text, R"(devstack_service_log_bytes_total{service="api"})") == "32");
    CHECK(value_of(text, R"(devstack_service_processes{service="api"})") == "1");
    CHECK(std::stod(value_of(text, R"(devstack_service_ready_seconds{service="api"})")) > 0);
    CHECK(std::stod(value_of(text, "process_resident_memory_bytes")) > 1'000'000);
    CHECK(std::stod(value_of(text, "devstack_keeper_open_fds")) > 3);
    CHECK(text.find("# EOF") == std::string::npos);
    CHECK(scrape(project, "application/openmetrics-text; version=1.0.0").ends_with("\n# EOF\n"));

    project.write_file("metrics", text);
    CommandSpec promtool;
    promtool.argv = {"/bin/sh", "-c", "promtool check metrics < metrics"};
    promtool.directory = project.directory();
    const CommandResult verdict = run_command(promtool);
    CHECK(verdict.code == 0);
    CHECK(verdict.output + verdict.error == std::string{});
}
