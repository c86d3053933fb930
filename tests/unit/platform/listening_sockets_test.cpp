#include "devstack/platform/procfs.hpp"

#include "support/catch.hpp"
#include "support/fake_proc.hpp"
#include "support/listener.hpp"

#include <algorithm>

#include <unistd.h>

using namespace devstack;
using namespace devstack::platform;
using test::FakeProc;
using test::Listener;

namespace {

const std::string heading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode                                                     \n";

std::string socket_line(const std::string& local, const std::string& state, int uid, int inode) {
    return "   0: " + local + " 00000000:0000 " + state +
           " 00000000:00000000 00:00000000 00000000  " + std::to_string(uid) + "        0 " +
           std::to_string(inode) + " 1 0000000000000000 100 0 0 10 0\n";
}

std::vector<ListeningSocket> sockets_on(Port port) {
    auto sockets = collect_listening_sockets({});
    std::erase_if(sockets, [&](const ListeningSocket& socket) { return socket.port != port; });
    return sockets;
}

}  // namespace

TEST_CASE("listening sockets of both families are read", "[unit][platform]") {
    FakeProc proc;
    proc.write("net/tcp",
               heading + socket_line("0100007F:1538", "0A", 1000, 11) +
                   socket_line("00000000:0050", "0A", 0, 12) +
                   socket_line("0100007F:1F90", "01", 1000, 13));
    proc.write("net/tcp6",
               heading + socket_line("00000000000000000000000000000000:0C1D", "0A", 33, 21) +
                   socket_line("00000000000000000000000001000000:0C1E", "0A", 33, 22) +
                   socket_line("0000000000000000FFFF00000100007F:0C1F", "0A", 33, 23) +
                   socket_line("B80D0120000000000000000001000000:0C20", "0A", 33, 24));

    CHECK(collect_listening_sockets(proc.procfs()) ==
          std::vector<ListeningSocket>{{"127.0.0.1", Port{5432}, 11, 1000},
                                       {"0.0.0.0", Port{80}, 12, 0},
                                       {"::", Port{3101}, 21, 33},
                                       {"::1", Port{3102}, 22, 33},
                                       {"127.0.0.1", Port{3103}, 23, 33},
                                       {"2001:db8::1", Port{3104}, 24, 33}});
}

TEST_CASE("many listening sockets are all read", "[unit][platform]") {
    FakeProc proc;
    std::string content = heading;
    for (int i = 0; i < 500; ++i)
        content += socket_line("00000000:0050", "0A", 0, 100 + i);
    proc.write("net/tcp", content);
    const auto sockets = collect_listening_sockets(proc.procfs());
    REQUIRE(sockets.size() == 500);
    CHECK(sockets.back().inode == 599);
}

TEST_CASE("nonsense in the socket table is passed over", "[unit][platform]") {
    FakeProc proc;
    CHECK(collect_listening_sockets(proc.procfs()).empty());
    proc.write("net/tcp", "");
    CHECK(collect_listening_sockets(proc.procfs()).empty());
    proc.write("net/tcp",
               heading + socket_line("0100007:1538", "0A", 0, 1) +
                   socket_line("0100007F", "0A", 0, 2) + socket_line("0100007F:xx", "0A", 0, 3) +
                   "   0: 0100007F:1538 0 0A\n" + socket_line("0100007F:1538", "0A", 0, 4) +
                   "torn");
    const auto sockets = collect_listening_sockets(proc.procfs());
    REQUIRE(sockets.size() == 1);
    CHECK(sockets[0].inode == 4);
}

TEST_CASE("real listening sockets and their owner are found", "[unit][platform]") {
    const Listener v4{"127.0.0.1"};
    const Listener v6{"::"};
    REQUIRE(v4.is_listening());
    const auto found = sockets_on(v4.port());
    REQUIRE(found.size() == 1);
    CHECK(found[0] == ListeningSocket{"127.0.0.1", v4.port(), v4.inode(), ::geteuid()});
    if (v6.is_listening()) {
        const auto wildcard = sockets_on(v6.port());
        REQUIRE(wildcard.size() == 1);
        CHECK(wildcard[0].address == "::");
        CHECK(wildcard[0].is_wildcard());
    }

    const auto owners = find_socket_owners({}, {v4.inode(), 1});
    REQUIRE(owners.size() == 1);
    CHECK(owners[0].inode == v4.inode());
    CHECK(owners[0].pid == ::getpid());
    CHECK(find_socket_owners({}, {v4.inode()}, {::getpid()}).size() == 1);
    CHECK(find_socket_owners({}, {v4.inode()}, {::getppid()}).empty());
    CHECK(find_socket_owners({}, {}).empty());
}

TEST_CASE("a socket that several processes hold has several owners", "[unit][platform]") {
    FakeProc proc;
    proc.link("10/fd/3", "socket:[77]");
    proc.link("10/fd/4", "socket:[77]");
    proc.link("10/fd/5", "/dev/null");
    proc.link("10/fd/6", "socket:[x]");
    proc.link("11/fd/0", "socket:[77]");
    proc.link("12/fd/0", "socket:[78]");
    proc.link("13/fd/0", "pipe:[77]");
    auto owners = find_socket_owners(proc.procfs(), {77});
    std::ranges::sort(owners, {}, &SocketOwner::pid);
    REQUIRE(owners.size() == 2);
    CHECK(owners[0].pid == 10);
    CHECK(owners[1].pid == 11);
}

TEST_CASE("whether all descriptors of a user can be seen is known", "[unit][platform]") {
    FakeProc proc;
    proc.write("10/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\nGid:\t1\t1\t1\t1\n");
    proc.write("11/status", "Name:\tx\nUid:\t0\t33\t33\t33\nGid:\t1\t1\t1\t1\n");
    proc.link("10/fd/0", "/dev/null");
    CHECK(can_see_descriptors_of(proc.procfs(), 1000));
    CHECK_FALSE(can_see_descriptors_of(proc.procfs(), 33));
    CHECK_FALSE(can_see_descriptors_of(proc.procfs(), 0));
    CHECK(can_see_descriptors_of(proc.procfs(), 5));
}
