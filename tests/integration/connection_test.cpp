#include "devstack/client/connection.hpp"

#include "devstack/platform/unix_socket.hpp"

#include "support/catch.hpp"
#include "support/served_socket.hpp"

#include <array>

#include <poll.h>
#include <sys/socket.h>

using namespace devstack;
using namespace devstack::client;
using devstack::test::Served;
using namespace std::chrono_literals;

namespace {

/// Answers every path with what is prepared for it.
class ScriptHandler : public daemon::ControlHandler {
public:
    void handle(const daemon::ControlRequest& request,
                std::function<void(daemon::ControlReply)> reply,
                std::function<bool()>) override {
        asked.push_back(request.method + " " + request.path + " " + request.body);
        reply(answer);
    }

    daemon::ControlReply answer;
    std::vector<std::string> asked;
};

Connection connect(const Served& served) {
    Result<Connection> connection = Connection::open(served.path);
    REQUIRE(connection);
    return std::move(*connection);
}

/// Somebody who says one thing to whoever connects, and nothing to what they ask.
class Impostor {
public:
    explicit Impostor(const std::string& path) {
        auto listener = platform::listen_unix(path);
        REQUIRE(listener);
        listener_ = std::move(*listener);
    }
    void say(const std::string& text, bool hangs_up) {
        pollfd entry{listener_.get(), POLLIN, 0};
        REQUIRE(poll(&entry, 1, 5000) == 1);
        auto accepted = platform::accept_unix(listener_);
        REQUIRE(accepted);
        REQUIRE(accepted->has_value());
        connection_ = std::move(**accepted);
        REQUIRE(send(connection_.get(), text.data(), text.size(), 0) ==
                static_cast<ssize_t>(text.size()));
        if (hangs_up) connection_.reset();
    }
    /// True once the other side has hung up; what it has said until then is passed over.
    bool is_left() {
        std::array<char, 1024> said{};
        pollfd entry{connection_.get(), POLLIN, 0};
        while (poll(&entry, 1, 5000) == 1) {
            if (recv(connection_.get(), said.data(), said.size(), 0) <= 0) return true;
        }
        return false;
    }

private:
    platform::FileDescriptor listener_;
    platform::FileDescriptor connection_;
};

}  // namespace

