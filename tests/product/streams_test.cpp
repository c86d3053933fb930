#include "support/catch.hpp"
#include "support/event_source.hpp"
#include "support/test_project.hpp"

#include <csignal>

#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace devstack::test;
using nlohmann::json;

namespace {

std::string socket_of(const TestProject& project) {
    return project.directory() + "/.devstack/run/control.sock";
}

/// The texts of the log lines in the messages until `is_enough`, each with the id to continue after
/// it.
struct ReadLines {
    std::vector<std::string> texts;
    std::vector<json> gaps;
    std::string id;

    /// False when the stream has ended, or nothing comes any more.
    bool read_some(EventSource& stream) {
        const auto message = stream.next();
        if (!message || message->event == "done") return false;
        if (message->event == "gap") gaps.push_back(json::parse(message->data));
        if (message->event == "message") {
            const json parsed = json::parse(message->data);
            for (const json& line : parsed.at("lines"))
                texts.push_back(line.at("text"));
            CHECK(parsed.at("cursor") == message->id);
        }
        if (!message->id.empty()) id = message->id;
        return true;
    }
};

/// 0 while there is none.
int daemon_pid_of(const TestProject& project) {
    const std::string state = project.devstack({"status", "--json"}).output;
    return state.empty() ? 0 : json::parse(state).at("daemon_pid").get<int>();
}

}  // namespace

TEST_CASE("events come as a stream, which goes on where a client has stopped",
          "[integration][streams]") {
    const TestProject project{R"(
[service.api]
command = ["@CHILD@", "wait"]
)"};
    project.bring_up();
    std::string id;
    std::vector<std::string> phases;
    {
        EventSource stream{socket_of(project), "/v1/events"};
        const auto init = stream.next();
        REQUIRE(init);
        CHECK(init->event == "init");
        CHECK(stream.retry == "1000");
        const json said = json::parse(init->data);
        CHECK(said.at("daemon_pid") == daemon_pid_of(project));
        CHECK(said.at("heartbeat_seconds") == 15);
        while (phases.empty() || phases.back() != "api ready") {
            const auto message = stream.next();
            REQUIRE(message);
            const json event = json::parse(message->data);
            CHECK(message->id == std::to_string(event.at("sequence").get<int>()));
            id = message->id;
            if (event.at("kind") != "phase") continue;
            phases.push_back(event.at("service").get<std::string>() + " " +
                             event.at("to").get<std::string>());
        }
    }
    EventSource stream{
        socket_of(project), "/v1/events?after=1&service=api", "Last-Event-ID: " + id + "\r\n"};
    CHECK(json::parse(stream.next().value().data).at("resumed_after") == id);
    CHECK(project.devstack({"down"}).code == 0);
    phases.clear();
    std::optional<EventSource::Message> message = stream.next();
    for (; message && message->event == "message"; message = stream.next()) {
        phases.push_back(json::parse(message->data).at("to"));
    }
    CHECK(phases == std::vector<std::string>{"stopping", "stopped"});
    REQUIRE(message);
    CHECK(message->event == "done");
    CHECK(message->data == "{\"why\":\"the project has been stopped\"}");
    CHECK_FALSE(stream.next());
    CHECK(stream.has_ended());
}

TEST_CASE("every line comes once and in order, although the daemon is killed",
          "[integration][streams]") {
    constexpr std::size_t count = 3000;
    const TestProject project{R"(
[service.api]
command = ["@CHILD@", "lines", "3000", "n", "1000", "then", "wait"]
)"};
    project.bring_up();
    ReadLines read;
    for (int deaths = 0; read.texts.size() < count; ++deaths) {
        const std::string header = read.id.empty() ? "" : "Last-Event-ID: " + read.id + "\r\n";
        EventSource stream{socket_of(project), "/v1/logs?service=api", header};
        const std::size_t enough = read.texts.size() + count / 4;
        const int daemon = daemon_pid_of(project);
        bool is_killed = false;
        while (read.texts.size() < count && read.read_some(stream)) {
            if (is_killed || deaths == 3 || read.texts.size() < enough) continue;
            is_killed = kill_process(daemon, SIGKILL) == 0;
        }
        REQUIRE(deaths < 10);
        // A new daemon serves when the status comes from it.
        if (read.texts.size() < count) {
            REQUIRE(eventually([&] {
                const int now = daemon_pid_of(project);
                return now != 0 && now != daemon;
            }));
        }
    }
    CHECK(read.gaps.empty());
    REQUIRE(read.texts.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
        if (read.texts[i] != "n " + std::to_string(i + 1)) {
            FAIL("line " << i + 1 << " is " << read.texts[i]);
        }
    }
}

