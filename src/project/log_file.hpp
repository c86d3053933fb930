#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include "project/log_index_table.hpp"
#include "project/read_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

/// One log file, and its index if it has one. It holds the positions `base` up to `end`, without
/// those of output that could not be written.
struct LogFile {
    platform::FileDescriptor log;
    LogIndexTable index;
    FileState state;
    std::uint64_t base = 0;
    std::uint64_t end = 0;
    std::vector<core::IndexRecord> losses;  ///< By position.
    bool is_compressed = false;             ///< `log` is, and `state` tells of what it was.

    /// What is to be read: the log as it was. Decompressed when it is asked for first.
    int plain();

    /// The first that ends after `position`.
    const core::IndexRecord* find_loss(std::uint64_t position) const;
    std::uint64_t lost_before(std::uint64_t position) const;
};

/// The log of one service: its files from the oldest to the one that is written.
struct LogFiles {
    std::vector<LogFile> files;
    /// Bytes at the end are without an index record, and young enough to get one yet; after this
    /// time they are taken for what a crash has left.
    std::optional<Duration> unindexed_in;
    /// How far the index speaks of output: beyond `end()` when somebody has truncated the file.
    std::uint64_t indexed_end = 0;

    std::uint64_t begin() const { return files.empty() ? 0 : files.front().base; }
    std::uint64_t end() const { return files.empty() ? 0 : files.back().end; }
};

/// Opens all files, or, when the youngest alone holds `from` and what follows, that one. `now`
/// decides about bytes without an index record.
Result<LogFiles> open_log_files(const std::string& log_dir,
                                const std::string& service,
                                std::uint64_t from,
                                WallTime now);

}  // namespace devstack::project
