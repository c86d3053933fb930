#include "cli/top/top_model.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

// Whole screens: tests/golden/top/NAME.txt. Run with DEVSTACK_UPDATE_GOLDEN=1 to write what they
// are now, and review the difference like code.

using namespace devstack;
using namespace devstack::cli;
using namespace std::chrono_literals;
using core::api::ServiceState;
using core::api::StateMessage;
using Kind = Key::Kind;

namespace {

namespace fs = std::filesystem;

const TimePoint start{};

ServiceState service(const std::string& name, const std::string& phase, const std::string& why) {
    ServiceState it;
    it.name = name;
    it.kind = "service";
    it.phase = phase;
    it.why = name + " is " + phase + ": " + why;
    it.is_wanted = true;
    if (phase == "ready") it.pid = 812;
    return it;
}

StateMessage shop() {
    StateMessage state;
    state.project = "shop";
    state.project_dir = "/home/chi/shop";
    state.status = "running";
    ServiceState postgres = service("postgres", "ready", "connected to 127.0.0.1:5432");
    postgres.uptime_seconds = 7500;
    postgres.ports = {{"", 5432}};
    postgres.health = {"healthy", "connect to localhost:5432", "connected", 0};
    ServiceState migrate = service("migrate", "completed", "exited with code 0");
    migrate.kind = "task";
    migrate.needs = {"postgres"};
    ServiceState api = service("api", "backing-off", "exited with code 3; restart 4 comes in 2s");
    api.restarts = 4;
    api.ports = {{"http", 3101}, {"debug", 9229}};
    api.health = {"unknown", "GET http://localhost:3101/health", "", 0};
    api.needs = {"postgres", "migrate"};
    api.differences = {"api declared 3101 and listens on 3001"};
    ServiceState web = service("web", "ready", "GET http://localhost:3200/ answered 200");
    web.pid = 911;
    web.uptime_seconds = 61;
    web.ports = {{"", 3200}};
    web.health = {"healthy", "GET http://localhost:3200/", "status 500", 2};
    web.needs = {"api"};
    web.url = "http://localhost:3200";
    state.services = {postgres, migrate, api, web};
    return state;
}

core::api::LogsMessage logs() {
    core::api::LogsMessage message;
    const auto add = [&](const std::string& name, const std::string& text, bool is_error) {
        core::LogLine line;
        line.service = name;
        line.text = text;
        line.time = WallTime{12h + std::chrono::seconds{message.lines.size()}};
        if (is_error) line.stream = core::LogStream::standard_error;
        message.lines.push_back(line);
    };
    add("postgres", "database system is ready to accept connections", false);
    add("web", "\x1b[32mready\x1b[0m in 1200 ms, 日本語", false);
    for (int i = 1; i <= 12; ++i)
        add("api", "GET /api/items/" + std::to_string(i) + " 200", false);
    add("api", "Error: no such table: items, which is a rather long line for a terminal", true);
    return message;
}

struct Top : TopModel {
    explicit Top(FrameSize size = {80, 24}) : TopModel{shop(), start, size} {
        take_logs(logs());
        take_usage({{"postgres", {0.25, 12 << 20, 3}}, {"web", {12.4, 305 << 20, 2}}});
    }
    std::vector<TopWish> press(const std::string& characters) {
        std::vector<TopWish> wishes;
        for (const char c : characters) {
            for (TopWish& wish : take_key({Kind::character, std::string(1, c)}))
                wishes.push_back(std::move(wish));
        }
        return wishes;
    }
    std::vector<TopWish> press(Kind kind) { return take_key({kind, ""}); }
};

std::string text_of_frame(const Frame& frame) {
    std::string text;
    for (const FrameLine& line : frame.lines) {
        std::string row = text_of(line);
        row.erase(row.find_last_not_of(' ') + 1);
        text += row + "\n";
    }
    return text;
}

/// Where the looks change: "<red>failed</>".
std::string styled_text_of(const Frame& frame) {
    static constexpr const char* names[] = {
        "plain", "bold", "dim", "red", "green", "yellow", "blue", "magenta", "cyan"};
    std::string text;
    for (const FrameLine& line : frame.lines) {
        for (const Span& span : line) {
            if (span.look == Look{}) {
                text += span.text;
                continue;
            }
            text += std::string{"<"} + names[static_cast<int>(span.look.style)] +
                    (span.look.is_bold ? " bold" : "") +
                    (span.look.is_reversed ? " reversed" : "") + ">" + span.text + "</>";
        }
        text += "\n";
    }
    return text;
}

void check_golden(const std::string& name, const std::string& seen) {
    const fs::path expected = fs::path{DEVSTACK_SOURCE_DIR} / "tests/golden/top" / (name + ".txt");
    if (std::getenv("DEVSTACK_UPDATE_GOLDEN") != nullptr) {
        fs::create_directories(expected.parent_path());
        std::ofstream{expected, std::ios::binary} << seen;
    }
    std::ifstream stream{expected, std::ios::binary};
    INFO(name);
    CHECK(seen == std::string{std::istreambuf_iterator<char>{stream}, {}});
}

void check_frame(const std::string& name, const TopModel& top) {
    const Frame frame = top.draw(start + 5s);
    CHECK(frame.lines.size() == frame.size.height);
    for (const FrameLine& line : frame.lines)
        CHECK(width_of(line) == frame.size.width);
    check_golden(name, text_of_frame(frame));
}

}  // namespace

