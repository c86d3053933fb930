#include "devstack/core/api/messages.hpp"

#include "support/catch.hpp"

using namespace devstack;
using namespace devstack::core;
using namespace devstack::core::api;

TEST_CASE("a command names what it is for", "[unit][api]") {
    const CommandRequest start{"start", {"api", "web"}, 0};
    CHECK(to_text(start) == R"({"command":"start","services":["api","web"]})");
    const CommandRequest signal{"signal", {"api"}, 10};
    CHECK(to_text(signal) == R"({"command":"signal","services":["api"],"signal":10})");
    CommandRequest reload;
    reload.command = "reload";
    reload.profile = "/p/other.toml";
    reload.is_dry_run = true;
    CHECK(to_text(reload) ==
          R"({"command":"reload","services":[],"profile":"/p/other.toml","dry_run":true})");
    for (const CommandRequest& command : {start, signal, reload}) {
        const Result<CommandRequest> again = parse_command_request(to_text(command));
        REQUIRE(again);
        CHECK(*again == command);
    }
}

TEST_CASE("a command that says too little or the wrong thing is told which field", "[unit][api]") {
    const auto message_of = [](const std::string& text) {
        const Result<CommandRequest> request = parse_command_request(text);
        return request ? std::string{"accepted"} : request.error().message;
    };
    CHECK(message_of("{}") == "command: is missing");
    CHECK(message_of(R"({"command":null})") == "command: is missing");
    CHECK(message_of(R"({"command":["start"]})") == "command: expected a string, found a list");
    CHECK(message_of(R"({"command":"start","services":"api"})") ==
          "services: expected a list of strings, found a string");
    CHECK(message_of(R"({"command":"signal","signal":"TERM"})") ==
          "signal: expected a whole number, found a string");
}

TEST_CASE("the reply to a command tells where its consequences begin", "[unit][api]") {
    CHECK(to_text(CommandReply{18446744073709551615ULL}) == R"({"cursor":18446744073709551615})");
    const Result<CommandReply> again = parse_command_reply(R"({"cursor":18446744073709551615})");
    REQUIRE(again);
    CHECK(again->cursor == 18446744073709551615ULL);
}

TEST_CASE("the reply to a reload tells what it has done", "[unit][api]") {
    using Kind = devstack::core::ServiceChange::Kind;
    CommandReply reply{7, devstack::core::PlanComparison{}};
    reply.reload->changes = {{"api", Kind::changed, {"command changed"}},
                             {"db", Kind::adjusted, {"health changed"}},
                             {"new", Kind::added, {}},
                             {"old", Kind::removed, {}}};
    reply.reload->unchanged = 3;
    const std::string text = to_text(reply);
    CHECK(text == R"({"cursor":7,"reload":{"changes":[)"
                  R"({"service":"api","kind":"changed","reasons":["command changed"]},)"
                  R"({"service":"db","kind":"adjusted","reasons":["health changed"]},)"
                  R"({"service":"new","kind":"added","reasons":[]},)"
                  R"({"service":"old","kind":"removed","reasons":[]}],"unchanged":3}})");
    const Result<CommandReply> again = parse_command_reply(text);
    REQUIRE(again);
    CHECK(to_text(*again) == text);
}

TEST_CASE("an error has a code for programs and words for people", "[unit][api]") {
    const ErrorMessage bare{"not-found", "there is no /v2", ""};
    CHECK(to_text(bare) == R"({"code":"not-found","message":"there is no /v2"})");
    const ErrorMessage hinted{"no-such-service", "no service `ap`", "did you mean `api`?"};
    CHECK(to_text(hinted) == R"({"code":"no-such-service","message":"no service `ap`",)"
                             R"("hint":"did you mean `api`?"})");
    const Result<ErrorMessage> again = parse_error(to_text(hinted));
    REQUIRE(again);
    CHECK(*again == hinted);
}

TEST_CASE("listening ports tell their holder and their service", "[unit][api]") {
    ListeningPort port;
    port.port = 3101;
    port.address = "127.0.0.1";
    port.pid = 4711;
    port.command = "node";
    port.user = "chi";
    port.since = "09:12";
    port.working_dir = "/home/chi/shop";
    port.service = "api";
    CHECK(to_text(std::vector<ListeningPort>{port}) ==
          R"([{"port":3101,"address":"127.0.0.1","pid":4711,"command":"node","user":"chi",)"
          R"("since":"09:12","working_dir":"/home/chi/shop","service":"api"}])");
    CHECK(to_text(std::vector<ListeningPort>{}) == "[]");
    const auto again = parse_ports(to_text(std::vector<ListeningPort>{port, port}));
    REQUIRE(again);
    CHECK(*again == std::vector<ListeningPort>{port, port});
    const auto wrong = parse_ports(R"([{"port":1,"address":"::"},{"port":2}])");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "[1].address: is missing");
}