TEST_CASE("odd bytes do not break the framing", "[integration][streams]") {
    const TestProject project{R"(
[service.odd]
command = '''printf 'a\0b\rc\r\nd\377e\n\ndata: x\n'
head -c 100000 /dev/zero | tr '\0' y; echo; sleep 1000'''
)"};
    project.bring_up();
    EventSource stream{socket_of(project), "/v1/logs?service=odd"};
    ReadLines read;
    while (read.texts.empty() || read.texts.back() != std::string(100000 % 16384, 'y')) {
        REQUIRE(read.read_some(stream));
    }
    REQUIRE(read.texts.size() == 4 + 7);
    CHECK(read.texts[0] == "cb");
    CHECK(read.texts[1] == "d\uFFFDe");
    CHECK(read.texts[2].empty());
    CHECK(read.texts[3] == "data: x");
}

TEST_CASE("a slow client gets a gap, and holds up nobody", "[integration][streams]") {
    const TestProject project{R"(
[service.api]
command = ["@CHILD@", "print", "first", "then", "wait"]
[task.flood]
command = ["@CHILD@", "flood", "80000000", "then", "print", "the end"]
)"};
    project.bring_up();
    EventSource slow{socket_of(project), "/v1/logs?service=flood"};
    REQUIRE(slow.next());
    REQUIRE(project.devstack({"start", "flood"}).code == 0);
    EventSource quick{socket_of(project), "/v1/logs?service=flood&grep=end"};
    ReadLines last;
    while (last.texts.empty())
        REQUIRE(last.read_some(quick));
    CHECK(last.texts == std::vector<std::string>{"the end"});
    ReadLines read;
    while (read.gaps.empty())
        REQUIRE(read.read_some(slow));
    CHECK(read.gaps.front().at("service") == "flood");
    CHECK(read.gaps.front().at("lost_bytes") > 1'000'000);
}

TEST_CASE("a stream of lines until a moment ends then", "[integration][streams]") {
    const TestProject project{R"(
[service.api]
command = ["@CHILD@", "print", "one", "then", "print-err", "two", "then", "wait"]
)"};
    project.bring_up();
    EventSource stream{socket_of(project), "/v1/logs?until=2000-01-01T00:00:00Z"};
    CHECK(stream.next().value().event == "init");
    CHECK(stream.next() ==
          EventSource::Message{"done", "{\"why\":\"the time that was asked for is over\"}", ""});
    EventSource errors{socket_of(project), "/v1/logs?stream=stderr"};
    ReadLines read;
    while (read.texts.empty())
        REQUIRE(read.read_some(errors));
    CHECK(read.texts == std::vector<std::string>{"two"});
}

TEST_CASE("what a stream can not do is refused before it begins", "[integration][streams]") {
    const TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"wait\"]\n"};
    project.bring_up();
    const auto answer = [&](const std::string& target, const std::string& headers) {
        EventSource stream{socket_of(project), target, headers};
        CHECK_FALSE(stream.next(300ms));
        return stream.head.substr(9, stream.head.find("\r\n") - 9);
    };
    CHECK(answer("/v1/logs?service=apo", "") == "404 Not Found");
    CHECK(answer("/v1/logs", "Last-Event-ID: nonsense:\r\n") == "400 Bad Request");
    CHECK(answer("/v1/events", "Last-Event-ID: x\r\n") == "400 Bad Request");
}