TEST_CASE("top on terminals of any size", "[golden][top]") {
    check_frame("80x24", Top{});
    check_frame("150x40", Top{{150, 40}});
    check_frame("40x12", Top{{40, 12}});
    check_frame("10x4", Top{{10, 4}});
    for (std::size_t height = 0; height < 12; ++height) {
        const Frame frame = Top{{height, height}}.draw(start);
        CHECK(frame.lines.size() == height);
    }
}

TEST_CASE("top has colours where they tell something", "[golden][top]") {
    check_golden("colours", styled_text_of(Top{}.draw(start)));
}

TEST_CASE("the chosen service is told whole", "[golden][top]") {
    Top top;
    top.press("jj");
    check_frame("chosen", top);
}

TEST_CASE("what the reason says already is not said twice", "[unit][top]") {
    StateMessage state = shop();
    state.services[0].why = "postgres is ready: as far as it goes; it listens elsewhere";
    state.services[0].differences = {"it listens elsewhere"};
    const TopModel top{state, start, {80, 24}};
    CHECK(text_of(top.draw(start).lines[6])
              .starts_with(" postgres is ready: as far as it goes; it listens elsewhere   "));
}

TEST_CASE("the tree of needs keeps its shape where it is narrow", "[golden][top]") {
    Top top{{40, 12}};
    top.press("d");
    check_frame("needs-narrow", top);
}

TEST_CASE("services that do not fit are scrolled to", "[golden][top]") {
    StateMessage state = shop();
    for (int i = 1; i <= 40; ++i)
        state.services.push_back(service("worker" + std::to_string(i), "stopped", "not wanted"));
    Top top;
    top.take_state(state, start);
    for (int i = 0; i < 20; ++i)
        top.press(Kind::down);
    check_frame("many", top);
    for (int i = 0; i < 100; ++i)
        top.press(Kind::up);
    CHECK(text_of(top.draw(start).lines[2]).starts_with(" postgres"));
}

TEST_CASE("help, dependencies and why take the whole screen", "[golden][top]") {
    Top top;
    top.press("?");
    check_frame("help", top);
    top.press("q");
    top.press("d");
    check_frame("needs", top);
    StateMessage state = shop();
    state.services[2].phase = "ready";
    state.services[2].why = "api is ready: it said so";
    top.take_state(state, start);
    CHECK(text_of(top.draw(start).lines[2]).find("api             ready        it said so") !=
          std::string::npos);
    top.press(Kind::escape);
    top.show_page("why api", "api is backing-off: exited with code 3\n  since  12:00\n");
    check_frame("why", top);
}

TEST_CASE("a search tells how much it has found", "[golden][top]") {
    Top top;
    top.press("/items/[79]");
    CHECK(top.draw(start).cursor == std::optional<std::size_t>{30});
    check_frame("search-typed", top);
    top.press(Kind::enter);
    check_frame("search-found", top);
    top.press("n");
    top.press("n");
    CHECK(text_of(top.draw(start).lines.back()).starts_with("no older line matches  "));
    top.press("/it's\r");
    top.press(Kind::enter);
    top.press(Kind::escape);
    CHECK(text_of(top.draw(start).lines.back()).starts_with("? help"));
    top.press("n");
    CHECK(text_of(top.draw(start).lines.back()).starts_with("nothing is searched for: / does "));
}

TEST_CASE("a search that finds nothing says what would", "[unit][top]") {
    Top top{{120, 24}};
    top.press("/it's");
    top.press(Kind::enter);
    CHECK(text_of(top.draw(start).lines.back())
              .starts_with("nothing in the 15 lines here; devstack logs --grep 'it'\\''s' looks at "
                           "all that there is "));
    top.press("/(");
    top.press(Kind::enter);
    CHECK(text_of(top.draw(start).lines.back())
              .starts_with("cannot search for the pattern \"(\": a ( has no ), or a ) has no ( "));
}

TEST_CASE("the log alone, scrolled back and with times", "[golden][top]") {
    Top top{{60, 10}};
    top.press(Kind::tab);
    top.press("t");
    top.press(Kind::page_up);
    check_frame("log-alone", top);
    top.press(Kind::tab);
    check_frame("services-alone", top);
}

