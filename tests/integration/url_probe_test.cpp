#include "support/catch.hpp"
#include "support/probe_asker.hpp"
#include "support/tcp_server.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

using namespace devstack;
using namespace devstack::test;
using namespace std::chrono_literals;

namespace {

struct Verdict {
    bool is_success = false;
    std::string detail;
    bool operator==(const Verdict&) const = default;
};

std::ostream& operator<<(std::ostream& stream, const Verdict& verdict) {
    return stream << (verdict.is_success ? "success: " : "failure: ") << verdict.detail;
}

/// What the probe says of a server that answers so.
Verdict judge(const TcpServer::Serve& serve,
              const std::function<void(core::UrlProbe&)>& change = {},
              Duration timeout = 5s) {
    TcpServer server{serve};
    ProbeAsker asker;
    auto probe = url_probe(server.port());
    if (change) change(probe);
    auto outcome = asker.ask(probe, timeout);
    CHECK(asker.is_idle());
    const std::string peer = "127.0.0.1:" + to_string(server.port());
    for (std::size_t at = 0; (at = outcome.detail.find(peer)) != std::string::npos;)
        outcome.detail.replace(at, peer.size(), "PEER");
    return {outcome.is_success, outcome.detail};
}

Verdict judge_text(const std::string& answer,
                   const std::function<void(core::UrlProbe&)>& change = {}) {
    return judge(answer_with(answer), change);
}

void want_ok(core::UrlProbe& probe) {
    probe.body_contains = "ok";
}

}  // namespace

TEST_CASE("a URL is asked for politely", "[integration][probe]") {
    std::string request;
    const auto serve = [&](int connection) {
        request = read_request(connection);
        send_text(connection, http_answer("200 OK", ""));
    };
    TcpServer server{serve};
    ProbeAsker asker;
    auto probe = url_probe(server.port());
    const std::string port = to_string(server.port());
    SECTION("by default") {
        CHECK(asker.ask(probe).detail == "status 200");
        CHECK(request == "GET /health?full=1 HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                             "\r\nUser-Agent: devstack/0.1.0\r\nAccept: */*\r\n"
                             "Connection: close\r\n\r\n");
    }
    SECTION("with headers of its own") {
        probe.headers = {{"host", "example.org"}, {"X-Token", "1"}, {"connection", "keep-alive"}};
        CHECK(asker.ask(probe).is_success);
        CHECK(request ==
              "GET /health?full=1 HTTP/1.1\r\nUser-Agent: devstack/0.1.0\r\n"
              "Accept: */*\r\nhost: example.org\r\nX-Token: 1\r\n"
              "Connection: close\r\n\r\n");
    }
    SECTION("but never with a request inside the request") {
        probe.headers = {{"X-Token", "1\r\nX-Evil: 2"}};
        CHECK(asker.ask(probe).detail == "the URL or a header contains a line break");
    }
}

