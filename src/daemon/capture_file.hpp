#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/logs/log_index.hpp"
#include "devstack/core/logs/rotation.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include "daemon/pipe_peek.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devstack::daemon {

/// Where output comes from. The descriptor is not owned.
struct CaptureSource {
    int pipe = -1;
    core::LogStream stream = core::LogStream::standard_output;
    std::uint32_t run = 0;
    bool is_terminal = false;
    bool needs_copy = false;  ///< splice(2) does not work between this pipe and the log file.
    std::size_t half_size = core::limits::capture_small_read;  ///< Of the pipe.
    bool has_grown = false;                                    ///< The pipe has been found full.
};

/// What came of one turn at a source.
struct CaptureTurn {
    std::size_t taken = 0;   ///< Bytes that have left the pipe, dropped ones too.
    bool has_grown = false;  ///< Some of them are in the log.
    bool is_empty = false;   ///< The pipe holds nothing more at the moment.
    bool is_closed = false;  ///< End of file.
};

/// The log file of one service and its index, as they are written.
///
/// Nobody but us is expected to write them, but anybody may truncate, replace or remove them:
/// before each turn the files are looked at, and capture goes on with what is there.
class CaptureFile {
public:
    CaptureFile(std::string log_dir, std::string service, PipePeek& peek);

    /// Takes up to `max` bytes. Never waits; what can not be written is dropped and counted.
    CaptureTurn take(CaptureSource& source, std::size_t max);
    /// Sentences for people that have come up since the last call.
    std::vector<std::string> take_notices();
    /// True when a rotation has been since the last call.
    bool take_rotated() { return std::exchange(has_rotated_, false); }
    /// No more comes for now: closes the files until there is something to write again.
    void close();

private:
    enum class Step { moved, empty, closed, failed };

    // Files: capture_file_open.cpp.
    Status prepare();
    Status open_files();
    Status open_log();
    std::uint64_t load_index();
    std::uint64_t end_of_waiting_records() const;
    void begin_positions(std::uint64_t end, WallTime modified);
    Status check_files();
    void close_files();
    void note_change(const std::string& what);
    void note_new_file(bool is_replaced);
    bool is_unchanged() const;
    Status reset_index(std::uint64_t base);
    void repair_names() const;
    std::uint64_t end_of_previous() const;
    void rotate();
    std::string path_of(const std::string& name) const { return log_dir_ + "/" + name; }

    // Bytes: capture_file.cpp.
    Step take_step(CaptureSource& source, std::size_t max);
    Step splice_bytes(CaptureSource& source, std::size_t count);
    Step take_at_limit(CaptureSource& source, std::size_t max);
    Step copy_bytes(CaptureSource& source, std::size_t max);
    bool write_bytes(std::string_view bytes);
    void drop_rest(const CaptureSource& source, CaptureTurn& turn, std::size_t max);
    void note_moved(std::size_t count);
    void note_failure(const std::string& why);
    void note_resumed();
    void note_lost(std::string_view bytes);
    std::string take_loss_records();
    void record_losses();
    void sketch_losses();
    bool mark_losses();
    void finish_piece();
    void add_record(std::uint64_t position, std::uint64_t length, WallTime time);
    void write_records();
    std::uint64_t room() const;
    bool ends_with_line() const;
    std::uint64_t position() const { return base_ + size_ + lost_in_file_; }

    std::string log_dir_;
    std::string service_;
    PipePeek& peek_;
    core::RotationRule rule_;
    platform::FileDescriptor log_;
    platform::FileDescriptor index_;
    std::uint64_t log_inode_ = 0;
    std::uint64_t index_inode_ = 0;
    std::uint64_t base_ = 0;             ///< Position of the first byte of the file.
    std::uint64_t size_ = 0;             ///< Of the log file.
    std::uint64_t lost_in_file_ = 0;     ///< Positions of the file that are not in it.
    std::uint64_t index_size_ = 0;       ///< Without `records_`.
    std::uint64_t rotate_again_at_ = 0;  ///< A rotation has failed: not before this size.
    std::uint32_t sequence_ = 0;
    core::IndexRecord piece_;     ///< Taken in this turn and not yet in `records_`.
    std::string records_;         ///< Not written yet.
    std::size_t taken_ = 0;       ///< In this turn.
    std::size_t last_taken_ = 0;  ///< In the one before.
    std::uint64_t lost_ = 0;      ///< Since capture has failed.
    bool is_failing_ = false;     ///< That has been told, and not yet that it is over.
    bool has_failed_ = false;     ///< The last bytes that came.
    TimePoint failed_{};
    bool is_loss_marked_ = false;                ///< In the header of the index.
    std::array<std::uint64_t, 2> unrecorded_{};  ///< Lost, by stream, and not in `records_`.
    std::array<bool, 2> follows_loss_{};         ///< By stream: the next piece does.
    TimePoint checked_{};                        ///< When the names of the files were looked at.
    bool has_rotated_ = false;
    TimePoint change_told_ = TimePoint::min();
    std::vector<std::string> notices_;
};

}  // namespace devstack::daemon