TEST_CASE("one connection asks many questions", "[integration][client]") {
    Served served;
    Connection connection = connect(served);
    for (int i = 0; i < 50; ++i) {
        const Result<Reply> reply = connection.get("/v1/x?a=" + std::to_string(i), 5s);
        REQUIRE(reply);
        CHECK(reply->status == 200);
        CHECK(reply->body == "GET /v1/x a=" + std::to_string(i));
    }
    const Result<Reply> posted = connection.post("/v1/commands", std::string(500'000, 'b'), 5s);
    REQUIRE(posted);
    CHECK(posted->body == "POST /v1/commands [500000]");
    const Result<Reply> large = connection.get("/large", 5s);
    REQUIRE(large);
    CHECK(large->body == std::string(3'000'000, 'x'));
}

TEST_CASE("an answer that does not come is waited for no longer than told",
          "[integration][client]") {
    Served served;
    Connection connection = connect(served);
    const Result<Reply> reply = connection.get("/wait", 50ms);
    REQUIRE_FALSE(reply);
    CHECK(reply.error() == Error{Error::Kind::timed_out, "the daemon did not answer within 50ms"});
    static_cast<void>(served.handler.take_parked());
}

TEST_CASE("who waits for several things asks now and collects later", "[integration][client]") {
    Served served;
    Connection connection = connect(served);
    REQUIRE(connection.send_get("/wait"));
    const auto parked = served.handler.take_parked();
    const auto nothing_yet = connection.try_receive();
    REQUIRE(nothing_yet);
    CHECK_FALSE(nothing_yet->has_value());
    served.ask([&] {
        daemon::ControlReply reply;
        reply.body = "news";
        parked.reply(reply);
        return true;
    });
    pollfd entry{connection.fd(), POLLIN, 0};
    REQUIRE(poll(&entry, 1, 5000) == 1);
    const auto reply = connection.try_receive();
    REQUIRE(reply);
    REQUIRE(reply->has_value());
    CHECK((*reply)->body == "news");
}

TEST_CASE("a daemon that has started anew is found by the same connection",
          "[integration][client]") {
    Served served;
    Connection connection = connect(served);
    REQUIRE(connection.get("/a", 5s));
    served.ask([&] {
        served.server.reset();
        return true;
    });
    const Result<Reply> gone = connection.get("/b", 5s);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == Error::Kind::not_found);
    served.start();
    const Result<Reply> back = connection.get("/c", 5s);
    REQUIRE(back);
    CHECK(back->body == "GET /c");
}

TEST_CASE("something that is no daemon is told from one", "[integration][client]") {
    Served served;
    const std::string path = served.directory + "/other.sock";
    Impostor impostor{path};
    const auto answer_of = [&](const std::string& text, bool hangs_up) {
        Result<Connection> connection = Connection::open(path);
        REQUIRE(connection);
        impostor.say(text, hangs_up);
        Result<std::optional<Reply>> reply = std::optional<Reply>{};
        pollfd entry{connection->fd(), POLLIN, 0};
        REQUIRE(poll(&entry, 1, 5000) == 1);
        reply = connection->try_receive();
        return reply ? std::string{*reply ? "an answer" : "nothing yet"} : reply.error().message;
    };
    CHECK(answer_of("220 mail.example.org ESMTP\r\n\r\n", false) ==
          "the daemon's answer is not HTTP: bad version");
    CHECK(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", false) ==
          "the daemon's answer is not HTTP: bad Content-Length");
    CHECK(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", true) ==
          "the daemon has closed the connection");
    CHECK(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", true) == "an answer");
    CHECK(answer_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                    true) == "an answer");
    CHECK(answer_of("HTTP/1.1 200 OK\r\nContent-Le", false) == "nothing yet");
}

TEST_CASE("whoever is told that this was the last answer hangs up", "[integration][client]") {
    Served served;
    const std::string path = served.directory + "/other.sock";
    Impostor impostor{path};
    Result<Connection> connection = Connection::open(path);
    REQUIRE(connection);
    REQUIRE(connection->send_get("/"));
    impostor.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", false);
    const Result<Reply> reply = connection->get("/", 5s);
    REQUIRE(reply);
    CHECK(reply->body == "ab");
    CHECK(impostor.is_left());
    REQUIRE(connection->send_get("/"));
    impostor.say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew", false);
    const Result<Reply> next = connection->get("/", 5s);
    REQUIRE(next);
    CHECK(next->body == "new");
}

TEST_CASE("a refusal comes with the daemon's words", "[integration][client]") {
    Served served;
    ScriptHandler script;
    served.ask([&] {
        served.server.reset();
        auto listening = daemon::ControlServer::listen(served.loop, served.path, script);
        REQUIRE(listening);
        served.server = std::move(*listening);
        return true;
    });
    Connection connection = connect(served);
    const auto refused_with = [&](int status, const std::string& body) {
        script.answer.status = status;
        script.answer.body = body;
        const auto reply = send_command(connection, {"start", {"ap"}, 0});
        REQUIRE_FALSE(reply);
        return reply.error();
    };
    CHECK(refused_with(404,
                       R"({"code":"no-such-service","message":"there is no service ap",)"
                       R"("hint":"known are api and web"})") ==
          Error{Error::Kind::not_found, "there is no service ap; known are api and web"});
    CHECK(
        refused_with(409, R"({"code":"shutting-down","message":"everything is being stopped"})") ==
        Error{Error::Kind::busy, "everything is being stopped"});
    CHECK(refused_with(400, R"({"code":"bad-request","message":"command: is missing"})") ==
          Error{Error::Kind::invalid, "command: is missing"});
    CHECK(refused_with(500, "<html>") ==
          Error{Error::Kind::system, "the daemon answered with status 500"});
    script.answer.status = 202;
    script.answer.body = R"({"cursor":17})";
    const auto accepted = send_command(connection, {"start", {"api"}, 0});
    REQUIRE(accepted);
    CHECK(accepted->cursor == 17);
    CHECK(script.asked.back() == R"(POST /v1/commands {"command":"start","services":["api"]})");
    script.answer.body = "{}";
    const auto state = fetch_state(connection);
    REQUIRE_FALSE(state);
    CHECK(state.error().message == "cannot read the daemon's answer: project: is missing");
}

TEST_CASE("nobody at home is told from nobody there", "[integration][client]") {
    Served served;
    const Result<Connection> absent = Connection::open(served.directory + "/none.sock");
    REQUIRE_FALSE(absent);
    CHECK(absent.error().kind == Error::Kind::not_found);
    const std::string stale = served.directory + "/stale.sock";
    { REQUIRE(platform::listen_unix(stale)); }
    const Result<Connection> refused = Connection::open(stale);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == Error::Kind::busy);
}
