#include "project/log_file.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/project/compressed_log.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

// The writer renames files while we open them. Going from the youngest to the oldest, a rotation
// shows us a file a second time, and never makes us miss one; a log and an index that do not belong
// together are recognised because one of them has moved on when we look again.

namespace devstack::project {

namespace {

constexpr int tries_max = 10;

/// The path of the index of a generation. A crash in the middle of a rotation can leave the log
/// renamed and the index not yet.
std::string find_index_path(const std::string& dir, const std::string& service, int generation) {
    std::string path = dir + "/" + core::index_file_name(service, generation);
    if (generation == 0 || find_file_state(path)) return path;
    const std::string younger_log = dir + "/" + core::log_file_name(service, generation - 1);
    if (find_file_state(younger_log)) return path;
    return dir + "/" + core::index_file_name(service, generation - 1);
}

bool is_still_at(const std::string& path, const platform::FileDescriptor& file) {
    const auto at_path = find_file_state(path);
    const auto opened = file.is_open() ? find_file_state(file.get()) : std::nullopt;
    if (!at_path || !opened) return at_path.has_value() == opened.has_value();
    return at_path->is_same_file(*opened);
}

/// Few files have losses: no other index has to be read whole.
void find_losses(LogFile& file) {
    if (!file.index.has_losses()) return;
    for (std::size_t i = 0; i < file.index.count(); ++i) {
        const auto record = file.index.find_record(i);
        if (record && record->is_lost) file.losses.push_back(*record);
    }
}

Result<LogFile> open_log_file(const std::string& dir, const std::string& service, int generation) {
    const std::string log_path = dir + "/" + core::log_file_name(service, generation);
    LogFile file;
    for (int i = 0; i < tries_max; ++i) {
        auto log = open_to_read(log_path);
        if (!log) return std::move(log).error();
        if (!log->is_open()) return LogFile{};
        const std::string index_path = find_index_path(dir, service, generation);
        auto index = open_to_read(index_path);
        if (!index) return std::move(index).error();
        const bool is_pair = is_still_at(log_path, *log) && is_still_at(index_path, *index);
        file.log = std::move(*log);
        file.index = LogIndexTable{std::move(*index)};
        if (is_pair) break;
    }
    // After the index was opened: whatever a record speaks of is in the file by now.
    const auto state = find_file_state(file.log.get());
    if (state) file.state = *state;
    if (const auto size = generation == 0 ? std::nullopt : find_compressed_size(file.log.get())) {
        file.is_compressed = true;
        file.state.size = *size;
    }
    find_losses(file);
    return file;
}

/// Positions for files that have no index, from their neighbours; without any they begin at 0.
void place_files(std::vector<LogFile>& files) {
    const auto indexed =
        std::ranges::find_if(files, [](const LogFile& it) { return it.index.is_there(); });
    const auto first = static_cast<std::size_t>(indexed - files.begin());
    std::uint64_t base = indexed == files.end() ? 0 : indexed->index.base();
    for (std::size_t i = first == files.size() ? 0 : first; i > 0; --i) {
        base -= std::min(base, files[i - 1].state.size);
        files[i - 1].base = base;
    }
    std::uint64_t end = files.front().index.is_there() ? 0 : files.front().base;
    for (LogFile& file : files) {
        file.base = file.index.is_there() ? file.index.base() : end;
        file.end = file.base + file.state.size + file.lost_before(UINT64_MAX);
        end = file.end;
    }
    for (std::size_t i = 0; i + 1 < files.size(); ++i) {
        files[i].end = std::max(files[i].base, std::min(files[i].end, files[i + 1].base));
    }
}

std::uint64_t find_indexed_end(LogFile& file) {
    const auto last = file.index.find_whole_before(file.index.count());
    return last ? file.index.find_record(*last)->end() : file.base;
}

/// What the index does not speak of yet may belong to any stream: not shown before it is certain
/// that no record comes for it.
void hold_back_unindexed(LogFiles& opened, WallTime now) {
    LogFile& youngest = opened.files.back();
    if (!youngest.index.is_there()) return;
    opened.indexed_end = find_indexed_end(youngest);
    if (opened.indexed_end >= youngest.end) return;
    const Duration remaining = youngest.state.modified + core::limits::partial_line_delay - now;
    if (remaining <= Duration::zero()) return;
    youngest.end = opened.indexed_end;
    opened.unindexed_in = std::min<Duration>(remaining, core::limits::partial_line_delay);
}

}  // namespace

int LogFile::plain() {
    if (std::exchange(is_compressed, false)) {
        auto decompressed = decompress_log(log.get(), state.size);
        log = decompressed ? std::move(*decompressed) : platform::FileDescriptor{};
    }
    return log.get();
}

const core::IndexRecord* LogFile::find_loss(std::uint64_t position) const {
    const auto found =
        std::ranges::find_if(losses, [&](const auto& it) { return it.end() > position; });
    return found == losses.end() ? nullptr : &*found;
}

std::uint64_t LogFile::lost_before(std::uint64_t position) const {
    std::uint64_t lost = 0;
    for (const core::IndexRecord& loss : losses) {
        if (loss.position < position) lost += loss.length;
    }
    return lost;
}

Result<LogFiles> open_log_files(const std::string& log_dir,
                                const std::string& service,
                                std::uint64_t from,
                                WallTime now) {
    LogFiles opened;
    for (int generation = 0; generation <= core::limits::log_files_max; ++generation) {
        auto file = open_log_file(log_dir, service, generation);
        if (!file) return std::move(file).error();
        if (!file->log.is_open()) continue;
        // One that was compressed meanwhile is another file, with the same index.
        const bool is_known = std::ranges::any_of(opened.files, [&](const LogFile& it) {
            const bool is_same_place = it.index.is_there() && file->index.is_there() &&
                                       it.index.base() == file->index.base();
            return is_same_place || it.state.is_same_file(file->state);
        });
        if (is_known) continue;
        opened.files.push_back(std::move(*file));
        const LogFile& youngest = opened.files.front();
        if (generation == 0 && youngest.index.is_there() && youngest.index.base() <= from) break;
    }
    if (opened.files.empty()) return opened;
    std::ranges::reverse(opened.files);
    place_files(opened.files);
    hold_back_unindexed(opened, now);
    return opened;
}

}  // namespace devstack::project