TEST_CASE("keys become commands for the chosen service", "[unit][top]") {
    Top top;
    top.press("jj");
    const auto commanded = [&](const std::string& key) {
        const std::vector<TopWish> wishes = top.press(key);
        REQUIRE(wishes.size() == 1);
        CHECK(wishes[0].kind == TopWish::Kind::command);
        CHECK(wishes[0].command.services == std::vector<std::string>{"api"});
        return wishes[0].command.command;
    };
    CHECK(commanded("s") == "start");
    CHECK(commanded("x") == "stop");
    CHECK(commanded("r") == "restart");
    CHECK(text_of(top.draw(start).lines.back()).starts_with("restart of api has been asked for "));
    CHECK(top.press("y")[0].kind == TopWish::Kind::tell_why);
    CHECK(top.press("q")[0].kind == TopWish::Kind::leave);
}

TEST_CASE("a signal is asked for, and goes only to a process", "[unit][top]") {
    Top top;
    top.press("SSIGHU");
    top.press(Kind::tab);
    const std::vector<TopWish> wishes = top.press(Kind::enter);
    REQUIRE(wishes.size() == 1);
    CHECK(wishes[0].command.command == "signal");
    CHECK(wishes[0].command.signal == SIGHUP);
    CHECK(text_of(top.draw(start).lines.back())
              .starts_with("SIGHUP was sent to postgres (pid 812) "));
    top.press("Snonsense");
    CHECK(top.press(Kind::enter).empty());
    CHECK(text_of(top.draw(start).lines.back()).find("nonsense") != std::string::npos);
    top.press("jjShup");
    CHECK(top.press(Kind::enter).empty());
    CHECK(text_of(top.draw(start).lines.back())
              .starts_with("api has no process: it is backing-off "));
}

TEST_CASE("Ctrl-C gives up what is typed, and then leaves", "[unit][top]") {
    Top top;
    top.press("/q");
    CHECK(top.take_key({Kind::control, "c"}).empty());
    CHECK(top.take_key({Kind::control, "c"})[0].kind == TopWish::Kind::leave);
}

TEST_CASE("the log of one service begins anew, without names", "[unit][top]") {
    Top top;
    const std::vector<TopWish> wishes = top.press(Kind::enter);
    REQUIRE(wishes.size() == 1);
    CHECK(wishes[0].kind == TopWish::Kind::show_log);
    CHECK(wishes[0].service == "postgres");
    core::api::LogsMessage message = logs();
    message.lines.resize(1);
    top.take_logs(message);
    core::api::EventMessage event;
    event.kind = "phase";
    event.service = "web";
    event.to = "failed";
    event.why = "of another service";
    top.take_events({event});
    event.service = "postgres";
    event.why = "of this one";
    top.take_events({event});
    const Frame frame = top.draw(start);
    CHECK(text_of(frame.lines[8]).starts_with("── log of postgres ─"));
    CHECK(text_of(frame.lines[9]).starts_with("| database system is ready "));
    CHECK(text_of(frame.lines[10]).starts_with("* failed: of this one "));
    CHECK(text_of(frame.lines[11]).find_first_not_of(' ') == std::string::npos);
    CHECK(top.press(Kind::enter)[0].service.empty());
}

TEST_CASE("what is left out of a flood is told in its place", "[unit][top]") {
    Top top{{100, 24}};
    top.tell_left_out();
    CHECK(text_of(top.draw(start).lines[22])
              .starts_with("         * ... more is written than can be shown: left out here, "
                           "devstack logs has it ... "));
}

TEST_CASE("only what is to be seen, and runs, is measured", "[unit][top]") {
    Top top;
    REQUIRE(top.find_measured().size() == 2);
    CHECK(top.find_measured()[1]->name == "web");
    top.press("?");
    CHECK(top.find_measured().empty());
    top.press("q");
    top.press(Kind::tab);
    CHECK(top.find_measured().empty());
}

TEST_CASE("what was chosen stays chosen when services come before it", "[unit][top]") {
    Top top;
    top.press("jj");
    StateMessage state = shop();
    state.services.insert(state.services.begin(), service("redis", "ready", "it said so"));
    top.take_state(state, start);
    CHECK(top.press("r")[0].service == "api");
    state.services.resize(1);
    top.take_state(state, start);
    CHECK(top.press("r")[0].service == "redis");
    state.services.clear();
    top.take_state(state, start);
    CHECK(top.press("rsxyS").empty());
}

TEST_CASE("good news are forgotten, bad ones stay until a key", "[unit][top]") {
    Top top;
    top.press("r");
    CHECK_FALSE(top.pass_time(start));
    REQUIRE(top.next_deadline());
    CHECK(top.pass_time(*top.next_deadline()));
    CHECK(text_of(top.draw(start).lines.back()).starts_with("? help"));
    top.tell("it failed", true);
    CHECK_FALSE(top.pass_time(start + 1h));
    CHECK(text_of(top.draw(start).lines.back()).starts_with("it failed "));
    top.press("j");
    CHECK(text_of(top.draw(start).lines.back()).starts_with("? help"));
}

TEST_CASE("trouble with the daemon takes the place of what is not known any more",
          "[golden][top]") {
    Top top;
    top.tell_trouble("lost the daemon; trying again in 2s (3 of 6)");
    check_frame("trouble", top);
}
