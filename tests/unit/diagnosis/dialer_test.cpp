#include "diagnosis/dialer.hpp"

#include "support/catch.hpp"
#include "support/tcp_server.hpp"

#include <array>

#include <sys/socket.h>

using namespace devstack;
using namespace devstack::diagnosis;
using namespace devstack::test;
using namespace std::chrono_literals;
using core::doctor::DialFact;

namespace {

Endpoint endpoint_at(Port port, const std::string& protocol) {
    Endpoint endpoint;
    endpoint.fact.id = "it";
    endpoint.fact.purpose = "probe";
    endpoint.fact.protocol = protocol;
    endpoint.fact.host = "127.0.0.1";
    endpoint.fact.port = port.number;
    endpoint.fact.path = "/health";
    endpoint.fact.timeout = 10;
    endpoint.user = "shop";
    return endpoint;
}

DialFact dial(const Endpoint& endpoint, Duration limit = 10s) {
    return dial_all({endpoint}, limit).at(0);
}

/// What came of it: "stage | error | code".
std::string outcome(const DialFact& fact) {
    return fact.stage + " | " + fact.error + " | " + fact.code;
}

/// A server that waits for something, then says this.
TcpServer::Serve say(std::string text) {
    return [text = std::move(text)](int connection) {
        char byte = 0;
        static_cast<void>(::recv(connection, &byte, 1, 0));
        send_text(connection, text);
        wait_for_close(connection);
    };
}

}  // namespace

TEST_CASE("an answer is kept step by step", "[unit][doctor]") {
    TcpServer server{
        answer_with("HTTP/1.1 503 Unavailable\r\nX-Why: db\r\nContent-Length: "
                    "8\r\n\r\nline\ntwo")};
    const DialFact fact = dial(endpoint_at(server.port(), "http"));
    CHECK(outcome(fact) == "done |  | ");
    CHECK(fact.status == 503);
    CHECK(fact.is_unexpected);
    CHECK(fact.expected == "200-299");
    CHECK(fact.body == "line\ntwo");
    REQUIRE(fact.headers.size() == 2);
    CHECK(fact.headers[0].name == "x-why");
    REQUIRE(fact.addresses.size() == 1);
    CHECK(fact.addresses[0].outcome == "connected");
}

TEST_CASE("who is not there, does not answer, or says something else is told", "[unit][doctor]") {
    Port closed;
    {
        TcpServer server{answer_with("")};
        closed = server.port();
    }
    CHECK(outcome(dial(endpoint_at(closed, "http"))) == "connect | connection refused | ");
    TcpServer silent{wait_for_close};
    CHECK(outcome(dial(endpoint_at(silent.port(), "http"), 200ms)) == "first byte | no answer | ");
    TcpServer closing{answer_with("")};
    CHECK(outcome(dial(endpoint_at(closing.port(), "http"))) ==
          "first byte | closed the connection without an answer | ");
    TcpServer strange{answer_with("220 mail.test ESMTP ready\r\n")};
    CHECK(outcome(dial(endpoint_at(strange.port(), "http"))) ==
          "first byte | the answer is not HTTP | ");
}

TEST_CASE("a name that does not resolve is told", "[unit][doctor]") {
    Endpoint endpoint = endpoint_at(Port{80}, "http");
    endpoint.fact.host = "nobody.invalid";
    const DialFact fact = dial(endpoint);
    CHECK(fact.stage == "resolve");
    CHECK(fact.error.starts_with("does not resolve: "));
}

TEST_CASE("PostgreSQL's refusals are kept with their code", "[unit][doctor]") {
    const std::string fields = std::string{"SFATAL"} + '\0' + "C3D000" + '\0' +
                               "Mdatabase \"shop\" does not exist" + '\0' + '\0';
    std::string message{"E"};
    message += std::string{"\0\0\0", 3} + static_cast<char>(fields.size() + 4) + fields;
    TcpServer server{say(message)};
    CHECK(outcome(dial(endpoint_at(server.port(), "postgresql"))) ==
          "done | database \"shop\" does not exist | 3D000");
    TcpServer other{say("-ERR unknown command\r\n")};
    CHECK(outcome(dial(endpoint_at(other.port(), "postgresql"))) ==
          "first byte | the answer is not PostgreSQL's | ");
}

TEST_CASE("Redis is asked whether it is there", "[unit][doctor]") {
    TcpServer good{say("+PONG\r\n")};
    CHECK(outcome(dial(endpoint_at(good.port(), "redis"))) == "done |  | ");
    TcpServer locked{say("-NOAUTH Authentication required.\r\n")};
    CHECK(outcome(dial(endpoint_at(locked.port(), "redis"))) ==
          "done | NOAUTH Authentication required. | NOAUTH");
    TcpServer strange{say("HTTP/1.1 400 Bad Request\r\n\r\n")};
    CHECK(outcome(dial(endpoint_at(strange.port(), "redis"))) ==
          "done | the answer is not Redis' | ");
}

