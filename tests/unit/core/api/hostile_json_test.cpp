#include "devstack/core/api/messages.hpp"

#include "support/catch.hpp"

#include <random>
#include <string>

#include <nlohmann/json.hpp>

using namespace devstack;
using namespace devstack::core::api;

namespace {

std::string event_text() {
    EventMessage event;
    event.sequence = 17;
    event.time = "2026-11-21T12:00:03.123Z";
    event.kind = "phase";
    event.service = "a \"quoted\" \\ n\xC3\xA4me";
    event.why = "because\n";
    return to_text(event);
}

/// Every parser sees it; none may do more than refuse it.
void feed_all(const std::string& text) {
    static_cast<void>(parse_state(text));
    static_cast<void>(parse_event(text));
    static_cast<void>(parse_events(text));
    static_cast<void>(parse_logs(text));
    static_cast<void>(parse_command_request(text));
    static_cast<void>(parse_command_reply(text));
    static_cast<void>(parse_error(text));
}

}  // namespace

TEST_CASE("text that is not JSON is refused with the place", "[unit][api]") {
    const auto message_of = [](const std::string& text) {
        const Result<EventMessage> event = parse_event(text);
        return event ? std::string{"accepted"} : event.error().message;
    };
    CHECK(message_of("") == "not valid JSON at byte 0: incomplete JSON");
    CHECK(message_of("{\"sequence\":17") == "not valid JSON at byte 14: incomplete JSON");
    CHECK(message_of("nonsense") == "not valid JSON at byte 0: syntax error");
    CHECK(message_of(event_text() + "x").rfind("not valid JSON at byte ", 0) == 0);
    CHECK(message_of("{\"why\":\"\xFF\"}").rfind("not valid JSON at byte ", 0) == 0);
    CHECK(message_of("{\"why\":\"a\nb\"}").rfind("not valid JSON at byte ", 0) == 0);
    CHECK(message_of("{'why':1}").rfind("not valid JSON at byte ", 0) == 0);
    CHECK(message_of("{\"sequence\":1,}").rfind("not valid JSON at byte ", 0) == 0);
    CHECK(message_of("// comment\n{}").rfind("not valid JSON at byte ", 0) == 0);
}

TEST_CASE("an event cut off anywhere is refused", "[unit][api]") {
    const std::string text = event_text();
    for (std::size_t length = 0; length < text.size(); ++length) {
        INFO(text.substr(0, length));
        CHECK_FALSE(parse_event(std::string_view{text}.substr(0, length)));
    }
    CHECK(parse_event(text));
    CHECK(parse_event(text + "\n"));
}

TEST_CASE("deep nesting is refused, not followed", "[unit][api]") {
    const std::size_t depth = 100'000;
    for (const char* const unit : {"[", "{\"a\":"}) {
        std::string text = "{\"sequence\":1,\"deep\":";
        for (std::size_t i = 0; i < depth; ++i)
            text += unit;
        feed_all(text);
        const Result<EventMessage> event = parse_event(text);
        REQUIRE_FALSE(event);
        CHECK(event.error().message.rfind("not valid JSON at byte ", 0) == 0);
    }
}

TEST_CASE("changed bytes are never more than refused", "[unit][api]") {
    std::mt19937 random{20261121};
    const std::vector<std::string> seeds = {
        event_text(),
        R"({"project":"p","cursor":1,"services":[{"name":"a","phase":"r","ports":[{"port":1}],)"
        R"("needs":["x"],"health":{"status":"none"},"usage":{"cpu_percent":1e3}}]})",
        R"({"lines":[{"service":"a","time":"2026-11-21T12:00:03Z","stream":"stdout","text":"x"}],)"
        R"("gaps":[{"service":"a"}],"cursor":"a:1"})",
        R"({"command":"start","services":["a","b"],"signal":-3})"};
    const std::string alphabet = "{}[]\",:\\0129.eE-+tfn \xC3\xFF\x01u";
    for (int round = 0; round < 3000; ++round) {
        std::string text = seeds[random() % seeds.size()];
        const std::size_t changes = 1 + random() % 4;
        for (std::size_t i = 0; i < changes; ++i) {
            text[random() % text.size()] = alphabet[random() % alphabet.size()];
        }
        feed_all(text);
    }
}

TEST_CASE("whatever bytes a text holds, what we write parses", "[unit][api]") {
    std::mt19937 random{7};
    for (int round = 0; round < 2000; ++round) {
        EventMessage event;
        event.sequence = 1;
        event.time = "t";
        event.kind = "k";
        const std::size_t length = random() % 24;
        for (std::size_t i = 0; i < length; ++i) {
            event.why +=
                static_cast<char>(random() % 4 == 0 ? 0xC0 + random() % 64 : random() % 256);
        }
        const std::string text = to_text(event);
        const auto oracle = nlohmann::json::parse(text, nullptr, false);
        REQUIRE_FALSE(oracle.is_discarded());
        // The library replaces what is invalid as we do, if not always by as many characters.
        const Result<EventMessage> again = parse_event(text);
        REQUIRE(again);
        CHECK(again->why == oracle["why"].get<std::string>());
    }
}

TEST_CASE("invalid UTF-8 is replaced byte by byte and valid kept", "[unit][api]") {
    const auto sent = [](const std::string& why) {
        return parse_error(to_text(ErrorMessage{"c", why, ""}))->message;
    };
    const std::string bad = "\xEF\xBF\xBD";
    CHECK(sent("a\xFFz") == "a" + bad + "z");
    CHECK(sent("\xC3") == bad);
    CHECK(sent("\xC0\xAF") == bad + bad);
    CHECK(sent("\xED\xA0\x80") == bad + bad + bad);
    CHECK(sent("\xF4\x90\x80\x80") == bad + bad + bad + bad);
    CHECK(sent("\xE2\x82\xAC \xF0\x9F\x9A\x80 \xC3\xBC") ==
          "\xE2\x82\xAC \xF0\x9F\x9A\x80 \xC3\xBC");
    CHECK(sent(std::string("a\0b", 3)) == std::string("a\0b", 3));
}
