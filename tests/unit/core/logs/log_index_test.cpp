#include "devstack/core/logs/log_index.hpp"

#include "support/catch.hpp"

#include <random>
#include <string>

using namespace devstack::core;
using devstack::WallTime;

namespace {

std::string_view view(const IndexEntry& entry) {
    return {entry.data(), entry.size()};
}

IndexRecord some_record() {
    IndexRecord record;
    record.position = 0x0123456789abcdef;
    record.length = 65536;
    record.time = WallTime{std::chrono::nanoseconds{1'795'262'403'123'456'789}};
    record.run = 7;
    record.sequence = 0xfffffffe;
    record.stream = LogStream::standard_error;
    record.follows_loss = true;
    return record;
}

}  // namespace

TEST_CASE("index entries come back as they were written", "[unit][logs]") {
    CHECK(decode_record(view(encode(some_record()))) == some_record());
    CHECK(decode_header(view(encode(IndexHeader{UINT64_MAX}))) == IndexHeader{UINT64_MAX});

    IndexRecord lost = some_record();
    lost.is_lost = true;
    CHECK(decode_record(view(encode(lost))) == lost);
    CHECK(decode_header(view(encode(IndexHeader{5, true}))) == IndexHeader{5, true});

    IndexRecord before_the_epoch = some_record();
    before_the_epoch.time = WallTime{std::chrono::nanoseconds{-1}};
    CHECK(decode_record(view(encode(before_the_epoch))) == before_the_epoch);
}

TEST_CASE("the layout of the index is the documented one", "[unit][logs]") {
    IndexRecord record = some_record();
    record.follows_loss = false;
    const IndexEntry entry = encode(record);
    CHECK(view(entry).substr(0, 8) == "\xef\xcd\xab\x89\x67\x45\x23\x01");
    CHECK(view(entry).substr(16, 4) == std::string_view("\0\0\1\0", 4));
    CHECK(view(entry).substr(20, 4) == std::string_view("\7\0\0\0", 4));
    CHECK(view(entry).substr(28, 2) == std::string_view("\1\0", 2));
    CHECK(view(encode(IndexHeader{3})).substr(0, 12) == std::string_view("DSTKLOGX\1\0\0\0", 12));
}

TEST_CASE("an index entry with any bit changed is not taken for one", "[unit][logs]") {
    const IndexEntry record = encode(some_record());
    const IndexEntry header = encode(IndexHeader{4096});
    for (std::size_t bit = 0; bit < index_entry_size * 8; ++bit) {
        IndexEntry changed = record;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
        CHECK_FALSE(decode_record(view(changed)));
        changed = header;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
        CHECK_FALSE(decode_header(view(changed)));
    }
}

TEST_CASE("torn entries, holes and noise are no index entries", "[unit][logs]") {
    const IndexEntry record = encode(some_record());
    for (std::size_t size = 0; size < index_entry_size; ++size) {
        CHECK_FALSE(decode_record(view(record).substr(0, size)));
        std::string torn{view(record).substr(0, size)};
        torn.resize(index_entry_size, '\0');
        if (torn != view(record)) CHECK_FALSE(decode_record(torn));
    }
    CHECK_FALSE(decode_header(std::string(index_entry_size, '\0')));
    CHECK_FALSE(decode_record(std::string(index_entry_size, '\0')));

    std::mt19937 random{20};
    for (int i = 0; i < 20'000; ++i) {
        std::string noise(index_entry_size, '\0');
        for (char& c : noise) {
            c = static_cast<char>(random());
        }
        // The checksum lets 1 of 65,536 through; what comes through must be consistent.
        const auto decoded = decode_record(noise);
        if (decoded) CHECK(decoded->end() > decoded->position);
        CHECK_FALSE(decode_header(noise));
    }
}

TEST_CASE("log files are named after the service and their age", "[unit][logs]") {
    CHECK(log_file_name("api", 0) == "api.log");
    CHECK(log_file_name("api", 5) == "api.log.5");
    CHECK(index_file_name("api", 0) == "api.index");
    CHECK(index_file_name("api", 1) == "api.index.1");
}
