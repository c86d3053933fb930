// Any bytes as a log file and its index: reading must end, and resuming must give the same lines.
// The first two bytes say how much of the rest is the index.

#include "devstack/core/logs/log_index.hpp"
#include "devstack/project/log_reader.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using namespace devstack;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

const std::string& directory() {
    static const std::string made = [] {
        std::string pattern = (std::filesystem::temp_directory_path() / "dsfuzzXXXXXX").string();
        return std::string{::mkdtemp(pattern.data())};
    }();
    return made;
}

/// Files stay open: to make each anew would cost more than to read it.
void write(int& file, const char* name, std::string_view bytes) {
    if (file < 0) file = ::open((directory() + "/" + name).c_str(), O_RDWR | O_CREAT, 0600);
    const auto size = static_cast<ssize_t>(bytes.size());
    expect(::pwrite(file, bytes.data(), bytes.size(), 0) == size && ::ftruncate(file, size) == 0);
}

project::LogAnswer read(const project::LogQuery& query) {
    auto answer = project::read_logs(directory(), query);
    expect(answer.has_value());
    return std::move(*answer);
}

/// The lines, with what a reader can not see of where it has stopped left out.
std::vector<std::string> texts(const std::vector<core::LogLine>& lines) {
    std::vector<std::string> all;
    for (const core::LogLine& line : lines) {
        all.push_back(std::to_string(static_cast<int>(line.stream)) + line.text);
    }
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    std::string_view bytes{static_cast<const char*>(static_cast<const void*>(data)), size};
    const std::size_t index_size = std::size_t{data[0]} * 256 + data[1];
    bytes.remove_prefix(2);
    const std::string_view index = bytes.substr(0, index_size);
    // What random bytes never hit: a header and records with right checksums, in order, some torn.
    std::string sealed;
    std::uint64_t position = 0;
    for (std::size_t at = 0; at + core::index_entry_size <= index.size();
         at += core::index_entry_size) {
        std::string entry{index.substr(at, core::index_entry_size)};
        core::IndexRecord record;
        record.position = position + static_cast<unsigned char>(entry[0]) % 16;
        record.length = static_cast<unsigned char>(entry[1]) % 32 + 1U;
        position = record.end();
        record.time = WallTime{Duration{static_cast<unsigned char>(entry[2])}};
        record.run = static_cast<unsigned char>(entry[3]) % 4;
        record.stream = static_cast<core::LogStream>(entry[4] & 1);
        record.follows_loss = (entry[4] & 6) == 6;
        record.is_lost = (entry[4] & 120) == 120;
        const auto encoded = core::encode(record);
        const auto header = core::encode(core::IndexHeader{0, true});
        if (entry[5] % 8 == 0 && at > 0) {
            sealed += entry;
        } else {
            sealed.append(at == 0 ? header.data() : encoded.data(), core::index_entry_size);
        }
    }
    static int index_file = -1;
    static int log_file = -1;
    write(index_file, "api.index", data[0] % 2 == 0 ? std::string_view{sealed} : index);
    write(log_file, "api.log", bytes.substr(std::min(bytes.size(), index_size)));

    project::LogQuery query;
    query.services = {"api"};
    query.now = WallTime{std::chrono::hours{24 * 365 * 200}};
    const auto all = read(query);
    expect(all.is_complete || !all.lines.empty());
    const unsigned questions = data[size - 1];
    query.lines_max = questions % 8 + 1U;
    std::vector<core::LogLine> in_pieces;
    query.after = core::LogCursor{{{"api", {}}}};
    for (bool is_complete = false; !is_complete;) {
        const auto answer = read(query);
        expect(answer.is_complete || answer.cursor != *query.after);
        in_pieces.insert(in_pieces.end(), answer.lines.begin(), answer.lines.end());
        query.after = core::LogCursor::parse(answer.cursor.text());
        expect(query.after.has_value());
        is_complete = answer.is_complete;
    }
    if (all.gaps.empty() && all.is_complete) expect(texts(in_pieces) == texts(all.lines));
    query.after.reset();
    query.lines_max = 5000;
    query.tail = 3;
    if (questions & 8U) {
        query.since = WallTime{Duration{100}};
        query.until = WallTime{Duration{200}};
    }
    expect(read(query).lines.size() <= 3);
    return 0;
}
