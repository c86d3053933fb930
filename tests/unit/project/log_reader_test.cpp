#include "devstack/project/log_reader.hpp"

#include "devstack/core/logs/line_pattern.hpp"

#include "support/catch.hpp"
#include "unit/project/log_directory.hpp"

#include <chrono>
#include <random>

using namespace devstack;
using namespace devstack::test;
using namespace std::chrono_literals;
using project::LogAnswer;
using project::LogQuery;

namespace {

using Lines = std::vector<std::string>;

WallTime at(int milliseconds) {
    return WallTime{std::chrono::milliseconds{milliseconds}};
}

/// Long after everything was written: nothing is held back.
const WallTime much_later = WallTime{std::chrono::hours{24 * 365 * 200}};

LogQuery query(std::vector<std::string> services = {"api"}) {
    LogQuery made;
    made.services = std::move(services);
    made.now = much_later;
    return made;
}

LogQuery last(std::size_t count) {
    LogQuery made = query();
    made.tail = count;
    return made;
}

LogAnswer read(const LogDirectory& directory, const LogQuery& query) {
    auto answer = project::read_logs(directory.path(), query);
    INFO((answer ? "" : answer.error().message));
    REQUIRE(answer);
    return std::move(*answer);
}

LogAnswer read_after(const LogDirectory& directory, LogQuery query, const LogAnswer& before) {
    const auto cursor = core::LogCursor::parse(before.cursor.text());
    REQUIRE(cursor);
    query.after = *cursor;
    return read(directory, query);
}

}  // namespace

TEST_CASE("a service without a log has no lines", "[unit][log_reader]") {
    LogDirectory directory;
    const LogAnswer answer = read(directory, query({"api", "../etc/passwd", ""}));
    CHECK(answer.lines.empty());
    CHECK(answer.is_complete);
    CHECK(answer.cursor.positions.size() == 3);
    CHECK(read(directory, last(5)).lines.empty());
    LogFiles{directory, "api"}.out("hello\n");
    CHECK(shown(read_after(directory, query(), answer).lines) == Lines{"api: hello"});
}

TEST_CASE("lines come from both streams, with time and run", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.out("abc", 1, 4).err("err\n", 2, 4).out("def\n", 3, 4);
    const LogAnswer answer = read(directory, query());
    CHECK(shown(answer.lines) == Lines{"api! err", "api: abcdef"});
    CHECK(answer.lines[1].time == at(3));
    CHECK(answer.lines[1].run == 4);
    CHECK(answer.is_complete);
    CHECK(answer.cursor.text() == "api:11");
}

TEST_CASE("a file without an index is read as stdout", "[unit][log_reader]") {
    LogDirectory directory;
    directory.write("api.log", "one\ntwo\n");
    directory.write("api.log.1", "zero\n");
    CHECK(shown(read(directory, query()).lines) == Lines{"api: zero", "api: one", "api: two"});
    CHECK(shown(read(directory, last(2)).lines) == Lines{"api: one", "api: two"});
    const LogAnswer answer = read(directory, last(1));
    directory.append("api.log", "three\n");
    CHECK(shown(read_after(directory, query(), answer).lines) == Lines{"api: three"});
}

TEST_CASE("an index that is torn at its end is used up to there", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.err("one\n", 1).err("two\n", 2);
    directory.append("api.log", "three\n");
    directory.append("api.index", "torn record");
    CHECK(shown(read(directory, query()).lines) == Lines{"api! one", "api! two", "api: three"});
    directory.append("api.index", std::string(64, '\0'));
    CHECK(shown(read(directory, last(2)).lines) == Lines{"api! two", "api: three"});
    directory.write("api.index", "no index at all, whatever it is called");
    CHECK(shown(read(directory, last(1)).lines) == Lines{"api: three"});
}

TEST_CASE("bytes without an index record wait for one while they are young", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.err("one\n", 1);
    directory.append("api.log", "two\n");
    LogQuery now = query();
    now.now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    const LogAnswer answer = read(directory, now);
    CHECK(shown(answer.lines) == Lines{"api! one"});
    REQUIRE(answer.unfinished_in);
    CHECK(*answer.unfinished_in <= 2s);
    now.now += *answer.unfinished_in;
    CHECK(shown(read_after(directory, now, answer).lines) == Lines{"api: two"});
}

