#include "daemon/capture_file.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

// How bytes get from a pipe to the file. The record of a piece is written after its bytes: what a
// crash leaves without a record is found by its size when the file is opened again. Bytes are moved
// by splice(2), so that they are either in the pipe, which the keeper holds, or in the file, and
// never only in the memory of a process that may be killed.

namespace devstack::daemon {

namespace limits = core::limits;

namespace {

constexpr std::size_t copy_size = 64 * 1024;
/// A splice keeps the child from writing while it lasts; more at a time is slower.
constexpr std::size_t splice_size = 64 * 1024;
/// While the index can not be written its records wait here; beyond, pieces go without.
constexpr std::size_t waiting_records_max = 10'000 * core::index_entry_size;

bool is_retry(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

/// Whether there is something in the pipe, for a file that is not to be created before.
std::optional<CaptureTurn> look_before_opening(const CaptureSource& source) {
    pollfd poll{source.pipe, POLLIN, 0};
    if (::poll(&poll, 1, 0) < 0 || (poll.revents & POLLIN) != 0) return std::nullopt;
    CaptureTurn turn;
    turn.is_closed = poll.revents != 0;
    turn.is_empty = !turn.is_closed;
    return turn;
}

}  // namespace

CaptureFile::CaptureFile(std::string log_dir, std::string service, PipePeek& peek)
    : log_dir_{std::move(log_dir)}, service_{std::move(service)}, peek_{peek} {}

std::vector<std::string> CaptureFile::take_notices() {
    return std::exchange(notices_, {});
}

CaptureTurn CaptureFile::take(CaptureSource& source, std::size_t max) {
    if (!log_.is_open()) {
        if (const auto nothing = look_before_opening(source)) return *nothing;
    }
    CaptureTurn turn;
    last_taken_ = std::exchange(taken_, 0);
    piece_.stream = source.stream;
    piece_.run = source.run;
    const Status prepared = prepare();
    if (!prepared) {
        note_failure(prepared.error().message);
        drop_rest(source, turn, max);
        return turn;
    }
    const std::uint64_t position_before = position();
    Step step = Step::moved;
    while (step == Step::moved && taken_ < max) {
        step = take_step(source, max - taken_);
    }
    finish_piece();
    write_records();
    turn.taken = taken_;
    turn.has_grown = position() > position_before;
    turn.is_empty = step == Step::empty;
    turn.is_closed = step == Step::closed;
    if (step == Step::failed) {
        drop_rest(source, turn, max);
        sketch_losses();
    }
    const bool is_settled = platform::now() - failed_ >= limits::capture_resumed_after;
    if (is_failing_ && turn.has_grown && !has_failed_ && is_settled) note_resumed();
    return turn;
}

CaptureFile::Step CaptureFile::take_step(CaptureSource& source, std::size_t max) {
    if (source.needs_copy) return copy_bytes(source, max);
    const std::uint64_t space = std::min<std::uint64_t>(room(), splice_size);
    if (space == 0) return take_at_limit(source, max);
    return splice_bytes(source, static_cast<std::size_t>(std::min<std::uint64_t>(space, max)));
}

CaptureFile::Step CaptureFile::splice_bytes(CaptureSource& source, std::size_t count) {
    auto offset = static_cast<loff_t>(size_);
    const ssize_t moved = ::splice(
        source.pipe, nullptr, log_.get(), &offset, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved > 0) {
        note_moved(static_cast<std::size_t>(moved));
        // Less than asked for was all there was. Whoever writes line by line is not chased.
        return static_cast<std::size_t>(moved) < count ? Step::empty : Step::moved;
    }
    if (moved == 0) return Step::closed;
    if (errno == EINTR) return Step::moved;
    if (is_retry(errno)) return Step::empty;
    // Not for this pipe or this file system; or the disk is full, which the copy finds out.
    source.needs_copy = errno == EINVAL || errno == ENOSYS;
    return copy_bytes(source, count);
}

/// The file is full: it ends with the last line that is in the pipe now, if there is one.
CaptureFile::Step CaptureFile::take_at_limit(CaptureSource& source, std::size_t max) {
    auto next = peek_.look(source.pipe);
    if (!next) return is_retry(errno) ? Step::empty : copy_bytes(source, max);
    if (next->empty()) return Step::closed;
    *next = next->substr(0, max);
    const auto cut = ends_with_line() ? 0 : rule_.find_cut(size_, index_size_, *next);
    std::size_t left = cut.value_or(next->size());
    while (left > 0) {
        const std::size_t before = taken_;
        const Step step = splice_bytes(source, left);
        left -= taken_ - before;
        if (taken_ == before && step != Step::moved) return step;
    }
    if (cut) rotate();
    return log_.is_open() ? Step::moved : Step::failed;
}

CaptureFile::Step CaptureFile::copy_bytes(CaptureSource& source, std::size_t max) {
    char buffer[copy_size];
    const std::uint64_t space = room();
    std::size_t count = std::min(max, sizeof buffer);
    if (space > 0) count = static_cast<std::size_t>(std::min<std::uint64_t>(count, space));
    const ssize_t got = ::read(source.pipe, buffer, count);
    if (got < 0 && errno == EINTR) return Step::moved;
    if (got < 0 && is_retry(errno)) return Step::empty;
    if (got <= 0) return Step::closed;  // A terminal says EIO when the other side has gone.
    std::string_view bytes{buffer, static_cast<std::size_t>(got)};
    if (space == 0) {
        const auto cut = ends_with_line() ? 0 : rule_.find_cut(size_, index_size_, bytes);
        if (cut && !write_bytes(bytes.substr(0, *cut))) {
            note_lost(bytes.substr(*cut));
            return Step::failed;
        }
        if (cut) rotate();
        bytes.remove_prefix(cut.value_or(0));
    }
    return write_bytes(bytes) ? Step::moved : Step::failed;
}

/// False, with the failure noted and the rest counted as lost, when not all could be written.
bool CaptureFile::write_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written =
            ::pwrite(log_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            const int error = written < 0 ? errno : EIO;
            note_failure("cannot write " + path_of(core::log_file_name(service_, 0)) + ": " +
                         std::strerror(error));
            note_lost(bytes);
            return false;
        }
        note_moved(static_cast<std::size_t>(written));
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Capture has failed: a child must not be blocked by a full pipe because of it.
void CaptureFile::drop_rest(const CaptureSource& source, CaptureTurn& turn, std::size_t max) {
    char buffer[copy_size];
    while (taken_ < max) {
        const ssize_t got = ::read(source.pipe, buffer, std::min(max - taken_, sizeof buffer));
        if (got < 0 && errno == EINTR) continue;
        turn.is_empty = got < 0 && is_retry(errno);
        turn.is_closed = got <= 0 && !turn.is_empty;
        if (got <= 0) break;
        note_lost({buffer, static_cast<std::size_t>(got)});
    }
    turn.taken = taken_;
}

void CaptureFile::note_moved(std::size_t count) {
    has_failed_ = false;
    if (piece_.length == 0) {
        record_losses();
        piece_.position = position();
        piece_.follows_loss =
            std::exchange(follows_loss_[static_cast<std::size_t>(piece_.stream)], false);
    }
    piece_.length += static_cast<std::uint32_t>(count);
    size_ += count;
    taken_ += count;
}

void CaptureFile::note_resumed() {
    notices_.push_back("capture of " + service_ + " resumed; " + std::to_string(lost_) +
                       " bytes were lost");
    is_failing_ = false;
}

void CaptureFile::note_lost(std::string_view bytes) {
    const auto stream = static_cast<std::size_t>(piece_.stream);
    lost_ += bytes.size();
    taken_ += bytes.size();
    unrecorded_[stream] += bytes.size();
    follows_loss_[stream] = bytes.back() != '\n';
}

void CaptureFile::note_failure(const std::string& why) {
    has_failed_ = true;
    failed_ = platform::now();
    if (std::exchange(is_failing_, true)) return;
    lost_ = 0;
    notices_.push_back("capture of " + service_ + " stopped: " + why +
                       "; output is dropped until it can be written");
}

// ---- Index -------------------------------------------------------------------------------------

void CaptureFile::finish_piece() {
    if (piece_.length == 0) return;
    piece_.time = platform::wall_now();
    piece_.sequence = sequence_++;
    const core::IndexEntry entry = core::encode(piece_);
    if (records_.size() < waiting_records_max) records_.append(entry.data(), entry.size());
    piece_.length = 0;
}

void CaptureFile::add_record(std::uint64_t position, std::uint64_t length, WallTime time) {
    constexpr std::uint64_t length_max = 1U << 30;
    for (; length > 0; length -= std::min(length, length_max)) {
        core::IndexRecord record;
        record.position = position;
        record.length = static_cast<std::uint32_t>(std::min(length, length_max));
        record.time = time;
        record.sequence = sequence_++;
        const core::IndexEntry entry = core::encode(record);
        records_.append(entry.data(), entry.size());
        position += record.length;
    }
}

/// Records of what was lost and has none yet. It has positions, so that a reader who comes by is
/// told of it once.
std::string CaptureFile::take_loss_records() {
    constexpr std::uint64_t length_max = 1U << 30;
    std::string records;
    for (const auto stream : {core::LogStream::standard_output, core::LogStream::standard_error}) {
        std::uint64_t& left = unrecorded_[static_cast<std::size_t>(stream)];
        while (left > 0) {
            core::IndexRecord loss;
            loss.position = position();
            loss.length = static_cast<std::uint32_t>(std::min(left, length_max));
            loss.time = platform::wall_now();
            loss.run = piece_.run;
            loss.sequence = sequence_++;
            loss.stream = stream;
            loss.is_lost = true;
            const core::IndexEntry entry = core::encode(loss);
            records.append(entry.data(), entry.size());
            lost_in_file_ += loss.length;
            left -= loss.length;
        }
    }
    return records;
}

/// Kept however many records wait: without it, what follows could not be found in the file.
void CaptureFile::record_losses() {
    records_ += take_loss_records();
}

/// While more is being lost, its record is written again and again in the same place, for readers,
/// and for the next daemon if this one dies. Often there is room for it in the last block.
void CaptureFile::sketch_losses() {
    write_records();
    if (!log_.is_open() || !index_.is_open() || !records_.empty()) return;
    const auto unrecorded = unrecorded_;
    const std::uint64_t lost_before = lost_in_file_;
    const std::uint32_t sequence = sequence_;
    const std::string records = take_loss_records();
    if (mark_losses()) {
        (void)!::pwrite(
            index_.get(), records.data(), records.size(), static_cast<off_t>(index_size_));
    }
    unrecorded_ = unrecorded;
    lost_in_file_ = lost_before;
    sequence_ = sequence;
}

/// Before the first record of a loss: the header says that there may be some.
bool CaptureFile::mark_losses() {
    if (lost_in_file_ == 0 || is_loss_marked_) return true;
    const core::IndexEntry header = core::encode(core::IndexHeader{base_, true});
    const ssize_t written = ::pwrite(index_.get(), header.data(), header.size(), 0);
    is_loss_marked_ = written == static_cast<ssize_t>(header.size());
    return is_loss_marked_;
}

/// A failure is not told: the log itself will soon meet it too, and the records are kept.
void CaptureFile::write_records() {
    if (index_.is_open() && !mark_losses()) return;
    while (!records_.empty() && index_.is_open()) {
        const ssize_t written = ::pwrite(
            index_.get(), records_.data(), records_.size(), static_cast<off_t>(index_size_));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        // Whole records only: a torn one is written again, over itself.
        const std::size_t whole =
            static_cast<std::size_t>(written) / core::index_entry_size * core::index_entry_size;
        index_size_ += whole;
        records_.erase(0, whole);
        if (whole == 0) return;
    }
}

std::uint64_t CaptureFile::room() const {
    if (size_ < rotate_again_at_) return rotate_again_at_ - size_;
    return rule_.room(size_, index_size_);
}

bool CaptureFile::ends_with_line() const {
    char last = 0;
    if (size_ == 0) return false;
    return ::pread(log_.get(), &last, 1, static_cast<off_t>(size_ - 1)) == 1 && last == '\n';
}

}  // namespace devstack::daemon
