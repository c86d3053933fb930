#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace devstack::daemon {

/// Appends events to `events.jsonl` (one JSON object a line, rotated by size) and numbers them.
/// Numbers go on over restarts: the journal on disk says where it stopped. A torn last line, left
/// by a crash, is cut off.
class EventJournal {
public:
    static Result<EventJournal> open(const std::string& state_dir);

    /// Gives the event its `sequence` and queues it for the next `write`.
    void append(core::api::EventMessage& event);
    /// Events that an earlier daemon has numbered, as far as they have not got into the journal.
    void restore(const std::vector<core::api::EventMessage>& events);
    /// Writes what was appended since the last call, in one system call. On failure (disk full) the
    /// events stay queued, within a bound, and the error says why.
    Status write();

    /// The next `write` goes to a file of that name, whatever has become of this one.
    void let_go() { file_.reset(); }

    bool has_unwritten() const { return !unwritten_.empty(); }
    /// Events that found no room in the queue, since the last call.
    std::uint64_t take_lost() { return std::exchange(lost_, 0); }

    std::uint64_t last_sequence() const { return last_sequence_; }

private:
    EventJournal(std::string path, platform::FileDescriptor file);
    Status rotate();

    std::string path_;
    platform::FileDescriptor file_;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t size_ = 0;
    std::string unwritten_;
    std::uint64_t lost_ = 0;
};

}  // namespace devstack::daemon
