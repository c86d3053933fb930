#include "support/catch.hpp"
#include "support/small_disk.hpp"
#include "support/test_project.hpp"

#include <csignal>
#include <filesystem>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;
using nlohmann::json;

namespace {

int daemon_of(const TestProject& project) {
    const auto status = json::parse(project.devstack({"status", "--json"}).output, nullptr, false);
    return status.is_object() ? status.value("daemon_pid", 0) : 0;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Taken down while its disk is there.
struct Running {
    const TestProject& project;
    explicit Running(const TestProject& running) : project{running} { project.bring_up(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { project.devstack({"down"}); }
};

}  // namespace

TEST_CASE("on a full disk services run on, and what was lost is told in its place",
          "[integration][logs]") {
    TestProject project{R"(
[service.api]
command = """
echo begin
until [ -e flood ]; do sleep 0.05; done
yes 0123456789abcde | head -c 4000000
echo > flooded
until [ -e go ]; do sleep 0.05; done
echo after
exec sleep 1000
"""
)"};
    const SmallDisk disk{project.directory() + "/.devstack", "2m"};
    if (!disk.is_ready()) {
        WARN("skipped: a small file system can not be mounted here");
        return;
    }
    const std::string log = project.directory() + "/.devstack/logs/api.log";
    const Running running{project};
    const int service = project.pid_of("api");
    const int first = daemon_of(project);
    project.write_file("flood", "");
    CHECK(eventually([&] { return std::filesystem::exists(project.directory() + "/flooded"); }));
    CHECK(std::filesystem::file_size(log) < 2'097'152);

    // A daemon that begins on the full disk goes on with what runs.
    REQUIRE(kill_process(first, SIGKILL) == 0);
    REQUIRE(eventually([&] {
        const int now = daemon_of(project);
        return now > 0 && now != first;
    }));
    CHECK(project.pid_of("api") == service);

    REQUIRE(disk.resize("16m"));
    project.write_file("go", "");
    REQUIRE(eventually([&] { return has(project.devstack({"logs", "-n", "1"}).output, "after"); }));
    CHECK(project.devstack({"logs", "-n", "1"}).output == "api | after\n");
    const std::string last = project.devstack({"logs", "-n", "2"}).output;
    INFO(last);
    CHECK(has(last, "MiB of output were lost here, because the log could not be written ...\n"));
    CHECK(last.ends_with("written ...\napi | after\n"));
    const std::string as_json = project.devstack({"logs", "-n", "2", "--json"}).output;
    INFO(as_json);
    const std::uint64_t kept = std::filesystem::file_size(log) - std::string{"after\n"}.size();
    CHECK(has(as_json,
              "\n{\"service\":\"api\",\"lost_bytes\":" +
                  std::to_string(4'000'000 + std::string{"begin\n"}.size() - kept) +
                  ",\"cause\":\"unwritten\",\"cursor\":"));
    REQUIRE(eventually([&] {
        return has(project.devstack({"events"}).output,
                   "capture of api stopped: cannot write " + log +
                       ": No space left on device; output is dropped until it can be written");
    }));
    CHECK(project.pid_of("api") == service);
}

TEST_CASE("log files that somebody removes are begun anew, with an event", "[integration][logs]") {
    TestProject project{R"(
[service.api]
command = """
echo begin
until [ -e go ]; do sleep 0.05; done
echo after
exec sleep 1000
"""
)"};
    project.bring_up();
    const std::string logs = project.directory() + "/.devstack/logs";
    REQUIRE(eventually([&] { return has(project.devstack({"logs"}).output, "begin"); }));
    std::filesystem::remove_all(logs);
    project.write_file("go", "");
    REQUIRE(eventually([&] { return has(project.devstack({"logs"}).output, "after"); }));
    CHECK(project.devstack({"logs"}).output == "api | after\n");
    CHECK(has(project.devstack({"events"}).output,
              logs + " was removed by somebody; capture of api goes on in a new one"));
}
