#include "devstack/core/logs/log_index.hpp"

#include <algorithm>
#include <type_traits>

namespace devstack::core {

namespace {

// Header: magic 8, version 4, flags 2, checksum 2, base 8, reserved 8.
// Record: position 8, time 8, length 4, run 4, sequence 4, stream 1, flags 1, checksum 2.
constexpr std::string_view magic = "DSTKLOGX";
constexpr std::uint32_t version = 1;
constexpr std::size_t header_checksum_at = 14;
constexpr std::size_t record_checksum_at = 30;
constexpr std::uint8_t flag_follows_loss = 1;
constexpr std::uint8_t flag_is_lost = 2;
constexpr std::uint16_t flag_has_losses = 1;

template <typename Number>
void put(IndexEntry& entry, std::size_t at, Number number) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        entry[at + i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xff);
    }
}

template <typename Number>
Number get(std::string_view bytes, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        number |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    }
    return static_cast<Number>(number);
}

/// FNV-1a over all but the checksum itself, folded. Never 0 for zeros: a hole is no record.
std::uint16_t checksum(std::string_view bytes, std::size_t checksum_at) {
    std::uint32_t hash = 2166136261U;
    for (std::size_t i = 0; i < index_entry_size; ++i) {
        if (i == checksum_at || i == checksum_at + 1) continue;
        hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 16777619U;
    }
    return static_cast<std::uint16_t>(hash ^ (hash >> 16));
}

void seal(IndexEntry& entry, std::size_t checksum_at) {
    put(entry, checksum_at, checksum({entry.data(), entry.size()}, checksum_at));
}

bool is_sealed(std::string_view bytes, std::size_t checksum_at) {
    return bytes.size() >= index_entry_size &&
           get<std::uint16_t>(bytes, checksum_at) == checksum(bytes, checksum_at);
}

std::string file_name(const std::string& service, std::string_view suffix, int generation) {
    std::string name = service;
    name += suffix;
    if (generation > 0) name += "." + std::to_string(generation);
    return name;
}

}  // namespace

IndexEntry encode(const IndexHeader& header) {
    IndexEntry entry{};
    std::copy(magic.begin(), magic.end(), entry.begin());
    put(entry, 8, version);
    put(entry, 12, static_cast<std::uint16_t>(header.has_losses ? flag_has_losses : 0));
    put(entry, 16, header.base);
    seal(entry, header_checksum_at);
    return entry;
}

IndexEntry encode(const IndexRecord& record) {
    IndexEntry entry{};
    put(entry, 0, record.position);
    put(entry, 8, record.time.time_since_epoch().count());
    put(entry, 16, record.length);
    put(entry, 20, record.run);
    put(entry, 24, record.sequence);
    put(entry, 28, static_cast<std::uint8_t>(record.stream));
    const int flags =
        (record.follows_loss ? flag_follows_loss : 0) | (record.is_lost ? flag_is_lost : 0);
    put(entry, 29, static_cast<std::uint8_t>(flags));
    seal(entry, record_checksum_at);
    return entry;
}

std::optional<IndexHeader> decode_header(std::string_view bytes) {
    if (!is_sealed(bytes, header_checksum_at) || !bytes.starts_with(magic)) return std::nullopt;
    if (get<std::uint32_t>(bytes, 8) != version) return std::nullopt;
    const bool has_losses = (get<std::uint16_t>(bytes, 12) & flag_has_losses) != 0;
    return IndexHeader{get<std::uint64_t>(bytes, 16), has_losses};
}

std::optional<IndexRecord> decode_record(std::string_view bytes) {
    if (!is_sealed(bytes, record_checksum_at)) return std::nullopt;
    IndexRecord record;
    record.position = get<std::uint64_t>(bytes, 0);
    record.time = WallTime{std::chrono::nanoseconds{get<std::int64_t>(bytes, 8)}};
    record.length = get<std::uint32_t>(bytes, 16);
    record.run = get<std::uint32_t>(bytes, 20);
    record.sequence = get<std::uint32_t>(bytes, 24);
    const auto stream = get<std::uint8_t>(bytes, 28);
    const auto flags = get<std::uint8_t>(bytes, 29);
    record.follows_loss = (flags & flag_follows_loss) != 0;
    record.is_lost = (flags & flag_is_lost) != 0;
    const bool overflows = record.position > UINT64_MAX - record.length;
    if (stream > 1 || record.length == 0 || overflows) return std::nullopt;
    record.stream = static_cast<LogStream>(stream);
    return record;
}

std::string log_file_name(const std::string& service, int generation) {
    return file_name(service, ".log", generation);
}

std::string index_file_name(const std::string& service, int generation) {
    return file_name(service, ".index", generation);
}

}  // namespace devstack::core
