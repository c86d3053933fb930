#include "project/log_index_table.hpp"

#include "project/read_file.hpp"

#include <utility>

namespace devstack::project {

namespace {

constexpr std::size_t block_records = 256;

}  // namespace

LogIndexTable::LogIndexTable(platform::FileDescriptor file) {
    const auto stat = file.is_open() ? find_file_state(file.get()) : std::nullopt;
    if (!stat || stat->size < core::index_entry_size) return;
    std::string bytes;
    read_at(file.get(), 0, core::index_entry_size, bytes);
    const auto header = core::decode_header(bytes);
    if (!header) return;
    base_ = header->base;
    has_losses_ = header->has_losses;
    count_ = static_cast<std::size_t>(stat->size / core::index_entry_size - 1);
    file_ = std::move(file);
}

bool LogIndexTable::load_block(std::size_t number) {
    block_begin_ = number / block_records * block_records;
    const std::size_t offset = (block_begin_ + 1) * core::index_entry_size;
    read_at(file_.get(), offset, block_records * core::index_entry_size, block_);
    return number < block_begin_ + block_.size() / core::index_entry_size;
}

std::optional<core::IndexRecord> LogIndexTable::find_record(std::size_t number) {
    if (number >= count_) return std::nullopt;
    const bool is_in_block =
        number >= block_begin_ && number < block_begin_ + block_.size() / core::index_entry_size;
    if (!is_in_block && !load_block(number)) return std::nullopt;
    const std::size_t at = (number - block_begin_) * core::index_entry_size;
    auto record = core::decode_record(std::string_view{block_}.substr(at));
    if (record && record->position < base_) return std::nullopt;
    return record;
}

std::optional<std::size_t> LogIndexTable::find_whole_from(std::size_t number) {
    for (; number < count_; ++number) {
        if (find_record(number)) return number;
    }
    return std::nullopt;
}

std::optional<std::size_t> LogIndexTable::find_whole_before(std::size_t number) {
    while (number > 0) {
        --number;
        if (find_record(number)) return number;
    }
    return std::nullopt;
}

template <typename IsBefore>
std::size_t LogIndexTable::partition(IsBefore is_before) {
    std::size_t low = 0;
    std::size_t high = count_;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const auto whole = find_whole_from(middle);
        if (whole && *whole < high && is_before(*find_record(*whole))) {
            low = *whole + 1;
        } else {
            high = middle;
        }
    }
    return find_whole_from(low).value_or(count_);
}

std::size_t LogIndexTable::find_position(std::uint64_t position) {
    return partition([&](const core::IndexRecord& it) { return it.end() <= position; });
}

std::size_t LogIndexTable::find_time(WallTime time) {
    return partition([&](const core::IndexRecord& it) { return it.time < time; });
}

}  // namespace devstack::project
