#include "devstack/daemon/port_scanner.hpp"

#include "devstack/daemon/listening_comparison.hpp"
#include "devstack/platform/clock.hpp"

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/listener.hpp"

#include <filesystem>

#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;

namespace {

const platform::Procfs procfs;
const std::string project_dir = "/devstack-test/ports";
const core::RunId asking{{7}, 3};

ProjectMark project() {
    return {project_dir, ::getpid(), 0};
}
/// A keeper that has nothing to do with the children of the test.
ProjectMark other_keeper() {
    return {project_dir, 4'000'000, 0};
}

std::vector<core::PortHolder> holders_of(Port port,
                                         const ProjectMark& mark,
                                         const std::vector<RunMark>& living = {}) {
    return collect_port_holders(procfs, mark, living, {{asking, {port}}})[0].holders;
}

/// A process that holds the listening socket, which the test gives away.
ChildProcess hold(Listener& listener, const std::string& run) {
    const std::string script = "cd /tmp; echo up; exec sleep 1000";
    const auto environment = run.empty() ? std::vector<std::string>{"PATH=/usr/bin:/bin"}
                                         : run_environment(project_dir, run);
    return ChildProcess{script, environment, {listener.fd()}};
}

}  // namespace

TEST_CASE("the holder of a port is described completely", "[integration][ports]") {
    Listener listener{"127.0.0.1"};
    ChildProcess child = hold(listener, "");
    child.read_line();
    listener.close();
    const auto holders = holders_of(listener.port(), other_keeper());
    REQUIRE(holders.size() == 1);
    core::PortHolder expected;
    expected.port = listener.port();
    expected.address = "127.0.0.1";
    expected.pid = child.pid();
    expected.command = holders[0].command;  // sh, or sleep already.
    expected.user = platform::user_name(::geteuid());
    expected.since = platform::render_local_time(*platform::read_start_time(procfs, child.pid()),
                                                 platform::wall_now());
    expected.working_dir = "/tmp";
    CHECK(holders[0] == expected);
    CHECK(holders[0].since.size() == 5);
}

TEST_CASE("any address of the port is a conflict", "[integration][ports]") {
    for (const std::string address : {"127.0.0.1", "0.0.0.0", "::1", "::"}) {
        INFO(address);
        Listener listener{address};
        if (!listener.is_listening()) continue;
        const auto holders = holders_of(listener.port(), other_keeper());
        REQUIRE(holders.size() == 1);
        CHECK(holders[0].address == address);
        CHECK(holders[0].pid == ::getpid());
    }
}

TEST_CASE("many questions are answered in order", "[integration][ports]") {
    Listener first{"127.0.0.1"};
    Listener second{"127.0.0.1"};
    const Port unused = unused_port();
    const core::RunId other{{8}, 1};
    const auto answers = collect_port_holders(procfs,
                                              other_keeper(),
                                              {},
                                              {{asking, {unused, second.port(), first.port()}},
                                               {other, {}},
                                               {other, {unused}},
                                               {other, {first.port()}}});
    REQUIRE(answers.size() == 4);
    CHECK(answers[0].run == asking);
    REQUIRE(answers[0].holders.size() == 2);
    CHECK(answers[0].holders[0].port == second.port());
    CHECK(answers[0].holders[1].port == first.port());
    CHECK(answers[1].holders.empty());
    CHECK(answers[2].holders.empty());
    CHECK(answers[3].run == other);
    CHECK(answers[3].holders.size() == 1);
    CHECK(collect_port_holders(procfs, other_keeper(), {}, {}).empty());
}

TEST_CASE("a leftover of an earlier run is known by its cookie", "[integration][ports]") {
    Listener listener{"127.0.0.1"};
    ChildProcess child = hold(listener, "api#2");
    child.read_line();
    listener.close();
    const auto holders = holders_of(listener.port(), other_keeper());
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].pid == child.pid());
    CHECK(holders[0].is_leftover);
    CHECK(holders[0].service.empty());
    SECTION("but not as one of another project") {
        const auto seen = holders_of(listener.port(), {"/elsewhere", 4'000'000, 0});
        CHECK_FALSE(seen[0].is_leftover);
    }
}

