#include "devstack/daemon/event_journal.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/project/event_reader.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::daemon {

namespace {

constexpr mode_t file_mode = 0600;

Error failure(const std::string& doing, const std::string& path) {
    const int error = errno;
    return {Error::Kind::system, "cannot " + doing + " " + path + ": " + std::strerror(error)};
}

platform::FileDescriptor open_to_append(const std::string& path) {
    return platform::FileDescriptor{
        ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, file_mode)};
}

struct stat state_of(int file) {
    struct stat state {};
    if (::fstat(file, &state) != 0) state.st_nlink = 0;
    return state;
}

/// The size without a last line that has no end.
std::uint64_t find_whole_size(int file, std::uint64_t size) {
    char block[4096];
    while (size > 0) {
        const std::uint64_t begin = size > sizeof block ? size - sizeof block : 0;
        const auto count = static_cast<std::size_t>(size - begin);
        const ssize_t got = ::pread(file, block, count, static_cast<off_t>(begin));
        if (got < 0) return size;
        const std::string_view bytes{block, static_cast<std::size_t>(got)};
        const std::size_t line_end = bytes.rfind('\n');
        if (line_end != std::string_view::npos) return begin + line_end + 1;
        size = begin;
    }
    return 0;
}

}  // namespace

EventJournal::EventJournal(std::string path, platform::FileDescriptor file)
    : path_{std::move(path)}, file_{std::move(file)} {
    const auto size = static_cast<std::uint64_t>(state_of(file_.get()).st_size);
    size_ = find_whole_size(file_.get(), size);
    const bool is_cut = size_ < size && ::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0;
    // A torn line that can not be cut is at least ended, so that it spoils no other.
    if (size_ < size && !is_cut) unwritten_ = "\n";
}

Result<EventJournal> EventJournal::open(const std::string& state_dir) {
    project::EventQuery last;
    last.tail = 1;
    const auto answer = project::read_events(state_dir, last);
    if (!answer) return answer.error();
    const std::string path = state_dir + "/events.jsonl";
    auto file = open_to_append(path);
    if (!file.is_open()) return failure("open", path);
    EventJournal journal{path, std::move(file)};
    journal.last_sequence_ = answer->cursor;
    return journal;
}

void EventJournal::append(core::api::EventMessage& event) {
    event.sequence = ++last_sequence_;
    if (unwritten_.size() > core::limits::event_journal_unwritten_max) {
        ++lost_;
        return;
    }
    unwritten_ += core::api::to_text(event);
    unwritten_ += '\n';
}

void EventJournal::restore(const std::vector<core::api::EventMessage>& events) {
    for (const core::api::EventMessage& event : events) {
        if (event.sequence <= last_sequence_) continue;
        last_sequence_ = event.sequence;
        unwritten_ += core::api::to_text(event) + '\n';
    }
}

Status EventJournal::write() {
    if (unwritten_.empty()) return ok();
    if (state_of(file_.get()).st_nlink == 0) {
        // Somebody has removed the file: a new one, rather than words for nobody.
        auto file = open_to_append(path_);
        if (!file.is_open()) return failure("write", path_);
        file_ = std::move(file);
        size_ = 0;
    }
    while (!unwritten_.empty()) {
        const ssize_t written = ::write(file_.get(), unwritten_.data(), unwritten_.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failure("write", path_);
        size_ += static_cast<std::uint64_t>(written);
        unwritten_.erase(0, static_cast<std::size_t>(written));
    }
    if (size_ < core::limits::event_journal_size_max) return ok();
    return rotate();
}

Status EventJournal::rotate() {
    for (int i = core::limits::event_journal_files_max - 1; i >= 0; --i) {
        const std::string from = i == 0 ? path_ : path_ + "." + std::to_string(i);
        const std::string to = path_ + "." + std::to_string(i + 1);
        const bool is_moved = std::rename(from.c_str(), to.c_str()) == 0;
        if (!is_moved && i == 0) return failure("rotate", path_);
    }
    auto file = open_to_append(path_);
    if (!file.is_open()) return failure("open", path_);
    file_ = std::move(file);
    size_ = 0;
    return ok();
}

}  // namespace devstack::daemon
