#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include "daemon/capture_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// Opening, following and renaming the files. Positions only ever grow: whatever happens to a file,
// the next byte gets the position after the last one that anybody can have seen.

namespace devstack::daemon {

namespace {

constexpr mode_t file_mode = 0600;
/// A child that floods does not make us look at the names of the files in every turn.
constexpr auto check_interval = std::chrono::milliseconds{5};

std::optional<struct stat> find_state(const std::string& path) {
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) return std::nullopt;
    return state;
}

bool is_there(const std::string& path) {
    return find_state(path).has_value();
}

std::uint64_t size_of(const struct stat& state) {
    return static_cast<std::uint64_t>(state.st_size);
}

WallTime modified(const struct stat& state) {
    return WallTime{std::chrono::seconds{state.st_mtim.tv_sec} +
                    std::chrono::nanoseconds{state.st_mtim.tv_nsec}};
}

platform::FileDescriptor open_file(const std::string& path, int flags) {
    return platform::FileDescriptor{::open(path.c_str(), flags | O_CLOEXEC, file_mode)};
}

std::optional<core::IndexHeader> read_header(int file) {
    core::IndexEntry entry{};
    const ssize_t got = ::pread(file, entry.data(), entry.size(), 0);
    if (got != static_cast<ssize_t>(entry.size())) return std::nullopt;
    return core::decode_header({entry.data(), entry.size()});
}

/// The last whole record, and where the next one goes: what is torn behind it is written over.
struct IndexEnd {
    std::optional<core::IndexRecord> last;
    std::uint64_t size = core::index_entry_size;
};

IndexEnd find_index_end(int file) {
    struct stat state {};
    if (::fstat(file, &state) != 0) return {};
    std::uint64_t offset = size_of(state) / core::index_entry_size * core::index_entry_size;
    for (; offset > core::index_entry_size; offset -= core::index_entry_size) {
        core::IndexEntry entry{};
        const std::uint64_t at = offset - core::index_entry_size;
        if (::pread(file, entry.data(), entry.size(), static_cast<off_t>(at)) < 0) break;
        if (const auto record = core::decode_record({entry.data(), entry.size()})) {
            return {record, offset};
        }
    }
    return {};
}

std::uint64_t count_lost(std::string_view records) {
    std::uint64_t lost = 0;
    for (; !records.empty(); records.remove_prefix(core::index_entry_size)) {
        const auto record = core::decode_record(records.substr(0, core::index_entry_size));
        if (record && record->is_lost) lost += record->length;
    }
    return lost;
}

/// In the records of an index file of this size.
std::uint64_t count_lost(int file, std::uint64_t size) {
    std::string records(size - core::index_entry_size, '\0');
    const ssize_t got =
        ::pread(file, records.data(), records.size(), static_cast<off_t>(core::index_entry_size));
    const auto whole = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    return count_lost(std::string_view{records}.substr(
        0, whole / core::index_entry_size * core::index_entry_size));
}

Error failure(const std::string& path) {
    const int error = errno;
    return {Error::Kind::system, "cannot write " + path + ": " + std::strerror(error)};
}

}  // namespace

void CaptureFile::close() {
    // The last output may have been lost, and nothing comes that would show it.
    if (log_.is_open()) record_losses();
    if (is_failing_ && !has_failed_) note_resumed();
    if (std::exchange(is_failing_, false)) {
        notices_.push_back("the output of " + service_ + " has ended; " + std::to_string(lost_) +
                           " bytes of it could not be written and were lost");
    }
    close_files();
}

void CaptureFile::close_files() {
    write_records();
    log_.reset();
    index_.reset();
}

Status CaptureFile::prepare() {
    const TimePoint now = platform::now();
    if (!log_.is_open()) {
        checked_ = now;
        return open_files();
    }
    const bool is_flood = last_taken_ >= core::limits::capture_small_read;
    if (is_flood && is_unchanged() && now - checked_ < check_interval) return ok();
    checked_ = now;
    return check_files();
}

/// The cheap half of `check_files`: nobody has removed, truncated or written to the log.
bool CaptureFile::is_unchanged() const {
    struct stat state {};
    return ::fstat(log_.get(), &state) == 0 && state.st_nlink > 0 && size_of(state) == size_;
}

