#include "support/catch.hpp"
#include "support/test_project.hpp"

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

// The service says it itself, its probe says it, and so does its command line.
const char* const talkative = R"(
[service.api]
command = ["@CHILD@", "env", "API_TOKEN", "then", "listen", "${port}", "then", "x${API_TOKEN}"]
env_file = ".env"
port = @PORT@
health = { command = "echo asked with $API_TOKEN; exit 1", interval = "1s", timeout = "500ms" }
start_timeout = "1s"
restart = "no"
)";

std::string profile_with_port(std::uint16_t port) {
    std::string text{talkative};
    text.replace(text.find("@PORT@"), 6, std::to_string(port));
    return text;
}

}  // namespace

TEST_CASE("nothing but the service's own log shows a secret", "[integration][secrets]") {
    const std::string secret = "s3cret-of-the-api";
    const std::uint16_t port = free_port();
    TestProject project{profile_with_port(port)};
    project.write_file(".env", "API_TOKEN=" + secret + "\n");
    RunningCommand up{project.command({"up"})};
    up.await_output("api | ***\n");
    const std::string why = project.await_phase("api", "stopping");
    INFO(why);
    CHECK(why.find("asked with ***") != std::string::npos);

    std::string shown;
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"status", "--json"},
                                               {"why", "api"},
                                               {"events", "--json"},
                                               {"logs"},
                                               {"logs", "--json"},
                                               {"ports", "--json"}}) {
        const CommandResult result = project.devstack(words);
        shown += result.output + result.error;
    }
    project.devstack({"down"});
    const CommandResult end = up.finish();
    shown += end.output + end.error;
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"crashes", "--full"}, {"crashes", "--json"}, {"events"}, {"logs"}}) {
        const CommandResult result = project.devstack(words);
        shown += result.output + result.error;
    }
    CHECK(shown.find("***") != std::string::npos);
    CHECK(shown.find(secret) == std::string::npos);
    CHECK(project.read_file(".devstack/logs/api.log") == secret + "\nlistening\n");
}
