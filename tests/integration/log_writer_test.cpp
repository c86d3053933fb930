#include "devstack/daemon/log_writer.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/core/logs/log_index.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/log_reader.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace devstack;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace limits = core::limits;

namespace {

constexpr auto out = core::LogStream::standard_output;
constexpr auto err = core::LogStream::standard_error;

using Lines = std::vector<std::string>;

/// The writing side of a pipe whose reading side a LogWriter has.
class Child {
public:
    explicit Child(int pipe) : pipe_{pipe} {}

    /// Blocks while the pipe is full: with much to write, `write_beside` is wanted.
    void write(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t written = ::write(pipe_.get(), bytes.data(), bytes.size());
            if (written <= 0) std::abort();  // In a thread, where nothing can be required.
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    void exit() { pipe_.reset(); }

private:
    platform::FileDescriptor pipe_;
};

/// A LogWriter with its loop and a log directory that goes away with it.
class Capture {
public:
    explicit Capture(std::string directory = "") : directory_{std::move(directory)} {
        if (directory_.empty()) {
            std::string pattern = (fs::temp_directory_path() / "dscapXXXXXX").string();
            directory_ = ::mkdtemp(pattern.data());
        }
        restart();
    }
    ~Capture() {
        writer_.reset();
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    /// A new writer, as after a crash of the daemon.
    void restart() {
        writer_ = std::make_unique<daemon::LogWriter>(
            loop_,
            directory_,
            daemon::LogWriter::Observer{
                [this](const std::string& service) { grown_.push_back(service); },
                [this](const std::string&, const std::string& what) { notices_.push_back(what); },
                [this] { return size_max_; }});
    }
    void stop() { writer_.reset(); }
    void limit_size(std::uint64_t size) { size_max_ = size; }

    Child start(const std::string& service, core::LogStream stream = out, std::uint32_t run = 1) {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        ++open_;
        writer_->capture(
            service, run, stream, platform::FileDescriptor{ends[0]}, [this] { --open_; });
        return Child{ends[1]};
    }

    void run_until(const std::function<bool()>& is_reached) {
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (!is_reached()) {
            REQUIRE(std::chrono::steady_clock::now() < deadline);
            loop_.restart();
            loop_.run_one_for(100ms);
        }
    }
    /// Until the service's log (all files of it) has grown to this size.
    void run_until_captured(std::uint64_t size, const std::string& service = "api") {
        run_until([&] { return captured_size(service) >= size; });
    }
    void run_to_end() {
        run_until([&] { return open_ == 0; });
        loop_.restart();
        loop_.poll();
    }
    void poll() {
        loop_.restart();
        loop_.poll();
    }

    std::uint64_t captured_size(const std::string& service) const {
        std::error_code missing;
        const auto size = fs::file_size(file(service + ".log"), missing);
        return missing ? 0 : size;
    }
    std::string file(const std::string& name) const { return directory_ + "/" + name; }
    std::string bytes(const std::string& name) const {
        std::ifstream stream{file(name), std::ios::binary};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }
    project::LogAnswer read(std::optional<core::LogCursor> after = {}) const {
        project::LogQuery query;
        query.services = {"api"};
        query.now = platform::wall_now() + 1h;
        query.after = std::move(after);
        query.lines_max = SIZE_MAX;
        query.bytes_max = SIZE_MAX;
        project::LogAnswer all;
        do {
            auto answer = project::read_logs(directory_, query);
            REQUIRE(answer);
            query.after = answer->cursor;
            for (core::LogGap& gap : answer->gaps)
                gap.lines_before += all.lines.size();
            answer->lines.insert(answer->lines.begin(), all.lines.begin(), all.lines.end());
            answer->gaps.insert(answer->gaps.begin(), all.gaps.begin(), all.gaps.end());
            all = std::move(*answer);
        } while (!all.is_complete);
        return all;
    }
    Lines lines() const {
        Lines texts;
        for (const core::LogLine& line : read().lines) {
            texts.push_back((line.stream == err ? "! " : "") + line.text);
        }
        return texts;
    }

    daemon::LogWriter& writer() { return *writer_; }
    const Lines& notices() const { return notices_; }
    const Lines& grown() const { return grown_; }

private:
    boost::asio::io_context loop_;
    std::string directory_;
    std::unique_ptr<daemon::LogWriter> writer_;
    Lines notices_;
    Lines grown_;
    std::uint64_t size_max_ = UINT64_MAX;
    int open_ = 0;
};

std::string all_bytes_and_then_some() {
    std::string bytes = "\x1b[32mgreen\x1b[0m\r\n 10%\r 20%\r100%\n";
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
    }
    return bytes + std::string("\0\0\xff\xfe\xc3(\n no end", 15);
}

}  // namespace

TEST_CASE("output is in the log byte for byte", "[integration][log_writer]") {
    Capture capture;
    const std::string bytes = all_bytes_and_then_some();
    Child child = capture.start("api");
    child.write(bytes);
    child.exit();
    capture.run_to_end();
    CHECK(capture.bytes("api.log") == bytes);
    CHECK(capture.grown() == Lines{"api"});
    CHECK(capture.notices().empty());
    struct stat state {};
    for (const char* name : {"api.log", "api.index"}) {
        REQUIRE(::stat(capture.file(name).c_str(), &state) == 0);
        CHECK((state.st_mode & 0777) == 0600);
    }
}

TEST_CASE("a line of ten megabytes is captured whole", "[integration][log_writer]") {
    Capture capture;
    std::mt19937 random{1};
    std::string line(10'000'000, '\0');
    for (char& c : line) {
        c = static_cast<char>('a' + random() % 26);
    }
    Child child = capture.start("api");
    std::thread writing{[&] {
        child.write(line + "\nend\n");
        child.exit();
    }};
    capture.run_to_end();
    writing.join();
    CHECK((capture.bytes("api.log") == line + "\nend\n"));
    std::string joined;
    for (const core::LogLine& part : capture.read().lines) {
        joined += part.text + (part.is_unfinished ? "" : "\n");
    }
    CHECK((joined == line + "\nend\n"));
}

TEST_CASE("a service that writes nothing gets no file", "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api");
    capture.poll();
    child.exit();
    capture.run_to_end();
    CHECK_FALSE(fs::exists(capture.file("api.log")));
    CHECK_FALSE(fs::exists(capture.file("api.index")));
}

