#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <filesystem>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;
using nlohmann::json;

TEST_CASE("a crash leaves a record with the last words", "[integration][crashes]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "print-after", "50", "one", "then", "print-err", "end", "then", "exit", "7"]
restart = "no"
ready = { command = "exit 4" }
[service.web]
command = ["@CHILD@", "wait"]
)"};
    CHECK(project.devstack({"up", "-d", "--wait"}).code == 1);
    project.devstack({"down"});

    const CommandResult list = project.devstack({"crashes"});
    CHECK(list.code == 0);
    CHECK(list.output.starts_with("TIME "));
    CHECK(
        list.output.find("  api        1  exited with code 7  its restart policy is \"no\"  -\n") !=
        std::string::npos);

    const CommandResult one = project.devstack({"crashes", "api"});
    CHECK(one.output.starts_with("api exited with code 7 at "));
    CHECK(one.output.find("  decision  its restart policy is \"no\"\n") != std::string::npos);
    CHECK(one.output.find(" stdout one\n") != std::string::npos);
    CHECK(one.output.find(" stderr end\n") != std::string::npos);
    CHECK(project.devstack({"crashes", "--full"}).output == one.output);

    const json record = json::parse(project.devstack({"crashes", "api", "--json"}).output).at(0);
    CHECK(record["service"] == "api");
    CHECK(record["run"] == 1);
    CHECK(record["code"] == 7);
    CHECK(record["pid"] > 0);
    CHECK(record["lived_seconds"] > 0);
    CHECK(record["peak_memory_bytes"] > 100'000);
    CHECK(record["lines"].size() == 2);

    const CommandResult calm = project.devstack({"crashes", "web"});
    CHECK(calm.code == 0);
    CHECK(calm.output.empty());
    CHECK(calm.error == "devstack: no crash of web is on record\n");
    CHECK(project.devstack({"crashes", "web", "--json"}).output == "[]\n");

    const CommandResult unknown = project.devstack({"crashes", "apo"});
    CHECK(unknown.code == 4);
    CHECK(unknown.error ==
          "devstack: there is no service or task apo (did you mean `api`?); known are api and "
          "web\n");
}

TEST_CASE("the record of a service that did not answer tells what it was asked",
          "[integration][crashes]") {
    TestProject project{R"(
[service.api]
command = ["@CHILD@", "wait"]
ready = { command = "exit 4" }
start_timeout = "300ms"
restart = { policy = "on-failure", delay = "1h", max_delay = "1h" }
)"};
    CHECK(project.devstack({"up", "-d"}).code == 0);
    project.await_phase("api", "backing-off");
    json records;
    CHECK(eventually([&] {
        records = json::parse(project.devstack({"crashes", "--json"}).output);
        return !records.empty();
    }));
    const json& record = records.at(0);
    CHECK(record["ended"] == "ended by SIGTERM");
    CHECK(record["why"] == "was not ready within 300ms: exited with code 4");
    CHECK(record["decision"].get<std::string>().starts_with("restart 1 comes after "));
    const json& answer = record["probe_answers"].at(0);
    CHECK(answer["detail"] == "exited with code 4");
    CHECK(answer["success"] == false);
    CHECK(answer["count"] > 1);
}

TEST_CASE("crash records that are damaged are passed over, and all of them can be",
          "[integration][crashes]") {
    TestProject project{"[service.api]\ncommand = \"x\"\n"};
    const std::string name = ".devstack/state/crashes/api-2026-11-21T12:00:03.123Z.json";
    project.write_file(name, "half a rec");
    const CommandResult result = project.devstack({"crashes", "api"});
    CHECK(result.code == 0);
    CHECK(result.output.empty());
    CHECK(result.error == "devstack: left out the crash record " + project.directory() + "/" +
                              name +
                              ": not valid JSON at byte 0: syntax error\n"
                              "devstack: no crash of api is on record\n");
}
