#include "devstack/core/logs/line_assembler.hpp"

#include "devstack/core/limits.hpp"

#include "support/catch.hpp"

#include <random>
#include <string>
#include <vector>

using namespace devstack::core;
using namespace std::chrono_literals;
using devstack::WallTime;

namespace {

constexpr auto out = LogStream::standard_output;
constexpr auto err = LogStream::standard_error;

WallTime at(int milliseconds) {
    return WallTime{std::chrono::milliseconds{milliseconds}};
}

/// A captured log in memory: what the files and the index would hold.
struct Capture {
    struct Captured {
        LogPiece piece;
        std::string bytes;
    };
    std::vector<Captured> pieces;
    std::uint64_t end = 0;

    Capture& add(LogStream stream, std::string bytes, int time = 0, std::uint32_t run = 1) {
        LogPiece piece;
        piece.position = end;
        piece.stream = stream;
        piece.run = run;
        piece.time = at(time);
        end += bytes.size();
        pieces.push_back({piece, std::move(bytes)});
        return *this;
    }

    /// Gives the assembler what it wants to see from `from`, cut into chunks of at most `chunk`.
    template <typename Take>
    void feed(LineAssembler& assembler, LogPosition from, std::size_t chunk, Take&& take) const {
        assembler.resume(from);
        for (const Captured& each : pieces) {
            const bool is_pending = each.piece.stream == from.pending_stream;
            const std::uint64_t begin = is_pending ? from.pending : from.end;
            if (each.piece.position + each.bytes.size() <= begin) continue;
            const std::uint64_t skip =
                begin > each.piece.position ? begin - each.piece.position : 0;
            for (std::size_t i = skip; i < each.bytes.size(); i += chunk) {
                LogPiece part = each.piece;
                part.position += i;
                part.follows_loss = part.follows_loss && i == 0;
                part.bytes = std::string_view{each.bytes}.substr(i, chunk);
                while (auto line = assembler.take(part)) {
                    if (!take(std::move(*line))) return;
                }
            }
        }
        assembler.advance_to(end);
    }

    std::vector<LogLine> lines(LogPosition from = {}, std::size_t chunk = SIZE_MAX / 2) const {
        std::vector<LogLine> all;
        LineAssembler assembler{"api"};
        feed(assembler, from, chunk, [&](LogLine line) {
            all.push_back(std::move(line));
            return true;
        });
        while (auto line = assembler.take_unfinished()) {
            all.push_back(std::move(*line));
        }
        return all;
    }
};

/// "o:abc", "e:…>" for an unfinished and "o>…" for a continued one.
std::string shown(const LogLine& line) {
    const std::string stream = line.stream == out ? "o" : "e";
    return stream + (line.is_continued ? ">" : ":") + line.text + (line.is_unfinished ? ">" : "");
}

std::vector<std::string> shown(const std::vector<LogLine>& lines) {
    std::vector<std::string> all;
    for (const LogLine& line : lines) {
        all.push_back(shown(line));
    }
    return all;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("pieces of one stream make lines, however they were cut", "[unit][logs]") {
    CHECK(shown(Capture{}.add(out, "a\nb\n").lines()) == Lines{"o:a", "o:b"});
    CHECK(shown(Capture{}.add(out, "a").add(out, "").add(out, "b\n\n").lines()) ==
          Lines{"o:ab", "o:"});
    CHECK(shown(Capture{}.add(out, std::string("\0\xff\x1b[m\n", 6)).lines()) ==
          Lines{std::string("o:\0\xff\x1b[m", 7)});
}

TEST_CASE("what the other stream writes in between does not break a line", "[unit][logs]") {
    CHECK(shown(Capture{}.add(out, "abc").add(err, "err\n").add(out, "def\n").lines()) ==
          Lines{"e:err", "o:abcdef"});
}

TEST_CASE("a carriage return before the line end is no part of the line", "[unit][logs]") {
    CHECK(shown(Capture{}.add(out, "a\r").add(out, "\nb\r\r\n\r\n10%\r20%\n").lines()) ==
          Lines{"o:a", "o:b\r", "o:", "o:10%\r20%"});
}

TEST_CASE("a line has the time and the run of its last piece", "[unit][logs]") {
    const auto lines =
        Capture{}.add(out, "a", 1, 4).add(out, "b", 2, 4).add(out, "\n", 3, 4).lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].time == at(3));
    CHECK(lines[0].run == 4);
    CHECK(lines[0].service == "api");
}