Status CaptureFile::open_files() {
    if (is_there(path_of(core::log_file_name(service_, 1)))) repair_names();
    if (auto opened = open_log(); !opened) return opened;
    struct stat state {};
    if (::fstat(log_.get(), &state) != 0 || !S_ISREG(state.st_mode)) {
        log_.reset();
        errno = EINVAL;
        return failure(path_of(core::log_file_name(service_, 0)));
    }
    const std::uint64_t seen = position();
    log_inode_ = state.st_ino;
    size_ = size_of(state);
    rotate_again_at_ = 0;
    const std::uint64_t indexed = std::max(load_index(), end_of_waiting_records());
    const bool is_continued = index_.is_open() && indexed >= seen && position() >= indexed;
    if (is_continued) {
        if (position() > indexed) add_record(indexed, position() - indexed, modified(state));
        return ok();
    }
    // The log or the index is new, or was changed while nobody looked.
    const std::uint64_t known = std::max(seen, indexed);
    begin_positions(known > 0 ? known : end_of_previous() + size_, modified(state));
    return reset_index(base_);
}

/// All that is known of the file is where it ends.
void CaptureFile::begin_positions(std::uint64_t end, WallTime modified) {
    records_.clear();
    lost_in_file_ = 0;
    base_ = std::max(end, size_) - size_;
    add_record(base_, size_, modified);
}

Status CaptureFile::open_log() {
    const std::string path = path_of(core::log_file_name(service_, 0));
    log_ = open_file(path, O_RDWR | O_CREAT);
    if (!log_.is_open() && errno == ENOENT) {
        std::error_code ignored;
        // Not the project's directory: who has removed that wants nothing there any more.
        std::filesystem::create_directory(std::filesystem::path{log_dir_}.parent_path(), ignored);
        std::filesystem::create_directory(log_dir_, ignored);
        std::filesystem::permissions(log_dir_, std::filesystem::perms::owner_all, ignored);
        log_ = open_file(path, O_RDWR | O_CREAT);
    }
    if (!log_.is_open()) return failure(path);
    return ok();
}

/// Opens the index, and sets `base_` and what is needed to add to it. Returns the position up to
/// which it speaks of output; 0 when there is none.
std::uint64_t CaptureFile::load_index() {
    const std::uint64_t inode_before = index_inode_;
    index_ = open_file(path_of(core::index_file_name(service_, 0)), O_RDWR);
    const auto header = index_.is_open() ? read_header(index_.get()) : std::nullopt;
    struct stat state {};
    if (!header || ::fstat(index_.get(), &state) != 0) {
        index_.reset();
        lost_in_file_ = 0;
        return 0;
    }
    const IndexEnd end = find_index_end(index_.get());
    base_ = header->base;
    index_inode_ = state.st_ino;
    index_size_ = end.size;
    if (index_inode_ != inode_before) records_.clear();
    is_loss_marked_ = header->has_losses;
    lost_in_file_ = count_lost(records_);
    if (is_loss_marked_) lost_in_file_ += count_lost(index_.get(), end.size);
    if (end.last && records_.empty()) sequence_ = end.last->sequence + 1;
    return end.last ? end.last->end() : base_;
}

/// Records that could not be written when the index was closed go behind those in it.
std::uint64_t CaptureFile::end_of_waiting_records() const {
    if (records_.empty() || !index_.is_open()) return 0;
    const std::string_view records = records_;
    const auto last = core::decode_record(records.substr(records.size() - core::index_entry_size));
    return last ? last->end() : 0;
}

/// A new index for the log file as it is, with `records_`; complete or not at all.
Status CaptureFile::reset_index(std::uint64_t base) {
    const std::string path = path_of(core::index_file_name(service_, 0));
    const std::string new_path = path + ".new";
    index_ = open_file(new_path, O_RDWR | O_CREAT | O_TRUNC);
    const core::IndexEntry header = core::encode(core::IndexHeader{base});
    is_loss_marked_ = false;
    const auto size = static_cast<ssize_t>(header.size());
    struct stat state {};
    const bool is_made = index_.is_open() &&
                         ::pwrite(index_.get(), header.data(), header.size(), 0) == size &&
                         ::fstat(index_.get(), &state) == 0;
    index_size_ = header.size();
    if (is_made) write_records();
    if (!is_made || ::rename(new_path.c_str(), path.c_str()) != 0) {
        const Error error = failure(path);
        log_.reset();
        index_.reset();
        return error;
    }
    index_inode_ = state.st_ino;
    return ok();
}