TEST_CASE("queues in which jobs wait are told with their workers", "[unit][doctor]") {
    const std::string clients =
        "id=3 name=bull:aW52b2ljZQ== flags=b db=0 cmd=bzpopmin\n"
        "id=4 name=bull:aW52b2ljZXM=:qe flags=b db=0 cmd=xread\n"
        "id=5 name=bull:aW52b2ljZXM= flags=b db=1 cmd=bzpopmin\n";
    const std::string keys = "*2\r\n$1\r\n0\r\n*2\r\n$18\r\nbull:invoices:wait\r\n$5\r\nother\r\n";
    TcpServer server{[&](int connection) {
        std::array<char, 1024> bytes{};
        for (;;) {
            const auto size = ::recv(connection, bytes.data(), bytes.size(), 0);
            if (size <= 0) return;
            const std::string_view asked{bytes.data(), static_cast<std::size_t>(size)};
            const auto has = [&](std::string_view word) { return asked.find(word) != asked.npos; };
            send_text(connection,
                      has("SCAN")     ? keys
                      : has("LLEN")   ? ":2\r\n"
                      : has("LINDEX") ? "$2\r\n17\r\n"
                      : has("CLIENT")
                          ? "$" + std::to_string(clients.size()) + "\r\n" + clients + "\r\n"
                          : "+PONG\r\n");
        }
    }};
    const DialFact fact = dial(endpoint_at(server.port(), "redis"));
    CHECK(outcome(fact) == "done |  | ");
    REQUIRE(fact.queues.size() == 1);
    CHECK(fact.queues[0].kind == "BullMQ");
    CHECK(fact.queues[0].name == "invoices");
    CHECK(fact.queues[0].waiting == 2);
    CHECK(fact.queues[0].consumers == 0);
    CHECK(fact.queues[0].elsewhere == "1");
    CHECK(fact.queues[0].others == std::vector<std::string>{"invoice"});
}

TEST_CASE("MySQL's refusals are kept with their number", "[unit][doctor]") {
    const std::string text = "Host '::1' is not allowed to connect";
    std::string packet{static_cast<char>(text.size() + 3)};
    packet += std::string{"\0\0\0\xFF\x6A\x04", 6} + text;
    TcpServer greeting{[&](int connection) {
        send_text(connection, packet);
        wait_for_close(connection);
    }};
    CHECK(outcome(dial(endpoint_at(greeting.port(), "mysql"))) ==
          "done | Host '::1' is not allowed to connect | 1130");
}

namespace {

std::string mysql_packet(char number, const std::string& body) {
    return std::string{static_cast<char>(body.size())} + '\0' + '\0' + number + body;
}

/// A MariaDB that greets, reads a log-in of this plugin, and answers with this.
TcpServer::Serve greet(std::string answer, std::string& login) {
    return [answer = std::move(answer), &login](int connection) {
        const std::string salt(12, 'b');
        send_text(connection,
                  mysql_packet(0,
                               std::string{"\x0A"} + "10.11.6-MariaDB" + std::string(5, '\0') +
                                   std::string(8, 'a') + std::string(19, '\0') + salt + '\0' +
                                   "mysql_native_password" + '\0'));
        char text[512];
        const auto size = ::recv(connection, text, sizeof text, 0);
        login.assign(text, size > 0 ? static_cast<std::size_t>(size) : 0);
        send_text(connection, answer);
        wait_for_close(connection);
    };
}

}  // namespace

TEST_CASE("MySQL is logged in to, and its answer kept", "[unit][doctor]") {
    std::string login;
    TcpServer refusing{greet(
        mysql_packet(2, std::string{"\xFF\x19\x04"} + "#42000Unknown database 'shopp'"), login)};
    Endpoint endpoint = endpoint_at(refusing.port(), "mysql");
    endpoint.password = "sesame";
    endpoint.database = "shopp";
    CHECK(outcome(dial(endpoint)) == "done | Unknown database 'shopp' | 1049");
    CHECK(login.find("shop") != login.npos);
    CHECK(login.find("sesame") == login.npos);
    TcpServer willing{greet(mysql_packet(2, std::string(7, '\0')), login)};
    endpoint.fact.port = willing.port().number;
    const DialFact let_in = dial(endpoint, 500ms);
    CHECK(outcome(let_in) == "done |  | ");
    CHECK(let_in.is_query_unanswered);  // Who waits for whom is not why it is dialled.
    TcpServer cautious{greet(mysql_packet(2, "\x01\x04"), login)};  // Wants TLS to go on.
    endpoint.fact.port = cautious.port().number;
    CHECK(outcome(dial(endpoint)) == "done |  | ");
}

TEST_CASE("all are dialled at once, and none longer than there is time", "[unit][doctor]") {
    TcpServer silent{wait_for_close};
    TcpServer good{answer_with(http_answer("200 OK", "fine"))};
    const auto facts =
        dial_all({endpoint_at(silent.port(), "http"), endpoint_at(good.port(), "http")}, 300ms);
    REQUIRE(facts.size() == 2);
    CHECK(facts[0].error == "no answer");
    CHECK(facts[1].body == "fine");
}