TEST_CASE("a line of more than 16 KiB comes in marked parts", "[unit][logs]") {
    const std::string full(limits::line_part_max, 'x');
    CHECK(shown(Capture{}.add(out, full + "\n").lines()) == Lines{"o:" + full});
    CHECK(shown(Capture{}.add(out, full + "yz\n").lines()) == Lines{"o:" + full + ">", "o>yz"});
    CHECK(shown(Capture{}.add(out, full + full + "y").lines()) ==
          Lines{"o:" + full + ">", "o>" + full + ">", "o>y>"});
    CHECK(shown(Capture{}.add(out, full).add(err, "e\n").add(out, "y\n").lines()) ==
          Lines{"e:e", "o:" + full + ">", "o>y"});
}

TEST_CASE("a run that ends without a line end does not lend its words to the next",
          "[unit][logs]") {
    CHECK(shown(Capture{}.add(out, "bye", 1, 1).add(out, "hello\n", 2, 2).lines()) ==
          Lines{"o:bye>", "o:hello"});
    CHECK(shown(Capture{}.add(out, "bye", 1, 1).add(out, " now\n", 2, 0).lines()) ==
          Lines{"o:bye now"});
    SECTION("not even when the reader comes back in between") {
        Capture capture;
        LineAssembler assembler{"api"};
        capture.add(out, "bye", 1, 1);
        capture.feed(assembler, {}, 99, [](const LogLine&) { return true; });
        const auto line = assembler.take_overdue(at(10'000));
        REQUIRE(line);
        CHECK(shown(*line) == "o:bye>");
        capture.add(out, "hello\n", 2, 2);
        CHECK(shown(capture.lines(line->position)) == Lines{"o:hello"});
    }
}

TEST_CASE("output that was dropped on a full disk leaves an open line on both sides",
          "[unit][logs]") {
    Capture capture;
    capture.add(out, "begin").add(out, "end\n");
    capture.pieces[1].piece.follows_loss = true;
    CHECK(shown(capture.lines()) == Lines{"o:begin>", "o>end"});
    CHECK(shown(capture.lines(capture.lines()[0].position)) == Lines{"o>end"});
}

TEST_CASE("a last line without an end is held back for two seconds", "[unit][logs]") {
    LineAssembler assembler{"api"};
    Capture capture;
    capture.add(out, "> ", 1000).add(err, "? ", 1500);
    capture.feed(assembler, {}, 99, [](const LogLine&) { return true; });
    CHECK_FALSE(assembler.take_overdue(at(2999)));
    CHECK(assembler.overdue_in(at(2999)) == 1ms);
    const auto line = assembler.take_overdue(at(3000));
    REQUIRE(line);
    CHECK(shown(*line) == "o:> >");
    CHECK(line->position == LogPosition{4, 2, err, 1, {}});
    CHECK_FALSE(assembler.take_overdue(at(3000)));
    CHECK(assembler.overdue_in(at(3000)) == 500ms);
    CHECK(assembler.take_overdue(at(3500)));
    CHECK_FALSE(assembler.overdue_in(at(3500)));
    CHECK(assembler.position() == LogPosition{4, 4, out, 1, 1});

    capture.add(out, "yes\n", 9000);
    CHECK(shown(capture.lines(line->position)) == Lines{"o>yes", "e:? >"});
}

TEST_CASE("a clock that was set back does not hold a line for ever", "[unit][logs]") {
    LineAssembler assembler{"api"};
    Capture capture;
    capture.add(out, "> ", 3'600'000);
    capture.feed(assembler, {}, 99, [](const LogLine&) { return true; });
    CHECK(assembler.take_overdue(at(0)));
}

TEST_CASE("an unfinished line is not waited for while the other stream goes on and on",
          "[unit][logs]") {
    Capture capture;
    capture.add(err, "prompt> ");
    const std::string line(1023, 'x');
    for (int i = 0; i < 1030; ++i) {
        capture.add(out, line + "\n");
    }
    capture.add(err, "answer\n");
    const auto lines = capture.lines();
    REQUIRE(lines.size() == 1032);
    CHECK(shown(lines[1023]) == "e:prompt> >");
    CHECK(shown(lines.back()) == "e>answer");
    for (const std::size_t i : {0U, 1022U, 1023U, 1024U, 1025U}) {
        const Lines all = shown(lines);
        CHECK(shown(capture.lines(lines[i].position)) ==
              Lines(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()));
    }
}

TEST_CASE("a reader that begins in the middle of a line can skip it", "[unit][logs]") {
    Capture capture;
    capture.add(out, "rest\nwhole\n").add(err, "more rest");
    LineAssembler assembler{"api"};
    Lines lines;
    assembler.skip_line(out);
    assembler.skip_line(err);
    for (const auto& each : capture.pieces) {
        LogPiece piece = each.piece;
        piece.bytes = each.bytes;
        while (auto line = assembler.take(piece)) {
            lines.push_back(shown(*line));
        }
    }
    CHECK(lines == Lines{"o:whole"});
    CHECK(assembler.skipped_to(out) == 5);
    CHECK(assembler.skipped_to(err) == UINT64_MAX);
}

TEST_CASE("a line's part of an unknown run is not joined to the next run", "[unit][logs]") {
    Capture capture;
    const std::string part(limits::line_part_max + 10, 'L');
    capture.add(out, part, 1, 1);
    capture.add(out, part, 2, 0);
    capture.add(out, "bc\n", 3, 2);
    const auto lines = capture.lines();
    REQUIRE(lines.size() == 4);
    CHECK(lines[2].text == std::string(20, 'L'));
    CHECK(lines[2].is_unfinished);
    CHECK(lines[3].text == "bc");
    CHECK_FALSE(lines[3].is_continued);
}

// ---- Any cut gives the same lines --------------------------------------------------------------

namespace {

Capture random_capture(std::mt19937& random) {
    const auto below = [&random](std::size_t bound) { return random() % bound; };
    Capture capture;
    std::uint32_t run = 1;
    const bool has_long_lines = below(4) == 0;
    for (std::size_t i = 5 + below(60); i > 0; --i) {
        std::string bytes;
        for (std::size_t words = 1 + below(5); words > 0; --words) {
            static const std::vector<std::string> vocabulary = {
                "\n", "\r\n", "\r", "a", "bc", "\x1b[31m", "\xff", std::string(1, '\0'), "\n\n"};
            bytes += vocabulary[below(vocabulary.size())];
        }
        if (has_long_lines && below(3) == 0) bytes.append(below(40'000), 'L');
        if (below(20) == 0) ++run;
        // One after the other: compilers differ in the order of arguments.
        const LogStream stream = below(2) == 0 ? out : err;
        const bool is_of_unknown_run = below(30) == 0;
        capture.add(stream, bytes, static_cast<int>(i), is_of_unknown_run ? 0 : run);
        if (below(25) == 0) capture.pieces.back().piece.follows_loss = true;
    }
    return capture;
}

/// What a plain model makes of one stream: the text of each line, parts put together.
std::vector<std::string> model_lines(const Capture& capture, LogStream stream) {
    std::vector<std::string> lines;
    std::string line;
    std::uint32_t run = 0;
    const auto finish = [&] {
        lines.push_back(line);
        line.clear();
    };
    for (const auto& [piece, bytes] : capture.pieces) {
        if (piece.stream != stream) continue;
        const bool is_other_run = piece.run != 0 && run != 0 && piece.run != run;
        if (!line.empty() && (piece.follows_loss || is_other_run)) finish();
        if (piece.run != 0 || line.empty()) run = piece.run;
        for (const char c : bytes) {
            if (c != '\n') {
                line += c;
                continue;
            }
            if (line.ends_with('\r')) line.pop_back();
            finish();
            run = piece.run;
        }
    }
    if (!line.empty()) finish();
    return lines;
}

std::vector<std::string> joined_lines(const std::vector<LogLine>& lines, LogStream stream) {
    std::vector<std::string> joined;
    bool is_open = false;
    for (const LogLine& line : lines) {
        if (line.stream != stream) continue;
        if (is_open && line.is_continued) {
            joined.back() += line.text;
        } else {
            joined.push_back(line.text);
        }
        is_open = line.is_unfinished;
    }
    return joined;
}

}  // namespace

TEST_CASE("the lines are those of a plain model", "[unit][logs]") {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        std::mt19937 random{seed};
        Capture capture = random_capture(random);
        for (auto& each : capture.pieces) {
            each.piece.follows_loss = false;  // The model can not tell its parts apart.
        }
        INFO("seed " << seed);
        for (const LogStream stream : {out, err}) {
            CHECK(joined_lines(capture.lines(), stream) == model_lines(capture, stream));
        }
    }
}

TEST_CASE("stopping after any line and going on gives the same lines", "[unit][logs]") {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        std::mt19937 random{seed};
        const Capture capture = random_capture(random);
        const auto all = capture.lines();
        Lines got;
        LogPosition position;
        INFO("seed " << seed);
        for (bool is_at_end = false; !is_at_end;) {
            LineAssembler assembler{"api"};
            std::size_t wanted = 1 + random() % 3;
            is_at_end = true;
            capture.feed(assembler, position, 1 + random() % 50, [&](const LogLine& line) {
                CHECK(line.position == assembler.position());
                got.push_back(shown(line));
                position = line.position;
                is_at_end = --wanted > 0;
                return !is_at_end ? false : true;
            });
            if (!is_at_end) continue;
            while (const auto line = assembler.take_unfinished()) {
                got.push_back(shown(*line));
            }
        }
        CHECK(got == shown(all));
    }
}