TEST_CASE("log lines keep stream, time, marks and place on their way", "[unit][api]") {
    LogLine line;
    line.service = "api";
    line.run = 4;
    line.time = *parse_timestamp("2026-11-21T12:00:03.123Z", WallTime{});
    line.stream = LogStream::standard_error;
    line.text = "\x1b[31mred\x1b[0m \xFF end";
    line.is_continued = true;
    line.is_unfinished = true;
    line.position.end = 88;
    line.position.pending = 88;
    CHECK(to_text(line) ==
          R"({"service":"api","run":4,"time":"2026-11-21T12:00:03.123Z","stream":"stderr",)"
          "\"text\":\"\\u001b[31mred\\u001b[0m \xEF\xBF\xBD end\","
          R"("continued":true,"unfinished":true,"cursor":"api:88"})");

    LogsMessage message;
    message.lines = {line};
    LogGap gap;
    gap.service = "api";
    gap.lost_bytes = 7;
    gap.continues_at.end = 12;
    gap.continues_at.pending = 12;
    gap.cause = LogGap::Cause::unwritten;
    gap.lines_before = 1;
    CHECK(to_text(gap) == R"({"service":"api","lost_bytes":7,"cause":"unwritten",)"
                          R"("lines_before":1,"cursor":"api:12"})");
    message.gaps = {gap};
    message.cursor = "api:88";
    message.is_complete = false;
    const Result<LogsMessage> again = parse_logs(to_text(message));
    REQUIRE(again);
    REQUIRE(again->lines.size() == 1);
    const LogLine& read = again->lines[0];
    CHECK(read.service == "api");
    CHECK(read.run == 4);
    CHECK(read.time == line.time);
    CHECK(read.stream == LogStream::standard_error);
    CHECK(read.text == "\x1b[31mred\x1b[0m \xEF\xBF\xBD end");
    CHECK(read.is_continued);
    CHECK(read.is_unfinished);
    CHECK(read.position == line.position);
    REQUIRE(again->gaps.size() == 1);
    CHECK(again->gaps[0].service == "api");
    CHECK(again->gaps[0].lost_bytes == 7);
    CHECK(again->gaps[0].cause == LogGap::Cause::unwritten);
    CHECK(again->gaps[0].lines_before == 1);
    CHECK(again->gaps[0].continues_at == gap.continues_at);
    CHECK(again->cursor == "api:88");
    CHECK_FALSE(again->is_complete);
}

TEST_CASE("a log line with a wrong time, stream or cursor is named", "[unit][api]") {
    const auto message_of = [](const std::string& line) {
        const Result<LogsMessage> logs = parse_logs(R"({"lines":[)" + line + R"(],"cursor":""})");
        return logs ? std::string{"accepted"} : logs.error().message;
    };
    const std::string time = R"("time":"2026-11-21T12:00:03.123Z")";
    CHECK(message_of(R"({"service":"a",)" + time + R"(,"stream":"stdin","text":""})") ==
          "lines[0].stream: expected stdout or stderr, found stdin");
    CHECK(message_of(R"({"service":"a",)" + time + R"(,"stream":"stdout"})") ==
          "lines[0].text: is missing");
    CHECK(message_of(R"({"service":"a",)" + time +
                     R"(,"stream":"stdout","text":"","cursor":"b:7"})") ==
          "lines[0].cursor: not one of a");
    CHECK(message_of(R"({"service":"a","time":"noon","stream":"stdout","text":""})")
              .rfind("lines[0].time: ", 0) == 0);
}

TEST_CASE("diagnostics are told to programs with their place", "[unit][api]") {
    Diagnostic diagnostic;
    diagnostic.code = "unknown-key";
    diagnostic.severity = Diagnostic::Severity::warning;
    diagnostic.message = "unknown key \"depend_on\"";
    diagnostic.where = {"devstack.toml", 7, 3};
    diagnostic.line_text = "  depend_on = []";
    diagnostic.hint = "did you mean `depends_on`?";
    CHECK(to_text(std::vector<Diagnostic>{diagnostic}) ==
          R"([{"code":"unknown-key","severity":"warning","message":"unknown key \"depend_on\"",)"
          R"("file":"devstack.toml","line":7,"column":3,"line_text":"  depend_on = []",)"
          R"("hint":"did you mean `depends_on`?"}])");
}
