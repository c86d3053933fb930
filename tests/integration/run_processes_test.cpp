#include "devstack/daemon/run_processes.hpp"

#include "support/catch.hpp"
#include "support/fake_proc.hpp"

#include <algorithm>
#include <map>

using namespace devstack;
using namespace devstack::daemon;
using test::FakeProc;

namespace {

constexpr int keeper = 10;
constexpr int daemon_pid = 11;
const ProjectMark project{"/shop", keeper, daemon_pid};
const RunMark api{{{0}, 4}, "api", 100};
const RunMark web{{{1}, 1}, "web", 200};

void add_cookie(FakeProc& proc, int pid, const std::string& dir, const std::string& run) {
    proc.write(std::to_string(pid) + "/environ",
               "A=1" + std::string(1, '\0') + "DEVSTACK_PROJECT_DIR=" + dir + '\0' +
                   "DEVSTACK_RUN=" + run + '\0');
}

/// A keeper with its daemon and two services, and what else a test adds.
void add_project(FakeProc& proc) {
    proc.add_process(1, "init", 0, 1, 1);
    proc.add_process(keeper, "devstack", 1, keeper, keeper);
    proc.add_process(daemon_pid, "devstack", keeper, keeper, keeper);
    proc.add_process(100, "sh", keeper, 100, 100);
    proc.add_process(101, "node", 100, 100, 100);
    proc.add_process(200, "next", keeper, 200, 200);
}

std::map<int, std::string> assign(const FakeProc& proc, const ProjectMark& mark = project) {
    const std::vector<RunMark> runs{api, web};
    const auto processes = platform::collect_processes(proc.procfs());
    const auto assigned = assign_runs(proc.procfs(), mark, runs, processes);
    std::map<int, std::string> services;
    for (std::size_t i = 0; i < processes.size(); ++i) {
        if (assigned[i]) services[processes[i].pid] = runs[*assigned[i]].service;
    }
    return services;
}

using Services = std::map<int, std::string>;

}  // namespace

TEST_CASE("processes belong to a run by session and group", "[integration][processes]") {
    FakeProc proc;
    add_project(proc);
    proc.add_process(102, "worker", keeper, 150, 100);  // Orphan in the session.
    proc.add_process(103, "worker", keeper, 100, 7);    // Orphan in the group.
    CHECK(assign(proc) ==
          Services{{100, "api"}, {101, "api"}, {102, "api"}, {103, "api"}, {200, "web"}});
}

TEST_CASE("processes belong to a run by its cookie", "[integration][processes]") {
    FakeProc proc;
    add_project(proc);
    for (const int pid : {300, 301, 302, 303})
        proc.add_process(pid, "daemon", keeper, pid, pid);
    add_cookie(proc, 300, "/shop", "api#4");
    add_cookie(proc, 301, "/shop", "api#3");   // An older run.
    add_cookie(proc, 302, "/other", "api#4");  // Another project.
    CHECK(assign(proc) == Services{{100, "api"}, {101, "api"}, {200, "web"}, {300, "api"}});
}

TEST_CASE("processes belong to the run of their parent", "[integration][processes]") {
    FakeProc proc;
    add_project(proc);
    proc.add_process(300, "setsid", 101, 300, 300);
    proc.add_process(302, "leaf", 301, 302, 302);
    proc.add_process(301, "setsid", 300, 301, 301);
    CHECK(assign(proc) ==
          Services{
              {100, "api"}, {101, "api"}, {200, "web"}, {300, "api"}, {301, "api"}, {302, "api"}});
}

TEST_CASE("only what lives below the keeper can belong to a run", "[integration][processes]") {
    FakeProc proc;
    add_project(proc);
    proc.add_process(400, "stranger", 1, 100, 100);
    add_cookie(proc, 400, "/shop", "api#4");
    CHECK_FALSE(assign(proc).contains(400));
    SECTION("unless the keeper is gone") {
        CHECK(assign(proc, {"/shop", 0, daemon_pid}).at(400) == "api");
    }
}

TEST_CASE("a table that was torn while it was read does no harm", "[integration][processes]") {
    FakeProc proc;
    add_project(proc);
    proc.add_process(500, "a", 501, 500, 500);
    proc.add_process(501, "b", 500, 501, 501);
    proc.add_process(502, "c", 502, 502, 502);
    proc.add_process(503, "d", 9999, 503, 503);
    CHECK(assign(proc) == Services{{100, "api"}, {101, "api"}, {200, "web"}});
}

TEST_CASE("a tree has its leader and no zombies", "[integration][processes]") {
    FakeProc proc;
    add_project(proc);
    proc.write("102/stat", "102 (gone) Z 100 100 100 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 5 0 0\n");
    const auto trees = collect_trees(proc.procfs(), project, {web, api});
    REQUIRE(trees.size() == 2);
    REQUIRE(trees[0].size() == 1);
    CHECK(trees[0][0].pid == 200);
    CHECK(trees[1].size() == 2);
    CHECK(collect_trees(proc.procfs(), project, {}).empty());
}

TEST_CASE("one process is told by itself or by what stands above it", "[integration][processes]") {
    FakeProc proc;
    add_project(proc);
    proc.add_process(300, "child", 101, 300, 300);
    proc.add_process(301, "stray", keeper, 301, 301);
    proc.add_process(400, "leftover", 1, 400, 400);
    proc.add_process(401, "worker", 400, 401, 401);
    proc.add_process(402, "stranger", 1, 402, 402);
    add_cookie(proc, 400, "/shop", "api#2");
    add_cookie(proc, 402, "/other", "api#4");
    const std::vector<RunMark> runs{api, web};
    const auto kinship = [&](int pid) { return find_kinship(proc.procfs(), project, runs, pid); };
    CHECK(kinship(101).run == 0U);
    CHECK(kinship(200).run == 1U);
    CHECK(kinship(300).run == 0U);
    CHECK_FALSE(kinship(300).is_leftover);
    CHECK(kinship(301).is_leftover);
    CHECK(kinship(400).is_leftover);
    CHECK(kinship(401).is_leftover);
    for (const int pid : {0, 1, keeper, daemon_pid, 402, 9999}) {
        INFO(pid);
        CHECK_FALSE(kinship(pid).run);
        CHECK_FALSE(kinship(pid).is_leftover);
    }
}
