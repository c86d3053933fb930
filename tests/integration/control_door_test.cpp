#include "devstack/daemon/control_server.hpp"

#include "daemon/door_guard.hpp"
#include "support/catch.hpp"
#include "support/listener.hpp"
#include "support/served_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using devstack::test::Served;
using Visitor = DoorGuard::Visitor;

namespace {

ControlDoor door_at(std::uint16_t port) {
    return {"127.0.0.1", Port{port}, false, "0123456789abcdef", "/state/api-token"};
}

/// What a guard says: "in", or the status and the message.
std::string says(const DoorGuard& guard, const Visitor& visitor) {
    const auto refusal = guard.check(visitor);
    if (!refusal) return "in";
    return std::to_string(refusal->status) + " " + refusal->message;
}

/// The whole answer to the request, whose connection is closed after it.
std::string answer_to(std::uint16_t port, const std::string& request) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{15, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
    REQUIRE(::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    for (ssize_t count; (count = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(count));
    ::close(fd);
    return answer;
}

/// A connection that says so much and no more; closed at the end of the test.
class Loiterer {
public:
    Loiterer(std::uint16_t port, const std::string& begin)
        : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_port = htons(port);
        name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
        say(begin);
    }
    ~Loiterer() { ::close(fd_); }
    Loiterer(const Loiterer&) = delete;
    Loiterer& operator=(const Loiterer&) = delete;

    void say(const std::string& text) const {
        static_cast<void>(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
    }
    /// All that it is told until it is hung up on, while it says a letter now and then.
    std::string hear_to_the_end() const {
        const timeval pause{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
        std::string heard;
        char buffer[4096];
        for (int pauses = 0; pauses < 30; ++pauses) {
            ssize_t count = 0;
            while ((count = ::recv(fd_, buffer, sizeof buffer, 0)) > 0)
                heard.append(buffer, static_cast<std::size_t>(count));
            if (count == 0) return heard;
            say("x");
        }
        return heard + " and is not hung up on";
    }

private:
    int fd_;
};

std::string body_of(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

}  // namespace

TEST_CASE("a door lets in who knows its token", "[integration][door]") {
    const DoorGuard guard{door_at(7070)};
    const std::string host = "localhost:7070";
    const std::string needed =
        "401 this needs the token in /state/api-token: Authorization: Bearer TOKEN, or the "
        "parameter token=TOKEN";
    CHECK(says(guard, {"/v1/state", host, "", "Bearer 0123456789abcdef", "", ""}) == "in");
    CHECK(says(guard, {"/v1/state", host, "", "", "", "0123456789abcdef"}) == "in");
    CHECK(says(guard, {"/v1/state", host, "", "", "a=b; devstack_token=0123456789abcdef", ""}) ==
          "in");
    CHECK(says(guard, {"/healthz", host, "", "", "", ""}) == "in");
    CHECK(says(guard, {"/", host, "", "", "", ""}) == "in");
    CHECK(says(guard, {"/dashboard/main.js", host, "", "", "", ""}) == "in");
    CHECK(says(guard, {"/dashboards", host, "", "", "", ""}) == needed);
    CHECK(says(guard, {"/", "evil.example", "", "", "", ""}).starts_with("403 "));
    CHECK(says(guard, {"/v1/state", host, "", "", "", ""}) == needed);
    CHECK(says(guard, {"/v1/state", host, "", "Bearer ", "devstack_token=", ""}) == needed);
    CHECK(says(guard, {"/v1/state", host, "", "Bearer 0123456789abcdeg", "", ""}) == needed);
    CHECK(says(guard, {"/v1/state", host, "", "", "", "0123456789abcdef0"}) == needed);
}

TEST_CASE("a door does not serve the pages of others", "[integration][door]") {
    const DoorGuard guard{door_at(7070)};
    const std::string token = "0123456789abcdef";
    for (const std::string host : {"localhost", "localhost:7070", "127.0.0.1:7070", "[::1]:7070"}) {
        CHECK(says(guard, {"/v1/state", host, "", "", "", token}) == "in");
        CHECK(says(guard, {"/v1/state", host, "http://" + host, "", "", token}) == "in");
    }
    CHECK(says(guard, {"/v1/state", "evil.example:7070", "", "", "", token}) ==
          "403 the request is for the host \"evil.example:7070\", which is not a name of this "
          "listener");
    CHECK(says(guard, {"/healthz", "", "", "", "", ""}) ==
          "403 the request is for the host \"\", which is not a name of this listener");
    CHECK(says(guard, {"/v1/state", "localhost", "http://evil.example", "", "", token}) ==
          "403 requests from pages of http://evil.example are not answered");
    CHECK(says(guard, {"/v1/state", "localhost", "null", "", "", token}) ==
          "403 requests from pages of null are not answered");
}

TEST_CASE("the API is served by TCP to who may have it", "[integration][door]") {
    Served served;
    const std::uint16_t port = devstack::test::unused_port().number;
    std::unique_ptr<ControlServer> by_tcp;
    served.ask([&] {
        auto listening = ControlServer::listen(served.loop, door_at(port), served.handler);
        if (listening) by_tcp = std::move(*listening);
        return true;
    });
    REQUIRE(by_tcp);
    const std::string host = "Host: localhost:" + std::to_string(port) + "\r\n";
    const std::string last = host + "Connection: close\r\n\r\n";
    const std::string with = "Authorization: Bearer 0123456789abcdef\r\n";
    const std::string good = answer_to(port, "GET /v1/x?a=b HTTP/1.1\r\n" + with + last);
    CHECK(good.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(good.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
    CHECK(good.find("Access-Control") == std::string::npos);
    CHECK(body_of(good) == "GET /v1/x a=b");
    CHECK(body_of(answer_to(port, "GET /v1/x?token=0123456789abcdef&a=b HTTP/1.1\r\n" + last)) ==
          "GET /v1/x a=b");
    const std::string refused = answer_to(port, "GET /v1/x HTTP/1.1\r\n" + last);
    CHECK(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    CHECK(refused.find("WWW-Authenticate: Bearer\r\n") != std::string::npos);
    CHECK(body_of(refused) ==
          R"({"code":"token-needed","message":"this needs the token in /state/api-token: )"
          R"(Authorization: Bearer TOKEN, or the parameter token=TOKEN"})");

    const auto second = served.ask([&] {
        return ControlServer::listen(served.loop, door_at(port), served.handler).error().message;
    });
    CHECK(second ==
          "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
    served.ask([&] {
        by_tcp.reset();
        return true;
    });
}

TEST_CASE("who comes by TCP and dawdles is given up, and holds up nobody",
          "[integration][door][slow]") {
    Served served;
    const std::uint16_t port = devstack::test::unused_port().number;
    std::unique_ptr<ControlServer> by_tcp;
    served.ask([&] {
        auto listening = ControlServer::listen(served.loop, door_at(port), served.handler);
        if (listening) by_tcp = std::move(*listening);
        return true;
    });
    REQUIRE(by_tcp);
    std::vector<std::unique_ptr<Loiterer>> crowd;
    for (int i = 0; i < 100; ++i)
        crowd.push_back(std::make_unique<Loiterer>(port, "GET / HTTP/1.1\r\nX: "));
    const Loiterer with_body{port,
                             "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                             "0123456789abcdef\r\nContent-Length: 1000\r\n\r\n"};
    CHECK(body_of(answer_to(port,
                            "GET /v1/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            "Authorization: Bearer 0123456789abcdef\r\n\r\n")) == "GET /v1/x");
    const std::string late = "the request was not complete within 10s";
    CHECK(crowd.front()->hear_to_the_end().find(late) != std::string::npos);
    CHECK(with_body.hear_to_the_end().find(late) != std::string::npos);
    // Of the whole crowd nobody has kept a place.
    crowd.clear();
    CHECK(served.comes_true([&] { return by_tcp->connections() == 0; }));
    served.ask([&] {
        by_tcp.reset();
        return true;
    });
}