TEST_CASE("the last lines of several services together", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.out("a1\n", 1).out("a4\n", 4);
    LogFiles{directory, "web"}.out("w2\n", 2).out("w3\n", 3);
    LogQuery both = query({"api", "web"});
    CHECK(shown(read(directory, both).lines) == Lines{"api: a1", "web: w2", "web: w3", "api: a4"});
    both.tail = 3;
    CHECK(shown(read(directory, both).lines) == Lines{"web: w2", "web: w3", "api: a4"});
    both.tail = 0;
    const LogAnswer none = read(directory, both);
    CHECK(none.lines.empty());
    CHECK(none.cursor.text() == "api:6,web:6");
}

TEST_CASE("a service that is asked for twice is read once", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.out("a1\n", 1).out("a3\n", 3);
    LogFiles{directory, "web"}.out("w2\n", 2);
    LogQuery twice = query({"api", "web", "api"});
    CHECK(shown(read(directory, twice).lines) == Lines{"api: a1", "web: w2", "api: a3"});
    twice.tail = 2;
    CHECK(shown(read(directory, twice).lines) == Lines{"web: w2", "api: a3"});
}

TEST_CASE("the last lines are found however far back they begin", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    files.err("early but unfinished: ", 1);
    const std::string filler(997, 'x');
    for (int i = 0; i < 600; ++i) {
        files.out(filler + "\n", 2);
    }
    files.err("now finished\n", 3);
    CHECK(shown(read(directory, last(1)).lines) ==
          Lines{"api! early but unfinished: now finished"});
    const LogAnswer many = read(directory, last(100));
    CHECK(many.lines.size() == 100);
    CHECK(shown(many.lines.back()) == "api! early but unfinished: now finished");
    CHECK(read(directory, last(9999)).lines.size() == 601);

    files.out("now a line of many parts: " + std::string(200'000, 'y'), 4);
    CHECK(read(directory, last(13)).lines.front().text.starts_with("now a line of many"));
    CHECK(read(directory, last(14)).lines.front().text == "early but unfinished: now finished");
}

TEST_CASE("the limits of one answer are kept, and its cursor goes on", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.out("a1\n", 1).out("a4\na5\n", 4);
    LogFiles{directory, "web"}.out("w2\n", 2).out("w3\n", 3);
    LogQuery few = query({"api", "web"});
    few.lines_max = 2;
    LogAnswer answer = read(directory, few);
    CHECK(shown(answer.lines) == Lines{"api: a1", "web: w2"});
    CHECK_FALSE(answer.is_complete);
    answer = read_after(directory, few, answer);
    CHECK(shown(answer.lines) == Lines{"web: w3", "api: a4"});
    CHECK_FALSE(answer.is_complete);
    answer = read_after(directory, few, answer);
    CHECK(shown(answer.lines) == Lines{"api: a5"});
    CHECK(answer.is_complete);

    few.lines_max = 5000;
    few.bytes_max = 3;
    CHECK(shown(read(directory, few).lines) == Lines{"api: a1", "web: w2"});
    few.tail = 4;
    CHECK(shown(read(directory, few).lines) == Lines{"api: a4", "api: a5"});
}

TEST_CASE("times, streams and patterns choose lines", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    for (int i = 1; i <= 9; ++i) {
        files.add(i % 3 == 0 ? core::LogStream::standard_error : core::LogStream::standard_output,
                  "line " + std::to_string(i) + "\n",
                  i * 1000);
    }
    LogQuery some = query();
    some.since = at(3000);
    some.until = at(7000);
    CHECK(shown(read(directory, some).lines) ==
          Lines{"api! line 3", "api: line 4", "api: line 5", "api! line 6", "api: line 7"});
    some.tail = 2;
    CHECK(shown(read(directory, some).lines) == Lines{"api! line 6", "api: line 7"});
    some.tail.reset();
    some.stream = core::LogStream::standard_error;
    CHECK(shown(read(directory, some).lines) == Lines{"api! line 3", "api! line 6"});
    some.stream.reset();
    some.pattern = "[57]$";
    CHECK(shown(read(directory, some).lines) == Lines{"api: line 5", "api: line 7"});
    LogQuery found = query();
    found.pattern = "[28]";
    found.tail = 1;
    CHECK(shown(read(directory, found).lines) == Lines{"api: line 8"});
    CHECK(read(directory, found).cursor.text() == "api:63");
    found.since = at(20'000);
    CHECK(read(directory, found).lines.empty());
    found.pattern = "(";
    const auto refused = project::read_logs(directory.path(), found);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Error{Error::Kind::invalid,
                                   "cannot search for the pattern \"(\": a ( has no ), or a ) has "
                                   "no ("});
}

TEST_CASE("a last line without an end is shown after two seconds", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    files.out("done\nName: ", 1000);
    LogQuery now = query();
    now.now = at(1500);
    LogAnswer answer = read(directory, now);
    CHECK(shown(answer.lines) == Lines{"api: done"});
    CHECK(answer.unfinished_in == 1500ms);
    now.now = at(3000);
    answer = read_after(directory, now, answer);
    CHECK(shown(answer.lines) == Lines{"api: Name: …"});
    CHECK_FALSE(answer.unfinished_in);
    CHECK(read_after(directory, now, answer).lines.empty());
    files.out("Ada\n", 9000);
    CHECK(shown(read_after(directory, now, answer).lines) == Lines{"api: …Ada"});
}

TEST_CASE("a reader goes on over rotations", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    files.out("one\n").out("half a ");
    const LogAnswer answer = read(directory, last(0));
    const LogAnswer first = read(directory, query());
    CHECK(shown(first.lines) == Lines{"api: one", "api: half a …"});
    files.rotate().out("line\n").rotate().out("two\n");
    CHECK(shown(read(directory, query()).lines) ==
          Lines{"api: one", "api: half a line", "api: two"});
    CHECK(shown(read_after(directory, query(), first).lines) == Lines{"api: …line", "api: two"});
    CHECK(read_after(directory, query(), first).gaps.empty());
}

TEST_CASE("what rotation has removed is an explicit gap", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    files.out("seen\n");
    const LogAnswer seen = read(directory, query());
    files.out("missed\n");
    for (int i = 1; i <= 6; ++i) {
        files.rotate().out("kept " + std::to_string(i) + "\n");
    }
    std::filesystem::remove(directory.file("api.log.6"));
    std::filesystem::remove(directory.file("api.index.6"));
    const LogAnswer answer = read_after(directory, query(), seen);
    REQUIRE(answer.gaps.size() == 1);
    CHECK(answer.gaps[0].service == "api");
    CHECK(answer.gaps[0].lost_bytes == 7);
    CHECK(answer.gaps[0].continues_at.end == 12);
    CHECK(answer.lines.size() == 6);
    CHECK(shown(answer.lines.front()) == "api: kept 1");
    CHECK(read(directory, query()).gaps.empty());

    SECTION("in the middle of the files too") {
        std::filesystem::remove(directory.file("api.log.3"));
        const LogAnswer before = read(directory, query());
        CHECK(shown(before.lines) == Lines{"api: kept 1", "api: kept 2"});
        CHECK(before.gaps.empty());
        CHECK_FALSE(before.is_complete);
        const LogAnswer behind = read_after(directory, query(), before);
        CHECK(shown(behind.lines) == Lines{"api: kept 4", "api: kept 5", "api: kept 6"});
        REQUIRE(behind.gaps.size() == 1);
        CHECK(behind.gaps[0].lost_bytes == 7);
        CHECK(read_after(directory, query(), behind).gaps.empty());
    }
    SECTION("a log that began anew is read from its beginning") {
        std::filesystem::remove_all(directory.path());
        std::filesystem::create_directory(directory.path());
        LogFiles{directory, "api"}.out("new\n");
        const LogAnswer anew = read_after(directory, query(), answer);
        CHECK(shown(anew.lines) == Lines{"api: new"});
        REQUIRE(anew.gaps.size() == 1);
        CHECK(anew.gaps[0].lost_bytes == 0);
    }
}

TEST_CASE("a rotation that was interrupted between log and index is understood",
          "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.err("one\n").rotate().err("two\n");
    std::filesystem::rename(directory.file("api.log.1"), directory.file("api.log.2"));
    std::filesystem::rename(directory.file("api.index.1"), directory.file("api.index.2"));
    std::filesystem::rename(directory.file("api.log"), directory.file("api.log.1"));
    CHECK(shown(read(directory, query()).lines) == Lines{"api! one", "api! two"});
}

TEST_CASE("output that could not be written is a gap between the lines", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    files.out("one\ntw", 1).err("begun ", 2).lose(core::LogStream::standard_output, 100, 3);
    files.out("four\n", 4).err("and done\n", 5);
    const LogAnswer first = read(directory, query());
    CHECK(shown(first.lines) == Lines{"api: one", "api: tw…"});
    CHECK(first.gaps.empty());
    CHECK_FALSE(first.is_complete);
    const LogAnswer second = read_after(directory, query(), first);
    CHECK(shown(second.lines) == Lines{"api: four", "api! begun and done"});
    REQUIRE(second.gaps.size() == 1);
    CHECK(second.gaps[0].lost_bytes == 100);
    CHECK(second.gaps[0].cause == core::LogGap::Cause::unwritten);
    CHECK(second.gaps[0].lines_before == 0);
    CHECK(second.is_complete);
    CHECK(second.cursor.text() == "api:126");
    core::LogCursor behind{{{"api", second.gaps[0].continues_at}}};
    LogQuery again = query();
    again.after = behind;
    CHECK(shown(read(directory, again).lines) == Lines{"api: four", "api! begun and done"});
    CHECK(read(directory, again).gaps.empty());

    SECTION("the last lines have it among them") {
        const LogAnswer all = read(directory, last(10));
        CHECK(shown(all.lines) ==
              Lines{"api: one", "api: tw…", "api: four", "api! begun and done"});
        REQUIRE(all.gaps.size() == 1);
        CHECK(all.gaps[0].lines_before == 2);
        CHECK(all.gaps[0].lost_bytes == 100);
        CHECK(read(directory, last(3)).gaps.size() == 1);
        CHECK(read(directory, last(2)).gaps.empty());
    }
    SECTION("who asks for the other stream is not told") {
        LogQuery errors = query();
        errors.stream = core::LogStream::standard_error;
        CHECK(shown(read(directory, errors).lines) == Lines{"api! begun and done"});
        CHECK(read(directory, errors).gaps.empty());
    }
    SECTION("nor who asks for what came later") {
        LogQuery later = query();
        later.since = at(4);
        CHECK(shown(read(directory, later).lines) == Lines{"api: four", "api! begun and done"});
        CHECK(read(directory, later).gaps.empty());
    }
    SECTION("bytes behind it are found when they have no record yet") {
        directory.append("api.log", "five\n");
        const LogAnswer found = read_after(directory, query(), second);
        CHECK(shown(found.lines) == Lines{"api: five"});
    }
    SECTION("over a rotation") {
        files.lose(core::LogStream::standard_error, 7, 6).rotate().err("new\n", 7);
        const LogAnswer next = read_after(directory, query(), second);
        CHECK(shown(next.lines) == Lines{"api! new"});
        REQUIRE(next.gaps.size() == 1);
        CHECK(next.gaps[0].lost_bytes == 7);
    }
}

TEST_CASE("a file that was truncated is no news to who has read it", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.out("one\ntwo\n");
    const LogAnswer all = read(directory, query());
    directory.write("api.log", "");
    const LogAnswer answer = read_after(directory, query(), all);
    CHECK(answer.lines.empty());
    CHECK(answer.gaps.empty());
    CHECK(answer.cursor == all.cursor);
}

TEST_CASE("a search looks at a bounded part of the log at a time", "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    const std::string block(1024 * 1024 - 1, 'x');
    for (int i = 0; i < 40; ++i) {
        files.out(block + "\n", i);
    }
    files.out("needle\n", 41);
    LogQuery search = query();
    search.pattern = "needle";
    LogAnswer answer = read(directory, search);
    CHECK(answer.lines.empty());
    CHECK_FALSE(answer.is_complete);
    answer = read_after(directory, search, answer);
    CHECK(shown(answer.lines) == Lines{"api: needle"});
    CHECK(answer.is_complete);
    search.tail = 1;
    CHECK(shown(read(directory, search).lines) == Lines{"api: needle"});
}

TEST_CASE("services that have logs are found by their files", "[unit][log_reader]") {
    LogDirectory directory;
    CHECK(project::find_logged_services(directory.file("missing")).empty());
    for (const char* name : {"web.log", "api.log", "api.log.1", "api.index", ".log", "notes.txt"}) {
        directory.write(name, "");
    }
    CHECK(project::find_logged_services(directory.path()) == Lines{"api", "web"});
}

TEST_CASE("the last lines of a big log are found at once", "[unit][log_reader]") {
    LogDirectory directory;
    directory.write("api.log", "first\n");
    std::filesystem::resize_file(directory.file("api.log"), std::uintmax_t{1} << 30);  // Sparse.
    std::string lines = "\n";
    for (int i = 0; i < 1000; ++i) {
        lines += "line " + std::to_string(i) + "\n";
    }
    directory.append("api.log", lines);
    const auto begin = std::chrono::steady_clock::now();
    const LogAnswer answer = read(directory, last(100));
    const auto taken = std::chrono::steady_clock::now() - begin;
    CHECK(answer.lines.size() == 100);
    CHECK(shown(answer.lines.front()) == "api: line 900");
    CHECK(taken < 20ms);
}

// ---- Any order of writing, reading and limits gives every line once ----------------------------

TEST_CASE("readers that come and go get every line exactly once", "[unit][log_reader]") {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&random](std::size_t bound) { return random() % bound; };
        LogDirectory directory;
        LogFiles api{directory, "api"};
        LogFiles web{directory, "web", 1000};
        LogQuery small = query({"api", "web"});
        LogAnswer answer;
        answer.cursor.positions["web"] = {1000, 1000, {}, {}, {}};
        std::map<std::string, std::string> written;
        std::map<std::string, std::string> got;
        int time = 0;
        const auto note = [&got](const core::LogLine& line) {
            std::string& text = got[line.service + std::string{name_of(line.stream)}];
            text += line.text + (line.is_unfinished ? "" : "\n");
        };
        for (int step = 0; step < 120; ++step) {
            LogFiles& files = below(2) == 0 ? api : web;
            const std::string name = &files == &api ? "api" : "web";
            const auto stream = static_cast<core::LogStream>(below(2));
            std::string bytes = std::to_string(step) + (below(2) == 0 ? "\n" : " ");
            if (below(10) == 0) bytes += std::string(below(40'000), 'L') + "\nx";
            files.add(stream, bytes, ++time);
            written[name + std::string{name_of(stream)}] += bytes;
            if (below(25) == 0) files.rotate();
            if (below(3) != 0) continue;
            small.lines_max = 1 + below(4);
            small.now = at(time + (below(2) == 0 ? 0 : 5000));
            answer = read_after(directory, small, answer);
            for (const core::LogLine& line : answer.lines) {
                note(line);
            }
            CHECK(answer.gaps.empty());
        }
        small.now = much_later;
        small.lines_max = 3;
        for (bool is_complete = false; !is_complete;) {
            answer = read_after(directory, small, answer);
            is_complete = answer.is_complete;
            for (const core::LogLine& line : answer.lines) {
                note(line);
            }
        }
        INFO("seed " << seed);
        CHECK((got == written));
    }
}

TEST_CASE("the last lines are the last of all lines", "[unit][log_reader]") {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&random](std::size_t bound) { return random() % bound; };
        LogDirectory directory;
        LogFiles files{directory, "api"};
        const std::size_t err_every = 1 + below(60);
        for (int i = 0; i < 400; ++i) {
            const std::string text = std::to_string(i) + std::string(below(3000), '.');
            const auto stream = static_cast<core::LogStream>(below(err_every) == 0 ? 1 : 0);
            files.add(stream, text + (below(4) == 0 ? "" : "\n"), i);
            if (below(200) == 0) files.rotate();
        }
        const LogAnswer all = read(directory, query());
        INFO("seed " << seed);
        for (const std::size_t count : {1U, 2U, 7U, 40U, 150U, 1000U}) {
            const LogAnswer some = read(directory, last(count));
            const Lines every = shown(all.lines);
            const auto skipped = every.size() - std::min(every.size(), count);
            CHECK((shown(some.lines) ==
                   Lines(every.begin() + static_cast<std::ptrdiff_t>(skipped), every.end())));
            CHECK(some.cursor == all.cursor);
        }
    }
}

