#include "devstack/platform/message_socket.hpp"

#include "support/catch.hpp"

#include <array>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace devstack::platform;
using Outcome = ReceivedMessage::Outcome;

namespace {

struct Ends {
    FileDescriptor one;
    FileDescriptor other;
};

Ends make_ends() {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    return {FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
}

}  // namespace

TEST_CASE("messages arrive whole, with copies of their descriptors", "[unit][message_socket]") {
    auto [one, other] = make_ends();
    const FileDescriptor null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    CHECK(send_message(one.get(), "first", 5, {null.get(), null.get()}) == SendOutcome::sent);
    CHECK(send_message(one.get(), "second", 6) == SendOutcome::sent);
    std::array<char, 16> buffer{};
    const auto first = receive_message(other.get(), buffer.data(), buffer.size());
    CHECK(first.outcome == Outcome::message);
    CHECK(std::string(buffer.data(), first.size) == "first");
    CHECK(first.descriptors[1].is_open());
    CHECK(first.descriptors[1].get() != null.get());
    CHECK(::fcntl(first.descriptors[1].get(), F_GETFD) == FD_CLOEXEC);
    CHECK_FALSE(first.descriptors[2].is_open());
    const auto second = receive_message(other.get(), buffer.data(), buffer.size());
    CHECK(std::string(buffer.data(), second.size) == "second");
    CHECK_FALSE(second.descriptors[0].is_open());
    CHECK(receive_message(other.get(), buffer.data(), buffer.size()).outcome ==
          Outcome::nothing_now);
}

TEST_CASE("a message longer than the buffer is cut and says so", "[unit][message_socket]") {
    auto [one, other] = make_ends();
    send_message(one.get(), "too long", 8);
    std::array<char, 4> buffer{};
    const auto message = receive_message(other.get(), buffer.data(), buffer.size());
    CHECK(message.is_cut);
    CHECK(message.size == 4);
}

TEST_CASE("the last messages of a peer come though it has not read ours",
          "[unit][message_socket]") {
    auto [one, other] = make_ends();
    send_message(other.get(), "never read", 10);
    send_message(one.get(), "last word", 9);
    one.reset();
    std::array<char, 16> buffer{};
    const auto last = receive_message(other.get(), buffer.data(), buffer.size());
    CHECK(last.outcome == Outcome::message);
    CHECK(std::string(buffer.data(), last.size) == "last word");
    CHECK(receive_message(other.get(), buffer.data(), buffer.size()).outcome == Outcome::end);
}

TEST_CASE("a full socket and one without a peer are told apart", "[unit][message_socket]") {
    auto [one, other] = make_ends();
    const std::array<char, 4096> bytes{};
    SendOutcome outcome = SendOutcome::sent;
    while (outcome == SendOutcome::sent)
        outcome = send_message(one.get(), bytes.data(), bytes.size());
    CHECK(outcome == SendOutcome::full);
    other.reset();
    CHECK(send_message(one.get(), "x", 1) == SendOutcome::gone);
    std::array<char, 4> buffer{};
    CHECK(receive_message(one.get(), buffer.data(), buffer.size()).outcome == Outcome::end);
}