TEST_CASE("a living service of this project is named", "[integration][ports]") {
    Listener listener{"127.0.0.1"};
    ChildProcess child = hold(listener, "api#2");
    child.read_line();
    listener.close();
    const RunMark api{{{2}, 2}, "api", child.pid()};
    const auto holders = holders_of(listener.port(), project(), {api});
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].service == "api");
    CHECK_FALSE(holders[0].is_leftover);
    SECTION("but a run is no obstacle to itself") {
        const auto own =
            collect_port_holders(procfs, project(), {api}, {{api.run, {listener.port()}}});
        CHECK(own[0].holders.empty());
    }
    SECTION("and is listed as what listens there") {
        const auto listed = collect_all_listeners(procfs, project(), {api}, listener.port());
        REQUIRE(listed.size() == 1);
        CHECK(listed[0].port == listener.port().number);
        CHECK(listed[0].address == "127.0.0.1");
        CHECK(listed[0].pid == child.pid());
        CHECK(listed[0].service == "api");
        CHECK(listed[0].working_dir == "/tmp");
        const auto all = collect_all_listeners(procfs, project(), {api});
        CHECK(std::ranges::find(all, listed[0]) != all.end());
        CHECK(std::ranges::is_sorted(all, {}, &core::api::ListeningPort::port));
    }
    SECTION("and is compared with what it declared") {
        const auto compare = [&](Port declared) {
            const auto answers = compare_listening(procfs, project(), {{api, {declared}}});
            REQUIRE(answers.size() == 1);
            CHECK(answers[0].run == api.run);
            return answers[0].differences;
        };
        CHECK(compare(listener.port()).empty());
        CHECK(compare(Port{1}) == std::vector<std::string>{"api declared port 1 and listens on " +
                                                           to_string(listener.port())});
    }
}

TEST_CASE("of processes that share a socket the first is the holder", "[integration][ports]") {
    Listener listener{"127.0.0.1"};
    ChildProcess server{
        "sleep 1000 & sleep 1000 & echo up; wait", {"PATH=/usr/bin:/bin"}, {listener.fd()}};
    server.read_line();
    listener.close();
    const auto holders = holders_of(listener.port(), other_keeper());
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].pid == server.pid());
}

TEST_CASE("one process with two sockets on a port holds it once", "[integration][ports]") {
    Listener first{"127.0.0.1"};
    Listener second{"127.0.0.2", first.port()};
    if (!second.is_listening()) return;
    CHECK(holders_of(first.port(), other_keeper()).size() == 1);
    CHECK(collect_all_listeners(procfs, other_keeper(), {}, first.port()).size() == 2);
}

TEST_CASE("a socket that nobody holds is being torn down", "[integration][ports]") {
    if (::geteuid() != 0) return;  // Only root sees everybody.
    Listener listener{"127.0.0.1"};
    // On its way from one process to another the socket belongs to nobody.
    const SocketInFlight in_flight{listener};
    const auto holders = holders_of(listener.port(), other_keeper());
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].pid == 0);
    CHECK(holders[0].is_teardown);
    CHECK(holders[0].user.empty());
}

TEST_CASE("a socket of somebody we can not look into has a user and no pid",
          "[integration][ports]") {
    if (::geteuid() != 0) return;
    Listener listener{"127.0.0.1"};
    ChildProcess child = hold(listener, "");
    child.read_line();
    listener.close();
    constexpr uid_t nobody = 65534;
    REQUIRE(::seteuid(nobody) == 0);
    const auto holders = holders_of(listener.port(), other_keeper());
    REQUIRE(::seteuid(0) == 0);
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].pid == 0);
    CHECK(holders[0].user == "root");
    CHECK_FALSE(holders[0].is_teardown);
}