TEST_CASE("the index tells the streams and the runs apart", "[integration][log_writer]") {
    Capture capture;
    Child output = capture.start("api", out, 7);
    Child errors = capture.start("api", err, 7);
    output.write("abc");
    capture.run_until_captured(3);
    errors.write("err\n");
    capture.run_until_captured(7);
    output.write("def\nbye");
    capture.run_until_captured(14);
    output.exit();
    errors.exit();
    capture.run_to_end();
    Child next = capture.start("api", out, 8);
    next.write("hello\n");
    next.exit();
    capture.run_to_end();
    CHECK(capture.lines() == Lines{"! err", "abcdef", "bye", "hello"});
    const auto lines = capture.read().lines;
    CHECK(lines[1].run == 7);
    CHECK(lines[2].is_unfinished);
    CHECK(lines[3].run == 8);
    CHECK(lines[3].time > platform::wall_now() - 1min);
}

TEST_CASE("drain takes the last words before the loop comes to it", "[integration][log_writer]") {
    Capture capture;
    Child output = capture.start("api");
    Child errors = capture.start("api", err);
    Child other = capture.start("web");
    output.write("last\n");
    errors.write("words\n");
    other.write("later\n");
    capture.writer().drain("api");
    CHECK(capture.lines() == Lines{"last", "! words"});
    CHECK(capture.captured_size("web") == 0);
    output.exit();
    errors.exit();
    other.exit();
    capture.run_to_end();
    CHECK(capture.lines() == Lines{"last", "! words"});
}

TEST_CASE("an idle capture wakes nobody", "[integration][log_writer]") {
    Capture capture;
    boost::asio::io_context loop;
    daemon::LogWriter writer{loop, capture.file("idle"), {}};
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    writer.capture("api", 1, out, platform::FileDescriptor{ends[0]}, [] {});
    Child child{ends[1]};
    child.write("hello\n");
    // Nothing but the loop's own time limit ends the last wait.
    std::size_t wake_ups = 0;
    while (loop.run_one_for(50ms) > 0) {
        ++wake_ups;
        REQUIRE(wake_ups < 20);
    }
    CHECK(wake_ups > 0);
}

TEST_CASE("a writer that is gone is not called any more", "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api");
    child.write("x");
    child.exit();
    capture.stop();
    capture.poll();
    CHECK(capture.grown().empty());
}

