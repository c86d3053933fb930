#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/logs/log_line.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The index beside a log file: one header, then one record for each captured piece. Header and
// records have the same size, so that record n is found by multiplication. All numbers are
// little-endian; docs/logs.md has the layout.
namespace devstack::core {

inline constexpr std::size_t index_entry_size = 32;
using IndexEntry = std::array<char, index_entry_size>;

struct IndexHeader {
    std::uint64_t base = 0;   ///< Stream position of the first byte of the log file.
    bool has_losses = false;  ///< There may be records that are `is_lost`.
    bool operator==(const IndexHeader&) const = default;
};

/// One piece: bytes that were taken from one pipe at one time.
struct IndexRecord {
    std::uint64_t position = 0;  ///< Of the first byte, in the stream of the service.
    std::uint32_t length = 0;    ///< Never 0.
    WallTime time{};
    std::uint32_t run = 0;       ///< 0: not known; found in the file after a crash.
    std::uint32_t sequence = 0;  ///< Numbers the pieces of a service; wraps.
    LogStream stream = LogStream::standard_output;
    bool follows_loss = false;  ///< The line before it was cut short: output was dropped.
    /// The bytes are not in the log file: they were dropped, because it could not be written.
    bool is_lost = false;

    std::uint64_t end() const { return position + length; }
    bool operator==(const IndexRecord&) const = default;
};

IndexEntry encode(const IndexHeader& header);
IndexEntry encode(const IndexRecord& record);

/// Empty for anything that is not a whole entry of this version, as a crash may leave one behind.
std::optional<IndexHeader> decode_header(std::string_view bytes);
std::optional<IndexRecord> decode_record(std::string_view bytes);

/// "api.log", or "api.log.2" for the file before the one before; "api.index", "api.index.2".
std::string log_file_name(const std::string& service, int generation);
std::string index_file_name(const std::string& service, int generation);

}  // namespace devstack::core
