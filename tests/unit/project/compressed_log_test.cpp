#include "devstack/project/compressed_log.hpp"

#include "devstack/project/log_reader.hpp"

#include "support/catch.hpp"
#include "unit/project/log_directory.hpp"

#include <filesystem>
#include <random>

#include <fcntl.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::test;
namespace fs = std::filesystem;

namespace {

using Lines = std::vector<std::string>;

Lines read_all(const LogDirectory& directory) {
    project::LogQuery query;
    query.services = {"api"};
    query.now = WallTime{std::chrono::hours{24 * 365 * 200}};
    query.lines_max = 1000;
    Lines lines;
    for (int i = 0; i < 100; ++i) {
        auto answer = project::read_logs(directory.path(), query);
        REQUIRE(answer);
        for (const std::string& line : shown(answer->lines))
            lines.push_back(line);
        query.after = answer->cursor;
        if (answer->is_complete) break;
    }
    return lines;
}

/// As the daemon does it. Returns how many files were compressed.
int compress_all(const LogDirectory& directory) {
    for (int count = 0;; ++count) {
        const auto inode = project::compress_rotated_log(directory.path(), "api");
        REQUIRE(inode);
        if (!*inode) return count;
        REQUIRE(project::put_compressed_log(directory.path(), "api", **inode));
    }
}

bool is_compressed(const LogDirectory& directory, const std::string& name) {
    const platform::FileDescriptor file{::open(directory.file(name).c_str(), O_RDONLY | O_CLOEXEC)};
    return project::find_compressed_size(file.get()).has_value();
}

void write_three_files(const LogDirectory& directory) {
    LogFiles{directory, "api"}
        .out("one\ntwo\n", 1)
        .rotate()
        .err("three\n", 2)
        .out("fo", 3)
        .rotate()
        .out("ur\nfive\n", 4);
}

}  // namespace

TEST_CASE("compressed logs are read as they were", "[unit][compressed_log]") {
    LogDirectory directory;
    write_three_files(directory);
    const Lines before = read_all(directory);
    CHECK(before == Lines{"api: one", "api: two", "api! three", "api: four", "api: five"});
    CHECK(compress_all(directory) == 2);
    CHECK(is_compressed(directory, "api.log.2"));
    CHECK(is_compressed(directory, "api.log.1"));
    CHECK_FALSE(is_compressed(directory, "api.log"));
    CHECK_FALSE(fs::exists(directory.file("api.log.part")));
    CHECK(read_all(directory) == before);
    CHECK(compress_all(directory) == 0);
}

TEST_CASE("a compressed log is smaller, as old as it was, and read to the last byte",
          "[unit][compressed_log]") {
    LogDirectory directory;
    std::mt19937 random{4711};
    std::string text;
    while (text.size() < 3'000'000)
        text += "GET /api/orders/" + std::to_string(random()) + " 200\n";
    LogFiles{directory, "api"}.out(text, 1).rotate().out("end\n", 2);
    const auto time = fs::file_time_type::clock::now() - std::chrono::hours{5};
    fs::last_write_time(directory.file("api.log.1"), time);
    const auto written = fs::last_write_time(directory.file("api.log.1"));
    CHECK(compress_all(directory) == 1);
    CHECK(fs::file_size(directory.file("api.log.1")) < text.size() / 2);
    CHECK(fs::last_write_time(directory.file("api.log.1")) == written);

    const platform::FileDescriptor file{
        ::open(directory.file("api.log.1").c_str(), O_RDONLY | O_CLOEXEC)};
    const auto size = project::find_compressed_size(file.get());
    REQUIRE(size == text.size());
    auto plain = project::decompress_log(file.get(), *size);
    REQUIRE(plain);
    std::string found(text.size() + 1, '\0');
    CHECK(::pread(plain->get(), found.data(), found.size(), 0) ==
          static_cast<ssize_t>(text.size()));
    found.resize(text.size());
    CHECK(found == text);
}

TEST_CASE("a rotation in the middle of it does no harm", "[unit][compressed_log]") {
    LogDirectory directory;
    LogFiles{directory, "api"}.out("one\n", 1).rotate().out("two\n", 2);
    const auto inode = project::compress_rotated_log(directory.path(), "api");
    REQUIRE(inode);
    REQUIRE(*inode);
    SECTION("it is found under its new name") {
        fs::rename(directory.file("api.log.1"), directory.file("api.log.2"));
        fs::rename(directory.file("api.index.1"), directory.file("api.index.2"));
        CHECK(project::put_compressed_log(directory.path(), "api", **inode));
        CHECK(is_compressed(directory, "api.log.2"));
        CHECK(read_all(directory) == Lines{"api: one", "api: two"});
    }
    SECTION("or it has gone") {
        fs::remove(directory.file("api.log.1"));
        CHECK_FALSE(project::put_compressed_log(directory.path(), "api", **inode));
        CHECK_FALSE(fs::exists(directory.file("api.log.part")));
    }
    SECTION("a crash leaves the whole file, and the rest is made anew") {
        fs::resize_file(directory.file("api.log.part"), 5);
        CHECK(read_all(directory) == Lines{"api: one", "api: two"});
        CHECK(compress_all(directory) == 1);
        CHECK(read_all(directory) == Lines{"api: one", "api: two"});
    }
}

TEST_CASE("what is damaged, or only looks compressed, is no trap", "[unit][compressed_log]") {
    LogDirectory directory;
    SECTION("a torn one ends early") {
        write_three_files(directory);
        compress_all(directory);
        fs::resize_file(directory.file("api.log.1"), 30);
        const Lines lines = read_all(directory);
        REQUIRE(lines.size() >= 2);
        CHECK(lines[0] == "api: one");
        CHECK(lines[1] == "api: two");
    }
    SECTION("a service that writes zstd writes what it likes") {
        LogFiles{directory, "api"}.out("\x28\xB5\x2F\xFD rest\n", 1).rotate().out("two\n", 2);
        CHECK(read_all(directory).size() == 2);
        CHECK(compress_all(directory) == 1);
        CHECK(read_all(directory).size() == 2);
    }
}
