#pragma once

#include "devstack/core/logs/log_index.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace devstack::project {

/// The index of one log file on disk, read in blocks where it is looked at. What a crash has torn
/// is passed over.
class LogIndexTable {
public:
    LogIndexTable() = default;
    /// A file that is no index makes a table that is not there.
    explicit LogIndexTable(platform::FileDescriptor file);

    bool is_there() const { return file_.is_open(); }
    std::uint64_t base() const { return base_; }
    bool has_losses() const { return has_losses_; }
    /// Records, torn ones too, when the table was opened.
    std::size_t count() const { return count_; }

    /// Empty for a torn record.
    std::optional<core::IndexRecord> find_record(std::size_t number);
    /// The first whole record from `number` on, or the last before `number`.
    std::optional<std::size_t> find_whole_from(std::size_t number);
    std::optional<std::size_t> find_whole_before(std::size_t number);

    /// The first record that ends after `position`; `count()` if none does.
    std::size_t find_position(std::uint64_t position);
    /// The first record at or after `time`; the records are taken to be sorted by time.
    std::size_t find_time(WallTime time);

private:
    template <typename IsBefore>
    std::size_t partition(IsBefore is_before);
    bool load_block(std::size_t number);

    platform::FileDescriptor file_;
    std::uint64_t base_ = 0;
    bool has_losses_ = false;
    std::size_t count_ = 0;
    std::string block_;
    std::size_t block_begin_ = 0;
};

}  // namespace devstack::project
