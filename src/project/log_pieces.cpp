#include "project/log_pieces.hpp"

#include <algorithm>
#include <utility>

namespace devstack::project {

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
/// How far back the last byte of a stream is looked for; a stream that was silent for longer ended
/// its line, as far as anybody cares.
constexpr std::size_t look_back_records = 64 * 1024;

}  // namespace

LogPieces::LogPieces(std::vector<LogFile> files) : files_{std::move(files)} {
    seek(begin());
}

std::uint64_t LogPieces::begin() const {
    return files_.empty() ? 0 : files_.front().base;
}

std::uint64_t LogPieces::end() const {
    return files_.empty() ? 0 : files_.back().end;
}

void LogPieces::seek(std::uint64_t position) {
    position_ = position;
    file_ = 0;
    is_record_known_ = false;
    buffer_.clear();
}

std::optional<core::LogPiece> LogPieces::next(std::uint64_t limit) {
    while (file_ < files_.size() && position_ >= files_[file_].end) {
        ++file_;
        is_record_known_ = false;
        buffer_.clear();
    }
    if (file_ == files_.size()) return std::nullopt;
    LogFile& file = files_[file_];
    const std::uint64_t begin = std::max(position_, file.base);
    if (begin >= limit) return std::nullopt;
    position_ = begin;
    const core::IndexRecord* const loss = file.find_loss(begin);
    if (loss != nullptr && loss->position <= begin) return take_loss(*loss, limit);
    if (!load_bytes(file)) {
        file.end = begin;  // It has been truncated since we opened it.
        return next(limit);
    }
    auto [piece, end] = describe(file);
    const std::string_view loaded = std::string_view{buffer_}.substr(begin - buffer_begin_);
    piece.bytes = loaded.substr(0, static_cast<std::size_t>(std::min(end, limit) - begin));
    position_ += piece.bytes.size();
    return piece;
}

core::LogPiece LogPieces::take_loss(const core::IndexRecord& loss, std::uint64_t limit) {
    core::LogPiece piece;
    piece.position = position_;
    piece.stream = loss.stream;
    piece.run = loss.run;
    piece.time = loss.time;
    piece.lost = std::min(loss.end(), limit) - position_;
    position_ += piece.lost;
    return piece;
}

/// What the index says of the byte at the current position, and up to where it says so.
LogPieces::Described LogPieces::describe(LogFile& file) {
    if (!is_record_known_) record_ = file.index.find_position(position_);
    is_record_known_ = true;
    auto record = file.index.find_record(record_);
    while (record_ < file.index.count() && (!record || record->end() <= position_)) {
        record = file.index.find_record(++record_);
    }
    core::LogPiece piece;
    piece.position = position_;
    piece.time = record ? record->time : file.state.modified;
    std::uint64_t end = file.end;
    if (record && record->position > position_) {
        end = std::min(end, record->position);
    } else if (record) {
        end = std::min(end, record->end());
        piece.stream = record->stream;
        piece.run = record->run;
        piece.follows_loss = record->follows_loss && record->position == position_;
    }
    return {piece, end};
}

bool LogPieces::load_bytes(LogFile& file) {
    const bool is_loaded = position_ >= buffer_begin_ && position_ < buffer_begin_ + buffer_.size();
    if (is_loaded) return true;
    const core::IndexRecord* const loss = file.find_loss(position_);
    const std::uint64_t end = loss == nullptr ? file.end : std::min(file.end, loss->position);
    const std::uint64_t left = end - position_;
    read_at(file.plain(),
            position_ - file.base - file.lost_before(position_),
            static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_size)),
            buffer_);
    buffer_begin_ = position_;
    return !buffer_.empty();
}

std::uint64_t LogPieces::find_time(WallTime time) {
    for (LogFile& file : files_) {
        if (!file.index.is_there() && file.state.modified >= time) return file.base;
        const auto record = file.index.find_record(file.index.find_time(time));
        if (record && record->position < file.end) return std::max(record->position, file.base);
    }
    return end();
}

bool LogPieces::is_line_begin(core::LogStream stream, std::uint64_t position) {
    const auto last = find_last_byte(stream, position);
    if (!last) return true;
    seek(*last);
    const auto piece = next(*last + 1);
    return !piece || piece->bytes == "\n";
}

std::optional<std::uint64_t> LogPieces::find_last_byte(core::LogStream stream,
                                                       std::uint64_t position) {
    for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
        if (file->base >= position) continue;
        const auto found = find_last_byte(*file, stream, std::min(position, file->end));
        if (found) return found;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> LogPieces::find_last_byte(LogFile& file,
                                                       core::LogStream stream,
                                                       std::uint64_t position) {
    if (position <= file.base) return std::nullopt;
    if (!file.index.is_there()) {
        if (stream != core::LogStream::standard_output) return std::nullopt;
        return position - 1;
    }
    std::size_t number = file.index.find_position(position);
    if (file.index.find_record(number)) ++number;
    for (std::size_t i = 0; i < look_back_records; ++i) {
        const auto before = file.index.find_whole_before(number);
        if (!before) return std::nullopt;
        number = *before;
        const auto record = file.index.find_record(number);
        if (record->stream != stream || record->position >= position || record->is_lost) continue;
        return std::min(record->end(), position) - 1;
    }
    return std::nullopt;
}

}  // namespace devstack::project
