#include "devstack/daemon/event_journal.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/project/event_reader.hpp"

#include "support/catch.hpp"
#include "unit/project/log_directory.hpp"

#include <sys/stat.h>

using namespace devstack;
using daemon::EventJournal;
using test::LogDirectory;

namespace {

EventJournal open(const LogDirectory& directory) {
    auto journal = EventJournal::open(directory.path());
    REQUIRE(journal);
    return std::move(*journal);
}

core::api::EventMessage event(const std::string& why) {
    core::api::EventMessage message;
    message.time = "2026-11-21T12:00:03.123Z";
    message.kind = "notice";
    message.service = "api";
    message.why = why;
    return message;
}

std::uint64_t append(EventJournal& journal, const std::string& why) {
    auto message = event(why);
    journal.append(message);
    return message.sequence;
}

project::EventAnswer read(const LogDirectory& directory) {
    project::EventQuery query;
    query.after = 0;
    query.events_max = SIZE_MAX;
    auto answer = project::read_events(directory.path(), query);
    REQUIRE(answer);
    return std::move(*answer);
}

}  // namespace

TEST_CASE("events are numbered and can be read after the write", "[integration][event_journal]") {
    LogDirectory directory;
    EventJournal journal = open(directory);
    CHECK(journal.last_sequence() == 0);
    CHECK(append(journal, "one") == 1);
    CHECK(append(journal, "two\nlines") == 2);
    CHECK(read(directory).events.empty());
    CHECK(journal.write());
    CHECK(journal.write());
    const auto answer = read(directory);
    REQUIRE(answer.events.size() == 2);
    CHECK(answer.events[1].sequence == 2);
    CHECK(answer.events[1].why == "two\nlines");
    struct stat state {};
    REQUIRE(::stat(directory.file("events.jsonl").c_str(), &state) == 0);
    CHECK((state.st_mode & 0777) == 0600);
}

TEST_CASE("numbers go on after a restart, and a torn line is cut off",
          "[integration][event_journal]") {
    LogDirectory directory;
    {
        EventJournal journal = open(directory);
        append(journal, "one");
        append(journal, "two");
        CHECK(journal.write());
    }
    const std::string whole = directory.read("events.jsonl");
    directory.append("events.jsonl", R"({"sequence": 3, "time": "20)" + std::string(9000, 'x'));
    EventJournal journal = open(directory);
    CHECK(directory.read("events.jsonl") == whole);
    CHECK(journal.last_sequence() == 2);
    CHECK(append(journal, "three") == 3);
    CHECK(journal.write());
    CHECK(read(directory).events.size() == 3);
}

TEST_CASE("numbers go on when the crash came right after a rotation",
          "[integration][event_journal]") {
    LogDirectory directory;
    {
        EventJournal journal = open(directory);
        append(journal, "one");
        CHECK(journal.write());
    }
    std::filesystem::rename(directory.file("events.jsonl"), directory.file("events.jsonl.1"));
    EventJournal journal = open(directory);
    CHECK(append(journal, "two") == 2);
}

TEST_CASE("the journal is rotated by size, and old files go", "[integration][event_journal]") {
    LogDirectory directory;
    EventJournal journal = open(directory);
    const std::string why(64 * 1024, 'x');
    std::uint64_t last = 0;
    for (int i = 0; i < 700; ++i) {
        last = append(journal, why);
        REQUIRE(journal.write());
    }
    for (const char* name : {"events.jsonl.1", "events.jsonl.2", "events.jsonl.3"}) {
        const auto size = std::filesystem::file_size(directory.file(name));
        CHECK(size >= core::limits::event_journal_size_max);
        CHECK(size < core::limits::event_journal_size_max + 2 * why.size());
    }
    CHECK_FALSE(std::filesystem::exists(directory.file("events.jsonl.4")));
    const auto answer = read(directory);
    CHECK(answer.cursor == last);
    CHECK(answer.lost > 0);
    CHECK(answer.lost + answer.events.size() == last);
}

TEST_CASE("a journal that was removed is begun again", "[integration][event_journal]") {
    LogDirectory directory;
    EventJournal journal = open(directory);
    append(journal, "one");
    CHECK(journal.write());
    std::filesystem::remove(directory.file("events.jsonl"));
    append(journal, "two");
    CHECK(journal.write());
    const auto answer = read(directory);
    REQUIRE(answer.events.size() == 1);
    CHECK(answer.events[0].sequence == 2);
    CHECK(answer.lost == 1);
}

TEST_CASE("events wait while they can not be written, within a bound",
          "[integration][event_journal]") {
    LogDirectory directory;
    EventJournal journal = open(directory);
    std::filesystem::remove_all(directory.path());
    append(journal, "one");
    const auto failed = journal.write();
    REQUIRE_FALSE(failed);
    CHECK(failed.error() ==
          Error{Error::Kind::system,
                "cannot write " + directory.file("events.jsonl") + ": No such file or directory"});
    const std::string why(100'000, 'x');
    for (int i = 0; i < 30; ++i) {
        append(journal, why);
    }
    std::filesystem::create_directory(directory.path());
    CHECK(journal.write());
    const auto answer = read(directory);
    CHECK(answer.events.size() == 12);
    CHECK(answer.events.front().why == "one");
    CHECK(journal.last_sequence() == 31);
}

TEST_CASE("a journal that can not be opened says why", "[integration][event_journal]") {
    LogDirectory directory;
    const auto journal = EventJournal::open(directory.file("missing"));
    REQUIRE_FALSE(journal);
    CHECK(journal.error() == Error{Error::Kind::system,
                                   "cannot open " + directory.file("missing/events.jsonl") +
                                       ": No such file or directory"});
}
