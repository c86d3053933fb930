#include "devstack/base/sanitizer.hpp"
#include "devstack/platform/message_socket.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/platform/spawn_block.hpp"

#include "keeper/request.hpp"
#include "keeper_world.hpp"
#include "support/catch.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;
namespace protocol = platform::keeper_protocol;

namespace {

void send_raw(PlayedDaemon& daemon, const std::string& bytes) {
    REQUIRE(::send(daemon.link().fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
}

template <typename Message>
std::string bytes_of(const Message& message, const std::string& payload = {}) {
    std::string bytes(sizeof message, '\0');
    std::memcpy(bytes.data(), &message, sizeof message);
    return bytes + payload;
}

/// Everything the keeper has to say until each of the children has ended, by token.
std::map<std::uint64_t, std::string> listen_until_ended(PlayedDaemon& daemon, std::size_t count) {
    std::map<std::uint64_t, std::string> heard;
    std::size_t ended = 0;
    while (ended < count) {
        auto message = daemon.next();
        if (const auto* spawned = std::get_if<KeeperSpawned>(&message)) {
            heard[spawned->token] += "spawned ";
        } else if (const auto* exit = std::get_if<KeeperExited>(&message)) {
            heard[exit->token] += "exited";
            ++ended;
        } else {
            FAIL("unexpected alternative " << message.index());
        }
    }
    return heard;
}

}  // namespace

TEST_CASE("a daemon that does not listen loses no news, and gets them in order",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    constexpr std::size_t count = 2000;
    for (std::uint64_t token = 1; token <= count; ++token)
        daemon.link().spawn(token, "mute#1", request_for({"/bin/true"}));
    // It has no room for what it would have to say, so it takes no more requests: our own socket
    // stays full while it sleeps.
    const auto keeper_waits_for_us = [&] {
        daemon.link().flush();
        return daemon.link().wants_to_write() && world.count_children() == 1 &&
               platform::find_process(platform::Procfs{}, world.keeper())->state == 'S';
    };
    REQUIRE(eventually(keeper_waits_for_us));
    const auto heard = listen_until_ended(daemon, count);
    REQUIRE(heard.size() == count);
    for (const auto& [token, story] : heard)
        REQUIRE(story == "spawned exited");
    CHECK_FALSE(daemon.next_if_any());
}

TEST_CASE("five hundred children that end while nobody listens are all told of later",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    constexpr std::size_t count = 500;
    std::vector<int> pids;
    for (std::uint64_t token = 1; token <= count; ++token)
        daemon.link().spawn(token, "mute#1", request_for(testchild({"wait"})));
    while (pids.size() < count)
        pids.push_back(daemon.next_as<KeeperSpawned>().pid);
    for (const int pid : pids)
        ::kill(pid, SIGKILL);
    REQUIRE(eventually([&] { return world.count_children() == 1; }));
    std::map<std::uint64_t, int> ended;
    while (ended.size() < count)
        ++ended[daemon.next_as<KeeperExited>().token];
    for (const auto& [token, times] : ended)
        REQUIRE(times == 1);
    CHECK_FALSE(daemon.next_if_any());
}

TEST_CASE("nonsense from the daemon is ignored", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    send_raw(daemon, "");
    send_raw(daemon, "x");
    send_raw(daemon, std::string(100'000, 'x'));
    send_raw(daemon, bytes_of(protocol::MessageHeader{protocol::Kind::spawn, 8}));
    send_raw(daemon, bytes_of(protocol::MessageHeader{protocol::Kind::spawn, 4711}));
    send_raw(daemon, bytes_of(protocol::MessageHeader{static_cast<protocol::Kind>(99), 8}));
    send_raw(daemon, bytes_of(protocol::Welcome{}));
    protocol::Spawn without_token;
    send_raw(daemon, bytes_of(without_token));
    protocol::Spawn too_long;
    too_long.token = 5;
    too_long.block_size = 1'000'000;
    send_raw(daemon, bytes_of(too_long));
    daemon.link().say_hello();
    daemon.link().forget(0);
    daemon.link().forget(4711);
    const auto child = daemon.spawn(1, testchild({"wait"}));
    daemon.link().forget(1);  // It lives.
    CHECK(daemon.output_of(2, request_for(testchild({"print", "well"}))) == "well\n");
    ::kill(child.pid, SIGKILL);
    CHECK(text_of(daemon.next_as<KeeperExited>()) == "exited 1: signal 9");
}

TEST_CASE("requests that can not be are refused", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto child = daemon.spawn(1, testchild({"wait"}));
    CHECK(daemon.spawn_failure(1, request_for({"true"})) == "request EEXIST");
    CHECK(is_alive(child.pid));

    const auto refusal_of = [&](const protocol::Spawn& spawn, const std::string& payload) {
        send_raw(daemon, bytes_of(spawn, payload));
        const auto failed = daemon.next_as<KeeperSpawnFailed>();
        return std::to_string(failed.token) + " " + ::strerrorname_np(failed.error);
    };
    protocol::Spawn spawn;
    spawn.token = 2;
    spawn.block_size = 10;
    spawn.header.size += 10;
    CHECK(refusal_of(spawn, "0123456789") == "2 EINVAL");
    spawn.header.size -= 10;
    spawn.is_block_in_memfd = 1;
    CHECK(refusal_of(spawn, "") == "2 EMFILE");  // Its descriptor got lost on the way.

    // A file that is shorter than it is said to be.
    const platform::FileDescriptor empty{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    platform::send_message(daemon.link().fd(), &spawn, sizeof spawn, {empty.get()});
    const auto failed = daemon.next_as<KeeperSpawnFailed>();
    CHECK(std::string{::strerrorname_np(failed.error)} == "EINVAL");
    spawn.block_size = 0xffffffff;
    platform::send_message(daemon.link().fd(), &spawn, sizeof spawn, {empty.get()});
    CHECK(std::string{::strerrorname_np(daemon.next_as<KeeperSpawnFailed>().error)} == "E2BIG");
}

TEST_CASE("nothing counts before Hello", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_daemon();
    daemon.link().spawn(1, "early#1", request_for({"true"}));
    CHECK(daemon.greet().children == 0);
    CHECK(daemon.output_of(1, request_for(testchild({"print", "now"}))) == "now\n");
}

TEST_CASE("more in a message than this version knows is skipped", "[unit][keeper]") {
    protocol::Spawn spawn;
    spawn.token = 9;
    spawn.block_size = 5;
    spawn.header.size += 4 + 5;
    std::memset(spawn.label, 'x', sizeof spawn.label);
    const std::string bytes = bytes_of(spawn, "newsBLOCK");
    const auto request = keeper::read_request(bytes.data(), bytes.size());
    REQUIRE(request);
    CHECK(request->token == 9);
    CHECK(std::string(request->block, request->block_size) == "BLOCK");
    CHECK(std::string{request->label.data()} == std::string(protocol::label_size - 1, 'x'));
}

TEST_CASE("a message from the keeper that breaks the protocol is an error", "[unit][keeper]") {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    KeeperLink link{platform::FileDescriptor{ends[0]}};
    const platform::FileDescriptor keeper{ends[1]};
    const std::string bytes = bytes_of(protocol::Spawned{});  // Without its descriptors.
    platform::send_message(keeper.get(), bytes.data(), bytes.size());
    const auto received = link.receive();
    REQUIRE_FALSE(received.has_value());
    CHECK(received.error().message ==
          "the keeper has sent a message of 24 bytes that is not of its protocol");
    const auto nothing = link.receive();
    REQUIRE(nothing.has_value());
    CHECK_FALSE(*nothing);
}

TEST_CASE("a request of a daemon that knows no flags is understood", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const auto block = platform::encode_spawn_block(request_for(testchild({"print", "old"})));
    REQUIRE(block.has_value());
    protocol::Spawn spawn;
    spawn.token = 1;
    spawn.block_size = static_cast<std::uint32_t>(block->size());
    spawn.header.size = static_cast<std::uint32_t>(protocol::spawn_size_min + block->size());
    send_raw(daemon, bytes_of(spawn).substr(0, protocol::spawn_size_min) + *block);
    CHECK(read_to_end(daemon.next_as<KeeperSpawned>().standard_output) == "old\n");
    CHECK(text_of(daemon.next_as<KeeperExited>()) == "exited 1: code 0");
}

TEST_CASE("a child that must not share memory refuses to, whatever the daemon says",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    platform::SpawnRequest request = request_for({"true"});
    request.settings.oom_score_adj = 500;
    const auto block = platform::encode_spawn_block(request);
    REQUIRE(block.has_value());
    protocol::Spawn spawn;
    spawn.token = 1;
    spawn.block_size = static_cast<std::uint32_t>(block->size());
    spawn.header.size += spawn.block_size;
    send_raw(daemon, bytes_of(spawn, *block));
    if (devstack::has_sanitizer) return;  // No child shares memory there.
    const auto failed = daemon.next_as<KeeperSpawnFailed>();
    CHECK(failed.stage == platform::SpawnStage::request);
    CHECK(failed.error == EINVAL);
}
