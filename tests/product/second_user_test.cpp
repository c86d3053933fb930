#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <filesystem>

#include <unistd.h>

using namespace devstack::test;
namespace fs = std::filesystem;

// What somebody else on the same machine can do to a project: nothing. Only root can try it.

namespace {

constexpr uid_t nobody = 65534;

bool is_root() {
    if (::geteuid() == 0) return true;
    WARN("only root can try this");
    return false;
}

CommandResult as_nobody(const TestProject& project, const std::vector<std::string>& words) {
    CommandSpec spec = project.command({});
    const std::string devstack = spec.argv.front();
    spec.argv = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"};
    for (const std::string& word : words)
        spec.argv.push_back(word == "devstack" ? devstack : word);
    return run_command(spec);
}

void open_to_all(const fs::path& path) {
    fs::permissions(path, fs::perms::all);
}

const std::string profile = "[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n";

}  // namespace

TEST_CASE("another user sees nothing of a project", "[integration][security]") {
    if (!is_root()) return;
    TestProject project{profile};
    open_to_all(project.directory());
    project.bring_up();
    for (const char* path :
         {"state/events.jsonl", "state/ledger.jsonl", "logs", "run/control.sock"}) {
        const CommandResult look =
            as_nobody(project, {"/usr/bin/stat", project.directory() + "/.devstack/" + path});
        CHECK(look.code == 1);
        CHECK(look.error.find("Permission denied") != std::string::npos);
    }
    const CommandResult status = as_nobody(project, {"devstack", "status"});
    CHECK(status.code == 1);
    CHECK(status.error == "devstack: cannot connect to " + project.directory() +
                              "/.devstack/run/control.sock: Permission denied\n");
    const CommandResult up = as_nobody(project, {"devstack", "up", "-d"});
    CHECK(up.code == 1);
    CHECK(up.error == "devstack: will not use " + project.directory() +
                          "/.devstack: it belongs to another user\n");
    const CommandResult logs = as_nobody(project, {"devstack", "logs"});
    CHECK(logs.code == 1);
    CHECK(logs.output.empty());
    CHECK(logs.error == "devstack: cannot read the logs in " + project.directory() +
                            "/.devstack/logs: permission denied\n");
    // Who may not ask does not know that nothing runs.
    const CommandResult doctor = as_nobody(project, {"devstack", "doctor"});
    CHECK(doctor.output.find("is not running") == std::string::npos);
    CHECK(doctor.output.find(
              "what devstack knows of its services: cannot connect to " + project.directory() +
              "/.devstack/run/control.sock: Permission denied") != std::string::npos);
    CHECK(project.pid_of("api") != 0);
}

// Somebody has opened what devstack had closed: who they are counts all the same.
TEST_CASE("another user is refused at the control socket", "[integration][security]") {
    if (!is_root()) return;
    TestProject project{profile};
    project.bring_up();
    const fs::path base = project.directory() + "/.devstack";
    for (const fs::path& path :
         {fs::path{project.directory()}, base, base / "run", base / "run/control.sock"})
        open_to_all(path);
    const CommandResult answer = as_nobody(project,
                                           {"/usr/bin/curl",
                                            "-sS",
                                            "-w",
                                            "%{http_code}",
                                            "--unix-socket",
                                            base / "run/control.sock",
                                            "http://localhost/v1/state"});
    INFO(answer.error);
    CHECK(answer.output.find("this socket belongs to another user: user 65534 may not use it") !=
          std::string::npos);
    CHECK(answer.output.ends_with("403"));
    const CommandResult down = as_nobody(project, {"devstack", "down"});
    CHECK(down.code == 1);
    CHECK(down.error ==
          "devstack: this socket belongs to another user: user 65534 may not use it\n");
    CHECK(project.pid_of("api") != 0);
}

TEST_CASE("a service that runs as another user is refused there too", "[integration][security]") {
    if (!is_root()) return;
    TestProject project{
        "[service.api]\nuser = \"nobody\"\nworking_dir = \"/\"\n"
        "command = '''curl -sS --unix-socket \"${PROJECT_DIR}/.devstack/run/control.sock\" "
        "http://localhost/v1/state; exec sleep 1000'''\n"};
    open_to_all(project.directory());
    project.bring_up();
    REQUIRE(eventually([&] { return !project.read_file(".devstack/logs/api.log").empty(); }));
    CHECK(project.read_file(".devstack/logs/api.log").find("curl: (7) ") == 0);
}

TEST_CASE("directories that somebody else may have prepared are refused",
          "[integration][security]") {
    if (!is_root()) return;
    TestProject project{profile};
    const std::string base = project.directory() + "/.devstack";
    fs::create_directory(base);
    SECTION("one that belongs to another user") {
        fs::create_directory(base + "/state");
        REQUIRE(::chown((base + "/state").c_str(), nobody, nobody) == 0);
        const CommandResult up = project.devstack({"up", "-d"});
        CHECK(up.code == 1);
        CHECK(up.error ==
              "devstack: will not use " + base + "/state: it belongs to another user\n");
    }
    SECTION("a symbolic link") {
        fs::create_directory(project.directory() + "/elsewhere");
        fs::create_directory_symlink(project.directory() + "/elsewhere", base + "/run");
        const CommandResult up = project.devstack({"up", "-d"});
        CHECK(up.code == 1);
        CHECK(up.error == "devstack: will not use " + base + "/run: it is a symbolic link\n");
        CHECK(fs::is_empty(project.directory() + "/elsewhere"));
    }
}
