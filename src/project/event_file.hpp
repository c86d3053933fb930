#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include "project/read_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace devstack::project {

/// One file of the event journal, read line by line in either direction. What is after the last
/// line end is not there yet, and lines that are no events are passed over.
class EventFile {
public:
    /// An event, and the offsets of its line.
    struct Entry {
        core::api::EventMessage event;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };

    EventFile(platform::FileDescriptor file, FileState state);

    const FileState& state() const { return state_; }
    std::uint64_t size() const { return state_.size; }
    /// The first event of which the line begins at or after `offset`.
    std::optional<Entry> find_event_from(std::uint64_t offset);
    /// The last event of which the line ends at or before `offset`.
    std::optional<Entry> find_event_before(std::uint64_t offset);
    /// Where the first event with a higher number begins, or where the file ends.
    std::uint64_t find_offset_after(std::uint64_t sequence);

private:
    struct Line {
        std::string_view text;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };
    std::optional<Line> find_line_from(std::uint64_t offset);
    std::optional<Line> find_line_before(std::uint64_t offset);

    platform::FileDescriptor file_;
    FileState state_;
    std::string block_;
    std::uint64_t block_begin_ = 0;
};

}  // namespace devstack::project
