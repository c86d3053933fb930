#include "daemon/line_watch.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/daemon/log_writer.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/write_all.hpp"

#include "support/catch.hpp"
#include "unit/project/log_directory.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::test;
using namespace std::chrono_literals;
namespace limits = core::limits;

namespace {

constexpr core::RunId run{{0}, 3};
constexpr auto out = core::LogStream::standard_output;
constexpr auto err = core::LogStream::standard_error;

/// A service's output on its way to the log, and somebody who waits for a line in it.
class Output {
public:
    Output() { begin(); }
    ~Output() {
        for (const int pipe : pipes_)
            ::close(pipe);
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// As a daemon does that follows another one, which was killed.
    void begin() {
        watch_.reset();
        writer_.reset();
        writer_ = std::make_unique<daemon::LogWriter>(
            loop_,
            directory_.path(),
            daemon::LogWriter::Observer{
                [this](const std::string& service) { watch_->log_grown(service); }, {}});
        watch_ = std::make_unique<daemon::LineWatch>(
            loop_, directory_.path(), [this](core::RunId its, std::string what) {
                CHECK(its == run);
                seen.push_back(std::move(what));
            });
    }
    int open_pipe(core::LogStream stream = out, std::uint32_t number = run.number) {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        writer_->capture("api", number, stream, platform::FileDescriptor{ends[0]}, [] {});
        pipes_.push_back(ends[1]);
        return ends[1];
    }
    void await(const std::string& pattern, std::optional<core::LogStream> stream = {}) {
        watch_->await(run, "api", {pattern, stream}, since);
    }
    void forget() {
        watch_->keep_only([](core::RunId) { return false; });
    }
    /// What was written before it is in the log, and has been looked at.
    void run_until_captured(std::uint64_t size) {
        run_until([&] { return captured() >= size; });
        loop_.restart();
        loop_.run_for(20ms);
    }
    void run_until_seen() {
        run_until([&] { return !seen.empty(); });
    }

    WallTime since = platform::wall_now();
    std::vector<std::string> seen;

private:
    void run_until(const std::function<bool()>& is_reached) {
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (!is_reached()) {
            REQUIRE(std::chrono::steady_clock::now() < deadline);
            loop_.restart();
            loop_.run_one_for(100ms);
        }
    }
    std::uint64_t captured() const {
        std::uint64_t size = 0;
        for (const auto& entry : std::filesystem::directory_iterator{directory_.path()}) {
            if (entry.path().string().find(".log") == std::string::npos) continue;
            if (entry.path().string().find(".index") == std::string::npos)
                size += entry.file_size();
        }
        return size;
    }

    LogDirectory directory_;
    boost::asio::io_context loop_;
    std::unique_ptr<daemon::LogWriter> writer_;
    std::unique_ptr<daemon::LineWatch> watch_;
    std::vector<int> pipes_;
};

void write(int pipe, std::string_view bytes) {
    REQUIRE(::write(pipe, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace

TEST_CASE("a line is seen, once, though it comes in pieces and colours", "[integration][logs]") {
    Output output;
    const int pipe = output.open_pipe();
    output.await("^listening on [0-9]+$");
    write(pipe, "not listening on 3000\nlisten");
    output.run_until_captured(28);
    CHECK(output.seen.empty());
    write(pipe, "ing on \x1b[36m3000\x1b[0m\r\nlistening on 4000\n");
    output.run_until_seen();
    CHECK(output.seen == std::vector<std::string>{"its output says \"listening on 3000\""});
    write(pipe, "listening on 5000\n");
    output.run_until_captured(80);
    CHECK(output.seen.size() == 1);
}

TEST_CASE("only the run and the stream that are waited for count", "[integration][logs]") {
    Output output;
    const int before = output.open_pipe(out, 2);
    const int pipe = output.open_pipe(out);
    const int errors = output.open_pipe(err);
    output.await("up", err);
    write(before, "up\n");
    write(pipe, "up\n");
    output.run_until_captured(6);
    CHECK(output.seen.empty());
    write(errors, "it is up\n");
    output.run_until_seen();
    CHECK(output.seen == std::vector<std::string>{"its output says \"it is up\""});
}

TEST_CASE("a match across the parts of a long line is found", "[integration][logs]") {
    Output output;
    const int pipe = output.open_pipe();
    SECTION("in the middle") {
        output.await("ready at [a-z]+ last");
        const std::string filling(limits::line_part_max - 8, 'x');
        write(pipe, filling + " ready at long last");
        write(pipe, " yyy\n");
        output.run_until_seen();
    }
    SECTION("but a part is no line") {
        output.await("^ready$");
        const std::string filling(limits::line_part_max, 'x');
        write(pipe, filling + "ready\n");
        write(pipe, "ready" + filling + "\n");
        output.run_until_captured(2 * filling.size() + 12);
        CHECK(output.seen.empty());
        write(pipe, "ready\n");
        output.run_until_seen();
    }
    CHECK(output.seen.size() == 1);
}

TEST_CASE("a prompt has no line end", "[integration][logs]") {
    Output output;
    write(output.open_pipe(), "starting\nready> ");
    output.await("^ready> $");
    output.run_until_seen();
    CHECK(output.seen == std::vector<std::string>{"its output says \"ready> \""});
}

TEST_CASE("a line is seen though the log is rotated meanwhile", "[integration][logs]") {
    Output output;
    const int pipe = output.open_pipe();
    output.await("the end");
    std::thread child{[pipe] {
        const std::string line(999, 'x');
        std::string block;
        for (int i = 0; i < 1000; ++i)
            block += line + "\n";
        for (int i = 0; i < 35; ++i)
            (void)platform::write_all(pipe, block);
        (void)platform::write_all(pipe, std::string_view{"the end\n"});
    }};
    output.run_until_seen();
    child.join();
    CHECK(output.seen == std::vector<std::string>{"its output says \"the end\""});
}

TEST_CASE("what was written while nobody looked is found", "[integration][logs]") {
    Output output;
    const int pipe = output.open_pipe();
    write(pipe, "listening\n");
    output.run_until_captured(10);
    output.begin();
    output.await("listening");
    output.run_until_seen();
    CHECK(output.seen == std::vector<std::string>{"its output says \"listening\""});

    SECTION("but not what an earlier run of the same number had written") {
        output.seen.clear();
        output.since = platform::wall_now() + 1h;
        output.await("listening");
        output.run_until_captured(10);
        CHECK(output.seen.empty());
    }
    SECTION("and nothing for those who have been forgotten") {
        output.seen.clear();
        output.await("later");
        output.forget();
        write(output.open_pipe(), "later\n");
        output.run_until_captured(16);
        CHECK(output.seen.empty());
    }
}
