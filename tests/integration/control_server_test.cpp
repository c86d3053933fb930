#include "devstack/daemon/control_server.hpp"

#include "devstack/core/api/messages.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/unix_socket.hpp"

#include "support/catch.hpp"
#include "support/served_socket.hpp"

#include <filesystem>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using devstack::test::EchoHandler;
using devstack::test::Served;
using namespace std::chrono_literals;
namespace limits = core::limits;

namespace {

/// A client that says exactly what it is told to.
class RawClient {
public:
    explicit RawClient(const Served& served) {
        auto connected = platform::connect_unix(served.path);
        REQUIRE(connected);
        socket_ = std::move(*connected);
        const timeval patience{15, 0};
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }

    RawClient& say(std::string_view text) {
        while (!text.empty()) {
            const ssize_t count = send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (count <= 0) {
                was_cut_off = true;
                break;
            }
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return *this;
    }
    RawClient& end_sending() {
        shutdown(socket_.get(), SHUT_WR);
        return *this;
    }
    /// One reply, by its Content-Length: "200 body".
    std::string hear() {
        std::size_t end = std::string::npos;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) return "closed after: " + received_;
        }
        head = received_.substr(0, end + 2);
        const std::size_t at = head.find("Content-Length: ");
        const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
        while (received_.size() < end + 4 + size) {
            if (!receive()) return "closed after: " + received_;
        }
        const std::string body = received_.substr(end + 4, size);
        received_.erase(0, end + 4 + size);
        return head.substr(9, 3) + " " + body;
    }
    /// True when the other side closes without a further word.
    bool is_hung_up() { return received_.empty() && !receive() && received_.empty(); }
    void close() { socket_.reset(); }

    std::string head;          ///< Of the last reply.
    bool was_cut_off = false;  ///< The other side did not take all that was said.

private:
    bool receive() {
        char buffer[65536];
        const ssize_t count = recv(socket_.get(), buffer, sizeof(buffer), 0);
        if (count <= 0) return false;
        received_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    platform::FileDescriptor socket_;
    std::string received_;
};

std::string get(const std::string& target, const std::string& headers = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: devstack\r\n" + headers + "\r\n";
}

std::string refusal(int status, const std::string& code, const std::string& message) {
    return std::to_string(status) + " " +
           core::api::to_text(core::api::ErrorMessage{code, message, ""});
}

}  // namespace

TEST_CASE("a request is taken apart and answered", "[integration][control]") {
    Served served;
    RawClient client{served};
    CHECK(client.say(get("/v1/logs?service=a%20b&tail=5")).hear() ==
          "200 GET /v1/logs service=a b tail=5");
    CHECK(client.head.find("Content-Type: application/json\r\n") != std::string::npos);
}

