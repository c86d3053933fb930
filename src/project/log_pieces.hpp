#pragma once

#include "devstack/core/logs/line_assembler.hpp"

#include "project/log_file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::project {

/// Walks over the captured bytes of one service, piece by piece, in files and index.
class LogPieces {
public:
    explicit LogPieces(std::vector<LogFile> files);

    std::uint64_t begin() const;
    std::uint64_t end() const;

    void seek(std::uint64_t position);
    std::uint64_t position() const { return position_; }
    /// The next piece, or a part of one, that begins before `limit` and does not reach beyond. It
    /// begins later than `position()` where a file is missing, and has no bytes where they were
    /// lost. Its bytes are valid until the next call. Nothing: none is left.
    std::optional<core::LogPiece> next(std::uint64_t limit);

    /// The first position of which the index says that it was captured at or after `time`; `end()`
    /// when there is none.
    std::uint64_t find_time(WallTime time);
    /// True when the last byte of `stream` before `position` ended a line, or there is none.
    bool is_line_begin(core::LogStream stream, std::uint64_t position);

private:
    struct Described {
        core::LogPiece piece;  ///< Without bytes.
        std::uint64_t end = 0;
    };
    core::LogPiece take_loss(const core::IndexRecord& loss, std::uint64_t limit);
    Described describe(LogFile& file);
    bool load_bytes(LogFile& file);
    std::optional<std::uint64_t> find_last_byte(core::LogStream stream, std::uint64_t position);
    std::optional<std::uint64_t> find_last_byte(LogFile& file,
                                                core::LogStream stream,
                                                std::uint64_t position);

    std::vector<LogFile> files_;
    std::uint64_t position_ = 0;
    std::size_t file_ = 0;
    std::size_t record_ = 0;  ///< In the current file, at or after the current position.
    bool is_record_known_ = false;
    std::string buffer_;  ///< Bytes of the current file from `buffer_begin_` on.
    std::uint64_t buffer_begin_ = 0;
};

}  // namespace devstack::project