TEST_CASE("a search finds what reading everything and choosing finds", "[unit][log_reader]") {
    const Lines patterns = {"needle", "ne+dle", "[n]eed", "^x", "e$", "a|b", "^$", "u.e"};
    const Lines words = {"needle",
                         "x",
                         "\n",
                         "\n",
                         "\r\n",
                         "\x1b[1mnee\x1b[0mdle",
                         "u\xff"
                         "e",
                         " ",
                         "ne"};
    for (unsigned seed = 1; seed <= 60; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&random](std::size_t bound) { return random() % bound; };
        LogDirectory directory;
        LogFiles files{directory, "api"};
        const std::size_t err_every = 1 + below(20);
        for (int i = 0; i < 300; ++i) {
            std::string text;
            for (std::size_t count = below(6); count > 0; --count)
                text += words[below(words.size())];
            if (below(60) == 0) text += std::string(below(40'000), '.');
            files.add(static_cast<core::LogStream>(below(err_every) == 0 ? 1 : 0), text + "\n", i);
            if (below(8) == 0) files.out(words[below(words.size())], i);
            if (below(100) == 0) files.rotate();
        }
        const LogAnswer all = read(directory, query());
        LogQuery search = query();
        search.pattern = patterns[seed % patterns.size()];
        const auto pattern = core::LinePattern::parse(search.pattern);
        Lines expected;
        for (const core::LogLine& line : all.lines) {
            if (pattern->matches(line.text)) expected.push_back(shown(line));
        }
        INFO("seed " << seed << ", pattern " << search.pattern);
        LogAnswer answer = read(directory, search);
        CHECK((shown(answer.lines) == expected));
        CHECK(answer.cursor == all.cursor);
        // The same in small answers.
        search.lines_max = 1 + below(5);
        Lines found;
        for (answer = read(directory, search);; answer = read_after(directory, search, answer)) {
            for (const core::LogLine& line : answer.lines)
                found.push_back(shown(line));
            if (answer.is_complete) break;
        }
        CHECK((found == expected));
    }
}

TEST_CASE("a gap between what was pending and what was delivered repeats nothing",
          "[unit][log_reader]") {
    LogDirectory directory;
    LogFiles files{directory, "api"};
    files.out("abc", 1).err("x\n", 2).rotate().err("e\n", 3);
    LogQuery soon = query();
    soon.now = at(4);
    const LogAnswer before = read(directory, soon);
    CHECK(shown(before.lines) == Lines{"api! x", "api! e"});
    CHECK(before.cursor.text() == "api:7/0o");

    std::filesystem::resize_file(directory.file("api.log.1"), 3);
    files.out("def\n", 5);
    const LogAnswer rest = read_after(directory, query(), before);
    CHECK(shown(rest.lines) == Lines{"api: abc…"});
    const LogAnswer after = read_after(directory, query(), rest);
    CHECK(shown(after.lines) == Lines{"api: def"});
    REQUIRE(after.gaps.size() == 1);
    CHECK(after.gaps[0].lost_bytes == 2);
    CHECK(after.gaps[0].continues_at ==
          core::LogPosition{7, 5, core::LogStream::standard_output, {}, {}});
    CHECK(after.cursor.text() == "api:11");
}