/// Whether the files are still those that we know; if not, goes on with what is there.
Status CaptureFile::check_files() {
    const std::string path = path_of(core::log_file_name(service_, 0));
    const auto log = find_state(path);
    const auto index = find_state(path_of(core::index_file_name(service_, 0)));
    if (!log || log->st_ino != log_inode_) {
        note_new_file(log.has_value());
        close_files();
        return open_files();
    }
    const bool has_index = index && index->st_ino == index_inode_ && size_of(*index) >= index_size_;
    const std::uint64_t size = size_of(*log);
    if (size == size_ && has_index) return ok();
    if (size > size_ && has_index) {
        write_records();
        add_record(position(), size - size_, modified(*log));
        size_ = size;
        return ok();
    }
    if (size < size_) {
        note_change(path + " was truncated by somebody; capture goes on at its new end");
    } else {
        note_change(path_of(core::index_file_name(service_, 0)) +
                    " was removed or changed by somebody; it is begun anew, and what it said of "
                    "older lines is lost");
    }
    const std::uint64_t end = position() + (size > size_ ? size - size_ : 0);
    size_ = size;
    begin_positions(end, modified(*log));
    return reset_index(base_);
}

/// The name of the log has gone, or has another file.
void CaptureFile::note_new_file(bool is_replaced) {
    const std::string path = path_of(core::log_file_name(service_, 0));
    struct stat state {};
    const bool is_renamed = ::fstat(log_.get(), &state) == 0 && state.st_nlink > 0;
    if (is_replaced) {
        note_change(path + " was replaced by somebody; capture goes on at its end");
    } else if (is_renamed) {
        note_change(path + " was renamed by somebody; capture goes on in a new file");
    } else if (is_there(log_dir_)) {
        note_change(path + " was removed by somebody; capture goes on in a new file");
    } else {
        note_change(log_dir_ + " was removed by somebody; capture of " + service_ +
                    " goes on in a new one");
    }
}

/// Whoever does it all the time is not told of all the time.
void CaptureFile::note_change(const std::string& what) {
    const TimePoint now = platform::now();
    if (change_told_ != TimePoint::min() &&
        now - change_told_ < core::limits::log_change_told_again_after) {
        return;
    }
    change_told_ = now;
    notices_.push_back(what);
}

// ---- Rotation ----------------------------------------------------------------------------------

/// Completes a rotation that a crash has interrupted between a log and its index.
void CaptureFile::repair_names() const {
    for (int i = core::limits::log_files_max - 1; i >= 0; --i) {
        const std::string index = path_of(core::index_file_name(service_, i));
        const std::string next_index = path_of(core::index_file_name(service_, i + 1));
        const bool is_between = !is_there(path_of(core::log_file_name(service_, i))) &&
                                is_there(path_of(core::log_file_name(service_, i + 1))) &&
                                is_there(index) && !is_there(next_index);
        if (is_between) ::rename(index.c_str(), next_index.c_str());
    }
}

/// Where the youngest rotated file ends; 0 without one.
std::uint64_t CaptureFile::end_of_previous() const {
    for (int i = 1; i <= core::limits::log_files_max; ++i) {
        const auto log = find_state(path_of(core::log_file_name(service_, i)));
        const auto index = open_file(path_of(core::index_file_name(service_, i)), O_RDONLY);
        const auto header = index.is_open() ? read_header(index.get()) : std::nullopt;
        if (!log || !header) continue;
        const auto last = find_index_end(index.get()).last;
        return std::max(header->base + size_of(*log), last ? last->end() : 0);
    }
    return 0;
}

/// From the oldest to the youngest, so that at each moment every byte has a name.
void CaptureFile::rotate() {
    finish_piece();
    write_records();
    // Removed, not renamed over: ext4 writes a file out at once when it replaces another.
    const int oldest = core::limits::log_files_max;
    ::unlink(path_of(core::log_file_name(service_, oldest)).c_str());
    ::unlink(path_of(core::index_file_name(service_, oldest)).c_str());
    for (int i = oldest - 1; i >= 0; --i) {
        const std::string log = path_of(core::log_file_name(service_, i));
        const std::string next_log = path_of(core::log_file_name(service_, i + 1));
        const bool is_moved = ::rename(log.c_str(), next_log.c_str()) == 0;
        if (!is_moved && i == 0) {
            notices_.push_back("cannot rotate " + log + ": " + std::strerror(errno));
            rotate_again_at_ = size_ + core::limits::log_file_size_max;
            return;
        }
        const std::string index = path_of(core::index_file_name(service_, i));
        const std::string next_index = path_of(core::index_file_name(service_, i + 1));
        ::rename(index.c_str(), next_index.c_str());
    }
    has_rotated_ = true;
    base_ = position();
    size_ = 0;
    lost_in_file_ = 0;
    records_.clear();
    log_.reset();
    index_.reset();
    if (const Status opened = open_files(); !opened) note_failure(opened.error().message);
}

}  // namespace devstack::daemon