TEST_CASE("capture goes on where a killed daemon has stopped", "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api", err, 3);
    child.write("one\n");
    capture.run_until_captured(4);
    capture.stop();
    const auto seen = capture.read();
    // What the crash left behind: bytes without a record, and half a record.
    std::ofstream{capture.file("api.log"), std::ios::app} << "two\n";
    std::ofstream{capture.file("api.index"), std::ios::app} << "half a record";
    capture.restart();
    Child adopted = capture.start("api", err, 3);
    adopted.write("three\n");
    adopted.exit();
    capture.run_until_captured(14);
    CHECK(capture.lines() == Lines{"! one", "two", "! three"});
    CHECK(capture.bytes("api.log") == "one\ntwo\nthree\n");
    CHECK(capture.read(seen.cursor).lines.size() == 2);
    CHECK(capture.read(seen.cursor).gaps.empty());
    CHECK(capture.notices().empty());
}

TEST_CASE("pieces of two streams make the lines of a plain model", "[integration][log_writer]") {
    for (unsigned seed = 1; seed <= 10; ++seed) {
        std::mt19937 random{seed};
        Capture capture;
        Child children[] = {capture.start("api", out), capture.start("api", err)};
        std::string written[2];
        std::string got[2];
        core::LogCursor cursor;
        std::uint64_t total = 0;
        const auto read_more = [&] {
            const auto answer = capture.read(cursor);
            CHECK(answer.gaps.empty());
            cursor = answer.cursor;
            for (const core::LogLine& line : answer.lines) {
                got[static_cast<std::size_t>(line.stream)] +=
                    line.text + (line.is_unfinished ? "" : "\n");
            }
        };
        for (int step = 0; step < 200; ++step) {
            const std::size_t which = random() % 2;
            std::string bytes(random() % (random() % 20 == 0 ? 50'000 : 40), 'a');
            for (char& c : bytes) {
                c = random() % 12 == 0 ? '\n' : static_cast<char>('a' + random() % 26);
            }
            children[which].write(bytes);
            written[which] += bytes;
            total += bytes.size();
            if (random() % 3 != 0) capture.run_until_captured(total);
            capture.run_until_captured(total - std::min<std::uint64_t>(total, 30'000));
            if (random() % 5 == 0) read_more();
        }
        children[0].exit();
        children[1].exit();
        capture.run_to_end();
        read_more();
        INFO("seed " << seed);
        CHECK((got[0] == written[0]));
        CHECK((got[1] == written[1]));
    }
}

TEST_CASE("rotation under load loses nothing of what is kept", "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api");
    constexpr int count = 900'000;
    std::thread writing{[&] {
        std::string block;
        for (int i = 0; i < count; ++i) {
            block += std::to_string(1'000'000 + i) +
                     std::string(static_cast<std::size_t>(i % 180), '.') + "\n";
            if (block.size() < 60'000) continue;
            child.write(block);
            block.clear();
        }
        child.write(block);
        child.exit();
    }};
    core::LogCursor cursor;
    const auto first = capture.read(core::LogCursor{});
    capture.run_to_end();
    writing.join();
    for (int i = 0; i <= limits::log_files_max; ++i) {
        const std::string bytes = capture.bytes(core::log_file_name("api", i));
        INFO("file " << i << " of " << bytes.size());
        REQUIRE_FALSE(bytes.empty());
        CHECK(bytes.back() == '\n');
        CHECK(bytes.size() <= limits::log_file_size_max + limits::log_line_slack_max);
        if (i > 0) CHECK(bytes.size() >= limits::log_file_size_max);
    }
    CHECK_FALSE(fs::exists(capture.file("api.log.6")));
    CHECK_FALSE(fs::exists(capture.file("api.index.6")));

    // Everything from the first kept line to the last one, in order, in several answers.
    cursor = first.cursor;
    cursor.positions["api"] = {};
    int expected = 0;
    std::size_t gaps = 0;
    for (bool is_complete = false; !is_complete;) {
        project::LogQuery query;
        query.services = {"api"};
        query.after = cursor;
        query.lines_max = 100'000;
        query.bytes_max = SIZE_MAX;
        const auto answer = project::read_logs(capture.file(""), query);
        REQUIRE(answer);
        gaps += answer->gaps.size();
        for (const core::LogLine& line : answer->lines) {
            const int number = std::stoi(line.text.substr(0, 7)) - 1'000'000;
            if (expected == 0) expected = number;
            if (number != expected++) FAIL("line " << number << " instead of " << expected - 1);
        }
        cursor = answer->cursor;
        is_complete = answer->is_complete;
    }
    CHECK(gaps == 1);
    CHECK(expected == count);
}

TEST_CASE("all logs together are kept within a size", "[integration][log_writer]") {
    Capture capture;
    capture.limit_size(30'000'000);
    // What was rotated long ago, of a service that runs no more, goes first; what was not, stays.
    std::ofstream{capture.file("old.log.1")} << std::string(3'000'000, 'o');
    std::ofstream{capture.file("old.log")} << std::string(1'000'000, 'o');
    std::ofstream{capture.file("mine.txt")} << std::string(1'000'000, 'o');
    fs::last_write_time(capture.file("old.log.1"), fs::file_time_type::clock::now() - 24h);
    const auto flood = [&](const std::string& service, std::size_t size) {
        Child child = capture.start(service);
        std::thread writing{[&] {
            for (std::size_t i = 0; i < size / 1'000'000; ++i)
                child.write(std::string(999'999, 'x') + "\n");
            child.exit();
        }};
        capture.run_to_end();
        writing.join();
    };
    flood("api", 12'000'000);
    CHECK(fs::exists(capture.file("old.log.1")));
    CHECK(capture.notices().empty());
    flood("web", 24'000'000);
    CHECK_FALSE(fs::exists(capture.file("old.log.1")));
    CHECK_FALSE(fs::exists(capture.file("api.log.1")));
    CHECK_FALSE(fs::exists(capture.file("api.index.1")));
    CHECK(fs::exists(capture.file("api.log")));
    CHECK(fs::exists(capture.file("old.log")));
    CHECK(fs::exists(capture.file("mine.txt")));
    CHECK(fs::exists(capture.file("web.log.1")));
    CHECK(fs::exists(capture.file("web.log.2")));
    REQUIRE(capture.notices().size() == 1);
    CHECK(
        capture.notices()[0].starts_with("the logs have reached 28.6 MiB: removed 2 old files (1"));
    CHECK(capture.notices()[0].ends_with(" MiB) of api and old"));
    const auto answer = capture.read(core::LogCursor{{{"api", {}}}});
    REQUIRE(answer.gaps.size() == 1);
    CHECK(answer.gaps[0].lost_bytes + fs::file_size(capture.file("api.log")) == 12'000'000);
}

TEST_CASE("a line that does not end does not keep a file from rotating",
          "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api");
    std::thread writing{[&] {
        child.write(std::string(limits::log_file_size_max + 3 * limits::log_line_slack_max, 'x'));
        child.exit();
    }};
    capture.run_to_end();
    writing.join();
    CHECK(fs::file_size(capture.file("api.log.1")) ==
          limits::log_file_size_max + limits::log_line_slack_max);
    CHECK(fs::file_size(capture.file("api.log")) == 2 * limits::log_line_slack_max);
    CHECK(capture.read().lines.size() == 13 * 1024 * 1024 / limits::line_part_max);
}

TEST_CASE("an interrupted rotation is completed before the next one", "[integration][log_writer]") {
    Capture capture;
    const auto write_and_end = [&](const std::string& bytes) {
        Child child = capture.start("api", err);
        child.write(bytes);
        child.exit();
        capture.run_to_end();
    };
    write_and_end("one\n");
    fs::rename(capture.file("api.log"), capture.file("api.log.1"));
    capture.stop();
    capture.restart();
    write_and_end("two\n");
    CHECK(fs::exists(capture.file("api.index.1")));
    CHECK(capture.lines() == Lines{"! one", "! two"});
    CHECK(capture.read().gaps.empty());
}

TEST_CASE("a file that somebody truncates is written on at its new end",
          "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api");
    child.write("one\ntwo\n");
    capture.run_until_captured(8);
    const auto seen = capture.read();
    fs::resize_file(capture.file("api.log"), 0);
    child.write("three\n");
    capture.run_until([&] { return capture.bytes("api.log") == "three\n"; });
    capture.poll();
    CHECK(capture.notices() == Lines{capture.file("api.log") +
                                     " was truncated by somebody; capture goes on at its new end"});
    CHECK(capture.lines() == Lines{"three"});
    CHECK(capture.read(seen.cursor).lines.size() == 1);
    CHECK(capture.read(seen.cursor).gaps.empty());
    CHECK(capture.read(core::LogCursor{{{"api", {}}}}).gaps.size() == 1);
}

TEST_CASE("a file that is truncated under a flood gets no holes", "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api");
    std::thread writing{[&] {
        for (int i = 0; i < 100; ++i) {
            child.write(std::string(65'535, 'x') + "\n");
        }
        child.exit();
    }};
    for (int i = 0; i < 5; ++i) {
        capture.run_until_captured(500'000);
        fs::resize_file(capture.file("api.log"), 0);
    }
    capture.run_to_end();
    writing.join();
    CHECK(capture.bytes("api.log").find('\0') == std::string::npos);
    CHECK(capture.bytes("api.log").ends_with("x\n"));
}

TEST_CASE("files that somebody removes, replaces or writes to are found again",
          "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api", err);
    child.write("one\n");
    capture.run_until_captured(4);
    const auto cursor = capture.read().cursor;
    const auto lines_after = [&] {
        Lines texts;
        for (const core::LogLine& line : capture.read(cursor).lines) {
            texts.push_back((line.stream == err ? "! " : "") + line.text);
        }
        return texts;
    };
    std::string what = capture.file("api.log") + " was ";
    SECTION("the log") {
        fs::remove(capture.file("api.log"));
        what += "removed by somebody; capture goes on in a new file";
    }
    SECTION("the log and the index") {
        fs::remove(capture.file("api.log"));
        fs::remove(capture.file("api.index"));
        what += "removed by somebody; capture goes on in a new file";
    }
    SECTION("the index") {
        fs::remove(capture.file("api.index"));
        what = capture.file("api.index") +
               " was removed or changed by somebody; it is begun anew, and what it said of older "
               "lines is lost";
    }
    SECTION("the directory") {
        const std::string directory = fs::path{capture.file("x")}.parent_path().string();
        fs::remove_all(directory);
        what = directory + " was removed by somebody; capture of api goes on in a new one";
    }
    SECTION("the log is moved away") {
        fs::rename(capture.file("api.log"), capture.file("mine"));
        what += "renamed by somebody; capture goes on in a new file";
    }
    SECTION("the log is replaced") {
        what += "replaced by somebody; capture goes on at its end";
        std::ofstream{capture.file("new")} << "edited\n";
        fs::rename(capture.file("new"), capture.file("api.log"));
    }
    child.write("two\n");
    capture.run_until([&] { return capture.bytes("api.log").ends_with("two\n"); });
    capture.poll();
    CHECK(capture.notices() == Lines{what});
    CHECK(lines_after().back() == "! two");
    CHECK(lines_after().size() <= 2);
    CHECK(capture.read(cursor).gaps.empty());
}

TEST_CASE("words that somebody else adds to the file are kept", "[integration][log_writer]") {
    Capture capture;
    Child child = capture.start("api", err);
    child.write("one\n");
    capture.run_until_captured(4);
    std::ofstream{capture.file("api.log"), std::ios::app} << "note to self\n";
    child.write("two\n");
    capture.run_until_captured(21);
    CHECK(capture.lines() == Lines{"! one", "note to self", "! two"});
}

TEST_CASE("a directory that can not be written costs output, and blocks no child",
          "[integration][log_writer]") {
    Capture capture;
    const std::string blocker = capture.file("file");
    std::ofstream{blocker} << "in the way";
    Capture blocked{blocker + "/logs"};
    Child child = blocked.start("api");
    std::thread writing{[&] {
        child.write(std::string(3'000'000, 'x'));
        child.exit();
    }};
    blocked.run_to_end();
    writing.join();
    CHECK(blocked.notices() ==
          Lines{"capture of api stopped: cannot write " + blocked.file("api.log") +
                    ": Not a directory; output is dropped until it can be written",
                "the output of api has ended; 3000000 bytes of it could not be written and were "
                "lost"});
}

TEST_CASE("a full disk stops capture with one notice, and it resumes by itself",
          "[integration][log_writer]") {
    Capture capture;
    const std::string disk = capture.file("disk");
    fs::create_directory(disk);
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0) {
        WARN("skipped: a small file system can not be mounted here");
        return;
    }
    {
        Capture full{disk + "/logs"};
        Child child = full.start("api");
        std::atomic<bool> is_written = false;
        std::thread writing{[&] {
            for (int i = 0; i < 30; ++i) {
                child.write(std::string(9'999, 'x') + "\n");
            }
            is_written = true;
        }};
        full.run_until([&] { return !full.notices().empty() && is_written; });
        writing.join();
        full.writer().drain("api");
        const std::uint64_t kept = full.captured_size("api");
        CHECK(kept < 65'536);
        CHECK(full.notices() ==
              Lines{"capture of api stopped: cannot write " + full.file("api.log") +
                    ": No space left on device; output is dropped until it can be written"});
        child.write("dropped\n");
        full.writer().drain("api");
        REQUIRE(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=1m") == 0);
        child.write("more\n");
        child.exit();
        full.run_to_end();
        REQUIRE(full.notices().size() == 2);
        CHECK(full.notices()[1] ==
              "capture of api resumed; " + std::to_string(300'008 - kept) + " bytes were lost");
        CHECK(full.lines().back() == "more");
        // What was lost ended with a line end.
        CHECK_FALSE(full.read().lines.back().is_continued);
        CHECK(full.read().lines.size() > 1);
        std::uint64_t lost = 0;
        for (const core::LogGap& gap : full.read().gaps) {
            CHECK(gap.cause == core::LogGap::Cause::unwritten);
            lost += gap.lost_bytes;
        }
        CHECK(lost == 300'008 - kept);
        CHECK(full.read().gaps.back().lines_before == full.read().lines.size() - 1);
        const core::LogCursor behind{{{"api", full.read().gaps.back().continues_at}}};
        CHECK(full.read(behind).gaps.empty());
        CHECK(full.read(behind).lines.size() == 1);
        // A later daemon finds its way in the file.
        full.restart();
        Child later = full.start("api");
        later.write("later\n");
        later.exit();
        full.run_to_end();
        CHECK(full.lines().back() == "later");
        CHECK(full.read(behind).lines.size() == 2);
        CHECK(full.notices().size() == 2);
    }
    ::umount(disk.c_str());
}

TEST_CASE("where splice is refused, bytes are copied", "[integration][log_writer]") {
    // A terminal can not be looked into by tee(2), and splice from it may be refused.
    Capture capture;
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(terminal >= 0);
    REQUIRE(::grantpt(terminal) == 0);
    REQUIRE(::unlockpt(terminal) == 0);
    Child child{::open(::ptsname(terminal), O_WRONLY | O_NOCTTY | O_CLOEXEC)};
    bool is_at_end = false;
    capture.writer().capture(
        "api", 1, out, platform::FileDescriptor{terminal}, [&] { is_at_end = true; });
    std::string expected;
    std::thread writing{[&] {
        for (int i = 0; i < 12'000; ++i) {
            child.write(std::string(999, static_cast<char>('a' + i % 26)) + "\n");
        }
        child.exit();
    }};
    capture.run_until([&] { return is_at_end; });
    writing.join();
    CHECK(fs::file_size(capture.file("api.log.1")) >= limits::log_file_size_max);
    const auto lines = capture.read().lines;
    REQUIRE(lines.size() == 12'000);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].text != std::string(999, static_cast<char>('a' + i % 26))) FAIL("line " << i);
    }
}

TEST_CASE("a hundred pipes are captured at once", "[integration][log_writer]") {
    Capture capture;
    std::vector<Child> children;
    for (int i = 0; i < 50; ++i) {
        children.push_back(capture.start("s" + std::to_string(i), out));
        children.push_back(capture.start("s" + std::to_string(i), err));
    }
    std::thread writing{[&] {
        for (int line = 0; line < 200; ++line) {
            for (std::size_t i = 0; i < children.size(); ++i) {
                children[i].write((i % 2 == 0 ? "o" : "e") + std::to_string(line) + "\n");
            }
        }
        children.clear();
    }};
    capture.run_to_end();
    writing.join();
    for (int i = 0; i < 50; ++i) {
        project::LogQuery query;
        query.services = {"s" + std::to_string(i)};
        const auto answer = project::read_logs(capture.file(""), query);
        REQUIRE(answer);
        int next[2] = {0, 0};
        for (const core::LogLine& line : answer->lines) {
            const std::string prefix = line.stream == err ? "e" : "o";
            const int number = next[static_cast<std::size_t>(line.stream)]++;
            if (line.text != prefix + std::to_string(number)) FAIL(line.text << " for " << number);
        }
        CHECK(next[0] == 200);
        CHECK(next[1] == 200);
    }
}