TEST_CASE("the status decides", "[integration][probe]") {
    CHECK(judge_text(http_answer("200 OK", "hi")) == Verdict{true, "status 200"});
    CHECK(judge_text(http_answer("204 No Content", "")) == Verdict{true, "status 204"});
    CHECK(judge_text(http_answer("503 Busy", "")) == Verdict{false, "status 503, wanted 200-299"});
    CHECK(judge_text("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n") ==
          Verdict{false, "status 302, wanted 200-299"});
    const auto want_404 = [](core::UrlProbe& probe) {
        probe.expect.ranges = {{200, 200}, {404, 404}};
    };
    CHECK(judge_text(http_answer("404 Not Found", ""), want_404) == Verdict{true, "status 404"});
    CHECK(judge_text(http_answer("204 No Content", ""), want_404) ==
          Verdict{false, "status 204, wanted 200,404"});
    CHECK(judge_text("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                     http_answer("200 OK", "")) == Verdict{true, "status 200"});
}

TEST_CASE("the answer counts when its header is there, if no body is wanted",
          "[integration][probe]") {
    const auto endless = [](int connection) {
        read_request(connection);
        send_text(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hi\n");
        wait_for_close(connection);
    };
    CHECK(judge(endless) == Verdict{true, "status 200"});
}

TEST_CASE("the body is looked at where it is wanted", "[integration][probe]") {
    CHECK(judge_text(http_answer("200 OK", "{\"status\":\"ok\"}"), want_ok) ==
          Verdict{true, "status 200"});
    CHECK(judge_text(http_answer("200 OK", "down"), want_ok) ==
          Verdict{false, "the body does not contain \"ok\""});
    CHECK(judge_text(http_answer("200 OK", ""), want_ok) ==
          Verdict{false, "the body does not contain \"ok\""});
    CHECK(judge_text(http_answer("500 No", "ok"), want_ok) ==
          Verdict{false, "status 500, wanted 200-299"});
    SECTION("chunked") {
        CHECK(judge_text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
                         want_ok) == Verdict{true, "status 200"});
    }
    SECTION("HTTP/1.0, ended by the connection") {
        CHECK(judge_text("HTTP/1.0 200 OK\r\n\r\nall ok", want_ok) == Verdict{true, "status 200"});
        CHECK(judge_text("HTTP/1.0 200 OK\r\n\r\nall bad", want_ok) ==
              Verdict{false, "the body does not contain \"ok\""});
    }
    SECTION("byte by byte") {
        const auto slow = [](int connection) {
            read_request(connection);
            for (const char byte : http_answer("200 OK", "it is ok"))
                send_text(connection, {byte});
        };
        CHECK(judge(slow, want_ok) == Verdict{true, "status 200"});
    }
    SECTION("of a stream that does not end") {
        const auto endless = [](int connection) {
            read_request(connection);
            send_text(connection, "HTTP/1.1 200 OK\r\n\r\nit is ok\n");
            wait_for_close(connection);
        };
        CHECK(judge(endless, want_ok) == Verdict{true, "status 200"});
    }
}

TEST_CASE("no more than the start of a body is looked at", "[integration][probe]") {
    const std::string filler(64 * 1024 - 1, 'x');
    CHECK(judge_text(http_answer("200 OK", filler.substr(1) + "ok"), want_ok) ==
          Verdict{true, "status 200"});
    CHECK(judge_text(http_answer("200 OK", filler + "ok" + filler), want_ok) ==
          Verdict{false, "the first 64 KiB of the body do not contain \"ok\""});
}

TEST_CASE("no more than 64 KiB of what is between chunks is kept", "[integration][probe]") {
    std::size_t sent = 0;
    const auto serve = [&](int connection) {
        read_request(connection);
        send_text(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;");
        const std::string more(64 * 1024, 'x');
        while (sent < 256 * more.size() &&
               ::send(connection, more.data(), more.size(), MSG_NOSIGNAL) > 0)
            sent += more.size();
    };
    CHECK(judge(serve, want_ok) ==
          Verdict{false, "the answer of PEER is not HTTP (a line of more than 64 KiB)"});
    CHECK(sent < 256 * 64 * 1024);
}

TEST_CASE("a body can be matched", "[integration][probe]") {
    const auto matching = [](std::string pattern) {
        return [pattern](core::UrlProbe& probe) { probe.body_matches = pattern; };
    };
    const std::string answer = http_answer("200 OK", "version 1.2.3\nstatus: green\n");
    CHECK(judge_text(answer, matching("version [0-9]+\\.")) == Verdict{true, "status 200"});
    CHECK(judge_text(answer, matching("status: (green|yellow)")) == Verdict{true, "status 200"});
    CHECK(judge_text(answer, matching("status: red")) ==
          Verdict{false, "the body does not match \"status: red\""});
    CHECK(judge_text(answer, matching("(")) ==
          Verdict{false, "cannot search for the pattern \"(\": a ( has no ), or a ) has no ("});
    CHECK(judge_text(answer, matching("(a)\\1")) ==
          Verdict{false,
                  "cannot search for the pattern \"(a)\\1\": back-references are not supported"});
    SECTION("also with conditions that would take for ever, or all of the stack") {
        const std::string large = http_answer("200 OK", std::string(60'000, 'a'));
        CHECK(judge_text(large, matching("(a|b)*[cd]")) ==
              Verdict{false, "the body does not match \"(a|b)*[cd]\""});
        CHECK(judge_text(large, matching("(a*)*$")) == Verdict{true, "status 200"});
        CHECK(judge_text(http_answer("200 OK", "\r\nok\r\n"), matching("^ok")) ==
              Verdict{false, "the body does not match \"^ok\""});
    }
    SECTION("and has to contain as well") {
        const auto both = [](core::UrlProbe& probe) {
            probe.body_matches = "status: green";
            probe.body_contains = "version 1";
        };
        CHECK(judge_text(answer, both) == Verdict{true, "status 200"});
    }
}

TEST_CASE("a timeout tells how far the probe came", "[integration][probe]") {
    const auto silent = [](int connection) { wait_for_close(connection); };
    CHECK(judge(silent, {}, 500ms) ==
          Verdict{false, "no answer within 500ms (connected to PEER, request sent)"});
    const auto half = [](int connection) {
        read_request(connection);
        send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        wait_for_close(connection);
    };
    CHECK(
        judge(half, want_ok, 500ms) ==
        Verdict{false, "no answer within 500ms (connected to PEER, status 200, body incomplete)"});
}

TEST_CASE("a server that breaks off is told from one that refuses", "[integration][probe]") {
    CHECK(judge_text("") == Verdict{false, "PEER closed the connection without an answer"});
    CHECK(judge_text("HTTP/1.1 200") ==
          Verdict{false, "PEER closed the connection in the middle of its answer"});
    CHECK(judge_text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", want_ok) ==
          Verdict{false, "PEER closed the connection in the middle of its answer"});
    const auto reset = [](int connection) {
        read_request(connection);
        const linger at_once{1, 0};
        ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    };
    CHECK(judge(reset) == Verdict{false, "connection reset by PEER"});
    CHECK(judge_text("220 mail.example.org ESMTP\r\n")
              .detail.starts_with("the answer of PEER is not HTTP ("));
    CHECK(judge_text("\x15\x03\x01\x02\x02\x16 alert alert") ==
          Verdict{false, "PEER speaks TLS: use https"});
    CHECK(judge_text("HTTP/1.1 200 OK\r\nX-Long: " + std::string(80'000, 'x') + "\r\n\r\n") ==
          Verdict{false, "the answer of PEER has more than 64 KiB of headers"});

    ProbeAsker asker;
    const Port port = unused_port();
    CHECK(asker.ask(url_probe(port)).detail ==
          "connection refused by 127.0.0.1:" + to_string(port));
}

TEST_CASE("localhost is asked by both of its addresses for URLs too", "[integration][probe]") {
    std::string request;
    TcpServer server{[&](int connection) {
                         request = read_request(connection);
                         send_text(connection, http_answer("200 OK", ""));
                     },
                     "::1"};
    if (!server.is_listening()) return;
    ProbeAsker asker;
    const std::string port = to_string(server.port());
    CHECK(asker.ask(url_probe(server.port(), "localhost")).is_success);
    CHECK(request.find("Host: localhost:" + port + "\r\n") != request.npos);
    CHECK(asker.ask(url_probe(server.port(), "::1")).is_success);
    CHECK(request.find("Host: [::1]:" + port + "\r\n") != request.npos);
}

TEST_CASE("a thousand questions at once are all answered, cheaply", "[integration][probe]") {
    constexpr int count = 1000;
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const rlimit more{std::min<rlim_t>(files.rlim_max, 8192), files.rlim_max};
    if (files.rlim_cur < more.rlim_cur) ::setrlimit(RLIMIT_NOFILE, &more);

    TcpServer server{answer_with(http_answer("200 OK", "{\"status\":\"ok\"}"))};
    ProbeAsker asker;
    const auto probe = url_probe(server.port());
    int successes = 0;
    rusage before{};
    ::getrusage(RUSAGE_THREAD, &before);
    for (int i = 0; i < count; ++i) {
        asker.runner.ask(probe, {}, 10s, [&](const core::ProbeOutcome& outcome) {
            if (outcome.is_success) ++successes;
        });
    }
    asker.loop.run();
    rusage after{};
    ::getrusage(RUSAGE_THREAD, &after);
    CHECK(successes == count);
    CHECK(server.connections() == count);
    CHECK(asker.is_idle());

    const auto microseconds = [](const rusage& usage) {
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    };
    const auto spent = microseconds(after) - microseconds(before);
    if (std::getenv("DEVSTACK_MEASURE") != nullptr) WARN(count << " probes: " << spent << " us");
    CHECK(spent < 2'000'000);  // Generous: debug builds and sanitizers run this too.
}
