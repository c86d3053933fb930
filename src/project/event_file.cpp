#include "project/event_file.hpp"

#include <algorithm>
#include <utility>

namespace devstack::project {

namespace {

constexpr std::uint64_t block_size = 64 * 1024;

}  // namespace

EventFile::EventFile(platform::FileDescriptor file, FileState state)
    : file_{std::move(file)}, state_{state} {}

/// The line that begins at `offset`, which must be where one begins.
std::optional<EventFile::Line> EventFile::find_line_from(std::uint64_t offset) {
    for (std::uint64_t wanted = block_size;; wanted *= 2) {
        if (offset >= block_begin_ && offset < block_begin_ + block_.size()) {
            const auto in_block = static_cast<std::size_t>(offset - block_begin_);
            const std::size_t line_end = block_.find('\n', in_block);
            if (line_end != std::string::npos) {
                const std::string_view text =
                    std::string_view{block_}.substr(in_block, line_end - in_block);
                return Line{text, offset, block_begin_ + line_end + 1};
            }
            if (block_begin_ + block_.size() >= state_.size) return std::nullopt;
        }
        if (offset >= state_.size) return std::nullopt;
        const std::uint64_t count = std::min(wanted, state_.size - offset);
        read_at(file_.get(), offset, static_cast<std::size_t>(count), block_);
        block_begin_ = offset;
        if (block_.size() < count) state_.size = offset + block_.size();
    }
}

/// The line that ends at or, when `offset` is in the middle of one, before `offset`.
std::optional<EventFile::Line> EventFile::find_line_before(std::uint64_t offset) {
    for (std::uint64_t wanted = block_size; offset > 0; wanted *= 2) {
        const bool is_loaded = offset > block_begin_ && offset <= block_begin_ + block_.size();
        const auto in_block = static_cast<std::size_t>(offset - block_begin_);
        const std::size_t line_end =
            is_loaded ? block_.rfind('\n', in_block - 1) : std::string::npos;
        if (line_end != std::string::npos) {
            const std::size_t before =
                line_end == 0 ? std::string::npos : block_.rfind('\n', line_end - 1);
            if (before != std::string::npos || block_begin_ == 0) {
                const std::size_t begin = before == std::string::npos ? 0 : before + 1;
                const std::string_view text =
                    std::string_view{block_}.substr(begin, line_end - begin);
                return Line{text, block_begin_ + begin, block_begin_ + line_end + 1};
            }
        }
        if (is_loaded && block_begin_ == 0) return std::nullopt;
        const std::uint64_t count = std::min(wanted, offset);
        read_at(file_.get(), offset - count, static_cast<std::size_t>(count), block_);
        block_begin_ = offset - count;
        if (block_.size() < count) return std::nullopt;
    }
    return std::nullopt;
}

std::optional<EventFile::Entry> EventFile::find_event_from(std::uint64_t offset) {
    if (offset > 0) {
        const auto before = find_line_from(offset - 1);
        if (!before) return std::nullopt;
        offset = before->end;
    }
    while (const auto line = find_line_from(offset)) {
        auto event = core::api::parse_event(line->text);
        if (event) return Entry{std::move(*event), line->begin, line->end};
        offset = line->end;
    }
    return std::nullopt;
}

std::optional<EventFile::Entry> EventFile::find_event_before(std::uint64_t offset) {
    while (const auto line = find_line_before(offset)) {
        auto event = core::api::parse_event(line->text);
        if (event) return Entry{std::move(*event), line->begin, line->end};
        offset = line->begin;
    }
    return std::nullopt;
}

std::uint64_t EventFile::find_offset_after(std::uint64_t sequence) {
    std::uint64_t low = 0;
    std::uint64_t high = state_.size;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        const auto entry = find_event_from(middle);
        if (entry && entry->event.sequence <= sequence) {
            low = entry->end;
        } else {
            high = middle;
        }
    }
    const auto first = find_event_from(low);
    return first ? first->begin : state_.size;
}

}  // namespace devstack::project