TEST_CASE("a connection that carries others' requests can be put under the rules of TCP",
          "[integration][control]") {
    Served served;
    RawClient client{served};
    CHECK(client.say("POST /v1/guard HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").hear() ==
          "200 POST /v1/guard");
    const std::string guard =
        "POST /v1/guard HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc\r\nContent-Length: "
        "0\r\n\r\n";
    CHECK(client.say(guard).hear() == "204 ");
    const std::string home = "GET /v1/x HTTP/1.1\r\nHost: localhost:80\r\n";
    CHECK(client.say(home + "\r\n").hear() ==
          refusal(401,
                  "token-needed",
                  "this needs the token in the link that `devstack dashboard` has shown: "
                  "Authorization: Bearer TOKEN, or the parameter token=TOKEN"));
    RawClient second{served};
    REQUIRE(second.say(guard).hear() == "204 ");
    CHECK(second.say(home + "Authorization: Bearer abc\r\n\r\n").hear() == "200 GET /v1/x");
    CHECK(second.head.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
    // Whoever is let in cannot change who is.
    const std::string again = "POST /v1/guard HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n";
    CHECK(second.say(again + "Authorization: Bearer abc\r\n\r\n").hear() == "200 POST /v1/guard");
    CHECK(
        second.say(get("/v1/x", "Authorization: Bearer abc\r\n")).hear() ==
        refusal(403,
                "not-permitted",
                "the request is for the host \"devstack\", which is not a name of this listener"));
}

TEST_CASE("a connection serves one request after the other", "[integration][control]") {
    Served served;
    RawClient client{served};
    for (int i = 0; i < 100; ++i) {
        CHECK(client.say(get("/" + std::to_string(i))).hear() == "200 GET /" + std::to_string(i));
    }
    CHECK(client.say("POST /v1/commands HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").hear() ==
          "200 POST /v1/commands [3]");
    CHECK(client.say(get("/missing")).hear() == "404 GET /missing");
    CHECK(client.say(get("/last", "Connection: close\r\n")).hear() == "200 GET /last");
    CHECK(client.is_hung_up());
}

TEST_CASE("requests that come at once are answered in their order", "[integration][control]") {
    Served served;
    RawClient client{served};
    client.say(get("/1") + "POST /2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy" + get("/wait") +
               get("/4"));
    CHECK(client.hear() == "200 GET /1");
    CHECK(client.hear() == "200 POST /2 [2]");
    const auto parked = served.handler.take_parked();
    served.ask([&] {
        ControlReply reply;
        reply.body = "third";
        parked.reply(reply);
        parked.reply(reply);  // Once too often: nobody must notice.
        return true;
    });
    CHECK(client.hear() == "200 third");
    CHECK(client.hear() == "200 GET /4");
}

TEST_CASE("a request is told the id under which it ran", "[integration][control]") {
    Served served;
    RawClient client{served};
    client.say(get("/", "X-Request-ID: abc-123\r\n")).hear();
    CHECK(client.head.find("X-Request-ID: abc-123\r\n") != std::string::npos);
    client.say(get("/")).hear();
    CHECK(client.head.find("X-Request-ID: devstack-") != std::string::npos);
    client.say(get("/", "X-Request-ID: " + std::string(200, 'a') + "\r\n")).hear();
    CHECK(client.head.find("X-Request-ID: devstack-") != std::string::npos);
}

TEST_CASE("what is not HTTP is refused with the reason", "[integration][control]") {
    Served served;
    const auto answer_to = [&](const std::string& text) {
        RawClient client{served};
        const std::string answer = client.say(text).hear();
        CHECK(client.is_hung_up());
        return answer;
    };
    CHECK(answer_to("nonsense\r\n\r\n") ==
          refusal(400, "bad-request", "malformed request: bad method"));
    CHECK(answer_to("GET / HTTP/9.9\r\n\r\n") ==
          refusal(400, "bad-request", "malformed request: bad version"));
    CHECK(answer_to("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab") ==
          refusal(400, "bad-request", "malformed request: multiple Content-Length"));
    CHECK(answer_to("POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n") ==
          refusal(400, "bad-request", "malformed request: Transfer-Encoding other than chunked"));
    CHECK(answer_to(get("nowhere")) ==
          refusal(
              400, "bad-request", "malformed request: the target of a request must begin with /"));
    CHECK(
        answer_to(get("/%")) ==
        refusal(400,
                "bad-request",
                "malformed request: a % in the target is not followed by two hexadecimal digits"));
    CHECK(answer_to("DELETE / HTTP/1.1\r\n\r\n") ==
          refusal(405, "method-not-allowed", "only GET and POST are answered here"));
    CHECK(served.comes_true([&] { return served.server->connections() == 0; }));
}

TEST_CASE("a header or body that is too large is refused, not read", "[integration][control]") {
    Served served;
    {
        RawClient client{served};
        CHECK(client.say(get("/", "X: " + std::string(100'000, 'a') + "\r\n")).hear() ==
              refusal(431, "too-large", "the request's header is larger than 65536 bytes"));
    }
    {
        RawClient client{served};
        client.say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                   std::string(9'000'000, 'a'));
        CHECK(client.hear() ==
              refusal(431, "too-large", "the request's header is larger than 65536 bytes"));
    }
    {
        // More than the socket's buffers hold: it is still sending when the answer comes.
        RawClient client{served};
        client.say("POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n" +
                   std::string(9'000'000, 'a'));
        CHECK(client.hear() ==
              refusal(413, "too-large", "the request's body is larger than 1048576 bytes"));
        CHECK_FALSE(client.was_cut_off);
    }
    {
        RawClient client{served};
        std::string text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (int i = 0; i < 20; ++i)
            text += "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
        CHECK(client.say(text).hear() ==
              refusal(413, "too-large", "the request's body is larger than 1048576 bytes"));
    }
    RawClient client{served};
    CHECK(
        client.say("POST / HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n" + std::string(1048576, 'a'))
            .hear() == "200 POST / [1048576]");
}

TEST_CASE("a client that asks before it sends is told to go on", "[integration][control]") {
    Served served;
    RawClient client{served};
    client.say("POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.hear() == "100 ");
    CHECK(client.say("ab").hear() == "200 POST / [2]");
}

TEST_CASE("a large answer arrives whole", "[integration][control]") {
    Served served;
    RawClient client{served};
    CHECK(client.say(get("/large")).hear() == "200 " + std::string(3'000'000, 'x'));
}

TEST_CASE("a client that has said all it wants to say is still answered",
          "[integration][control]") {
    Served served;
    {
        RawClient client{served};
        CHECK(client.say(get("/a")).end_sending().hear() == "200 GET /a");
        CHECK(client.is_hung_up());
    }
    {
        RawClient client{served};
        client.say(get("/wait")).end_sending();
        const auto parked = served.handler.take_parked();
        CHECK(served.ask([&] { return parked.is_alive(); }));
        served.ask([&] {
            parked.reply({});
            return true;
        });
        CHECK(client.hear() == "200 ");
    }
    RawClient client{served};
    CHECK(client.say("GET / HT").end_sending().hear() ==
          refusal(400, "bad-request", "malformed request: it ends in the middle"));
}

TEST_CASE("a request that does not come to its end is given up", "[integration][control][slow]") {
    Served served;
    RawClient silent{served};
    RawClient client{served};
    CHECK(client.say("GET / HTTP/1.1\r\nHos").hear() ==
          refusal(408, "timed-out", "the request was not complete within 10s"));
    // One that has not begun is no request yet.
    CHECK(silent.say(get("/")).hear() == "200 GET /");
}

TEST_CASE("as many connections as there may be are served, and no more", "[integration][control]") {
    Served served;
    std::vector<std::unique_ptr<RawClient>> clients;
    std::vector<decltype(served.handler.take_parked())> waiting;
    for (std::size_t i = 0; i < limits::control_connections_max; ++i) {
        clients.push_back(std::make_unique<RawClient>(served));
        clients.back()->say(get("/wait"));
        waiting.push_back(served.handler.take_parked());
    }
    RawClient late{served};
    CHECK(late.say(get("/late")).hear() ==
          refusal(503,
                  "too-many-connections",
                  "there are 256 connections already, which is as many as there may be"));
    late.close();
    clients.resize(100);
    CHECK(served.comes_true([&] { return served.server->connections() == 100; }));
    CHECK(RawClient{served}.say(get("/now")).hear() == "200 GET /now");
}

TEST_CASE("those who say nothing do not keep others out", "[integration][control]") {
    Served served;
    std::vector<std::unique_ptr<RawClient>> clients;
    for (std::size_t i = 0; i < limits::control_connections_max; ++i) {
        clients.push_back(std::make_unique<RawClient>(served));
        // In turn: nothing at all, a part of a request, a request that is over.
        if (i % 3 == 1) clients.back()->say("GET / HTTP/1.1\r\nHos");
        if (i % 3 == 2) CHECK(clients.back()->say(get("/first")).hear() == "200 GET /first");
    }
    RawClient waiting{served};
    waiting.say(get("/wait"));
    const auto parked = served.handler.take_parked();
    for (std::size_t i = 0; i < limits::control_connections_max; ++i) {
        CHECK(RawClient{served}.say(get("/late")).hear() == "200 GET /late");
    }
    CHECK(clients.front()->is_hung_up());
    CHECK(served.ask([&] { return parked.is_alive(); }));
    CHECK(served.comes_true(
        [&] { return served.server->connections() <= limits::control_connections_max; }));
}

TEST_CASE("a long poll is answered when there is something to tell", "[integration][control]") {
    Served served;
    RawClient client{served};
    client.say(get("/wait"));
    const auto parked = served.handler.take_parked();
    CHECK(served.ask([&] { return parked.is_alive(); }));
    served.ask([&] {
        ControlReply reply;
        reply.body = "news";
        parked.reply(reply);
        return true;
    });
    CHECK(client.hear() == "200 news");
    CHECK_FALSE(served.ask([&] { return parked.is_alive(); }));
    CHECK(client.say(get("/next")).hear() == "200 GET /next");
}

TEST_CASE("a client that goes away while it waits gives its place free", "[integration][control]") {
    Served served;
    RawClient client{served};
    client.say(get("/wait"));
    const auto parked = served.handler.take_parked();
    CHECK(served.ask([&] { return served.server->connections(); }) == 1);
    client.close();
    CHECK_FALSE(served.ask([&] { return parked.is_alive(); }));
    CHECK(served.comes_true([&] { return served.server->connections() == 0; }));
    served.ask([&] {
        parked.reply({});  // Too late: nobody must notice.
        return true;
    });
    // The same with its next request already sent.
    RawClient hasty{served};
    hasty.say(get("/wait") + get("/next"));
    const auto forgotten = served.handler.take_parked();
    CHECK(served.ask([&] { return forgotten.is_alive(); }));
    hasty.close();
    CHECK(served.comes_true([&] { return served.server->connections() == 0; }));
}

TEST_CASE("only its user and root may use the socket", "[integration][control]") {
    Served served;
    struct stat about {};
    REQUIRE(stat(served.path.c_str(), &about) == 0);
    CHECK((about.st_mode & 07777) == 0600);
    if (geteuid() != 0) return;
    // Even if somebody opens the file for all.
    REQUIRE(chmod(served.path.c_str(), 0666) == 0);
    REQUIRE(chmod(served.directory.c_str(), 0755) == 0);
    int pipe_ends[2] = {-1, -1};
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
        const auto socket = platform::connect_unix(served.path);
        if (!socket) _exit(2);
        char answer[1024];
        const ssize_t count = recv(socket->get(), answer, sizeof(answer), 0);
        if (count <= 0 || write(pipe_ends[1], answer, static_cast<std::size_t>(count)) != count) {
            _exit(3);
        }
        _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    close(pipe_ends[1]);
    char answer[1024];
    const ssize_t count = read(pipe_ends[0], answer, sizeof(answer));
    close(pipe_ends[0]);
    REQUIRE(count > 0);
    const std::string text{answer, static_cast<std::size_t>(count)};
    CHECK(text.rfind("HTTP/1.1 403 Forbidden\r\n", 0) == 0);
    CHECK(text.find("this socket belongs to another user: user 65534 may not use it") !=
          std::string::npos);
}

TEST_CASE("a socket deep in the file system is served and found", "[integration][control]") {
    Served served{"/" + std::string(100, 'a') + "/" + std::string(100, 'b')};
    REQUIRE(served.path.size() > 200);
    CHECK(RawClient{served}.say(get("/deep")).hear() == "200 GET /deep");
}

TEST_CASE("who connects where nobody serves is told how it is", "[integration][control]") {
    std::string path;
    {
        const Served served;
        path = served.path;
        const auto absent = platform::connect_unix(served.directory + "/none.sock");
        REQUIRE_FALSE(absent);
        CHECK(absent.error() == Error{Error::Kind::not_found,
                                      "cannot connect to " + served.directory +
                                          "/none.sock: No such file or directory"});
        // A socket whose server has died without a word.
        const std::string stale = served.directory + "/stale.sock";
        { REQUIRE(platform::listen_unix(stale)); }
        const auto refused = platform::connect_unix(stale);
        REQUIRE_FALSE(refused);
        CHECK(refused.error() ==
              Error{Error::Kind::busy, "cannot connect to " + stale + ": Connection refused"});
        CHECK(platform::listen_unix(stale));
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a server that closes finishes what it is at", "[integration][control]") {
    Served served;
    RawClient idle{served};
    idle.say(get("/a")).hear();
    RawClient waiting{served};
    waiting.say(get("/wait"));
    const auto parked = served.handler.take_parked();
    served.ask([&] {
        served.server->close();
        return true;
    });
    CHECK(idle.is_hung_up());
    CHECK_FALSE(platform::connect_unix(served.path));
    CHECK(served.ask([&] { return parked.is_alive(); }));
    served.ask([&] {
        ControlReply reply;
        reply.body = "farewell";
        parked.reply(reply);
        return true;
    });
    CHECK(waiting.hear() == "200 farewell");
    CHECK(waiting.is_hung_up());
}

TEST_CASE("a reply that is kept longer than the server is harmless", "[integration][control]") {
    EchoHandler::Parked parked;
    {
        Served served;
        RawClient client{served};
        client.say(get("/wait"));
        parked = served.handler.take_parked();
        served.ask([&] {
            served.server.reset();
            return true;
        });
        served.ask([&] {
            parked.reply({});
            return true;
        });
        CHECK(client.hear() == "200 ");
        parked = {};
    }
    CHECK(parked.reply == nullptr);
}
