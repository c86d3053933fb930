#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <filesystem>

using namespace std::chrono_literals;
using namespace devstack::test;

namespace {

const std::string watching = R"(
[service.api]
command = "exec @CHILD@ wait"
watch = ["src/**", "settings.toml"]
[service.other]
command = "exec @CHILD@ wait"
)";

/// Waits until the journal says that api was restarted for this reason, since it had `after` lines.
void await_restart(const TestProject& project, const std::string& path, std::size_t after) {
    CHECK(project.await_phase("api", "stopping", 20s, after) == path + " changed");
    project.await_phase("api", "ready", 20s, after);
}

}  // namespace

TEST_CASE("a service is restarted when a file that it watches changes", "[integration][watch]") {
    TestProject project{watching};
    project.write_file("src/app.js", "1");
    project.bring_up();
    const int other = project.pid_of("other");
    int pid = project.pid_of("api");
    for (const char* path : {"src/app.js", "src/new.js", "src/deep/down/x.js", "settings.toml"}) {
        INFO(path);
        const std::size_t before = project.events_so_far();
        project.write_file(path, "2");
        await_restart(project, path, before);
        CHECK(project.pid_of("api") != pid);
        pid = project.pid_of("api");
    }
    // So many changes so soon after each other are held for the service's own doing otherwise.
    CHECK(project.devstack({"restart", "api"}).code == 0);
    SECTION("also when it is renamed, as editors do, or removed") {
        std::size_t before = project.events_so_far();
        project.write_file("src/.app.js.swp", "3");
        std::filesystem::rename(project.directory() + "/src/.app.js.swp",
                                project.directory() + "/src/app.js");
        await_restart(project, "src/app.js", before);
        before = project.events_so_far();
        std::filesystem::remove(project.directory() + "/src/deep/down/x.js");
        await_restart(project, "src/deep/down/x.js", before);
    }
    SECTION("also when its directory had gone and is back") {
        std::filesystem::rename(project.directory() + "/src", project.directory() + "/was");
        std::size_t before = project.events_so_far();
        project.write_file("src/app.js", "4");
        project.await_phase("api", "ready", 20s, before);
        before = project.events_so_far();
        project.write_file("src/app.js", "5");
        await_restart(project, "src/app.js", before);
    }
    SECTION("also by the daemon after this one") {
        CHECK(project.devstack({"stop", "api"}).code == 0);
        project.write_file("src/app.js", "6");
        CHECK(project.devstack({"start", "api"}).code == 0);
        const std::size_t before = project.events_so_far();
        project.write_file("src/app.js", "7");
        await_restart(project, "src/app.js", before);
    }
    CHECK(project.pid_of("other") == other);
}

TEST_CASE("what tools write for themselves restarts nothing", "[integration][watch]") {
    TestProject project{watching};
    project.write_file("src/app.js", "1");
    project.bring_up();
    const std::size_t before = project.events_so_far();
    for (const char* path :
         {"src/node_modules/x/y.js", "src/.git/HEAD", "src/.app.js.swp", "src/app.js~", "a.js"}) {
        project.write_file(path, "1");
    }
    // In the order in which they happen: what came before this would have been told before it.
    project.write_file("src/last.js", "1");
    await_restart(project, "src/last.js", before);
}

TEST_CASE("a service that changes its own files is left alone after a while",
          "[integration][watch]") {
    TestProject project{R"(
[service.api]
command = "sleep 0.2; date +%N > made.txt; exec sleep 1000"
watch = ["*.txt"]
)"};
    project.write_file("devstack.toml", R"(
[service.api]
command = "sleep 0.2; date +%N > made.txt; exec sleep 1000"
watch = ["*.txt"]
)");
    CHECK(project.devstack({"up", "-d"}).code == 0);
    const std::string why =
        "its files are not watched any more: 5 changes in a row, the last one of made.txt, came "
        "within 2s of its start, as if it changed them itself; restart it to watch again";
    REQUIRE(eventually(
        [&] { return project.devstack({"status"}).output.find(why) != std::string::npos; }, 30s));
    project.await_phase("api", "ready", 20s);
    CHECK(project.devstack({"why", "api"}).output.find("  but         " + why + "\n") !=
          std::string::npos);
}
