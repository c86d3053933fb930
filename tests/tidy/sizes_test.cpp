// Files, lines and functions stay small enough to see. Function bodies are measured with a
// brace-counting meter: clang-format has put every body's braces where it can find them.

#include "support/catch.hpp"
#include "tidy/source_files.hpp"

#include <regex>
#include <string>

using devstack::test::source_files;
using devstack::test::SourceFile;

namespace {

constexpr std::size_t source_lines_max = 600;
constexpr std::size_t test_lines_max = 900;
constexpr std::size_t line_columns_max = 100;
constexpr std::size_t function_lines_max = 70;

/// Columns as people count them: a UTF-8 sequence is one.
std::size_t columns(const std::string& line) {
    std::size_t count = 0;
    for (const char c : line)
        count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

}  // namespace

TEST_CASE("files and lines stay small enough to see", "[tidy]") {
    for (const SourceFile& file : source_files({"include/devstack", "src", "tests", "bench"})) {
        const bool is_test = file.path.string().starts_with("tests");
        const std::size_t most = is_test ? test_lines_max : source_lines_max;
        if (file.lines.size() > most) {
            FAIL_CHECK(file.path << " has " << file.lines.size() << " lines; " << most
                                 << " are the most");
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const bool is_raw_text = file.lines[i].find("R\"") != std::string::npos;
            if (columns(file.lines[i]) <= line_columns_max || is_raw_text) continue;
            FAIL_CHECK(file.path << ":" << i + 1 << " is longer than " << line_columns_max);
        }
    }
}

TEST_CASE("functions stay small enough to see", "[tidy]") {
    const std::regex begin{R"(^[A-Za-z_~].*\)[^;]*\{$)"};
    for (const SourceFile& file : source_files({"src"})) {
        std::size_t opened = 0;
        std::size_t text_lines = 0;  // Of raw strings: text is not code.
        bool is_in_text = false;
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const std::string& line = file.lines[i];
            const std::size_t begins = line.find("R\"(");
            if (begins != std::string::npos) is_in_text = true;
            text_lines += is_in_text;
            if (is_in_text &&
                line.find(")\"", begins == std::string::npos ? 0 : begins) != std::string::npos) {
                is_in_text = false;
            }
            if (is_in_text) continue;
            if (opened == 0 && std::regex_search(line, begin)) {
                opened = i + 1;
                text_lines = 0;
            }
            if (!line.starts_with("}")) continue;
            const std::size_t length = opened == 0 ? 0 : i + 2 - opened - text_lines;
            if (length > function_lines_max) {
                FAIL_CHECK(file.path << ":" << opened << ": a function of " << length << " lines; "
                                     << function_lines_max << " are the most");
            }
            opened = 0;
        }
    }
}
