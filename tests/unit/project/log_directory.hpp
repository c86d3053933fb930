#pragma once

#include "devstack/core/logs/log_index.hpp"
#include "devstack/project/log_reader.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace devstack::test {

/// A log directory written by the test itself, as the daemon would leave it behind.
class LogDirectory {
public:
    LogDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "dslogXXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~LogDirectory() { std::filesystem::remove_all(path_); }
    LogDirectory(const LogDirectory&) = delete;
    LogDirectory& operator=(const LogDirectory&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream{file(name), std::ios::binary} << bytes;
    }
    void append(const std::string& name, const std::string& bytes) const {
        std::ofstream{file(name), std::ios::binary | std::ios::app} << bytes;
    }
    std::string read(const std::string& name) const {
        std::ifstream stream{file(name), std::ios::binary};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }

private:
    std::string path_;
};

/// Writes log and index of one service by hand.
class LogFiles {
public:
    LogFiles(const LogDirectory& directory, std::string service, std::uint64_t base = 0)
        : directory_{directory}, service_{std::move(service)}, position_{base} {
        begin_file();
    }

    LogFiles& add(core::LogStream stream, const std::string& bytes, int ms, std::uint32_t run = 1) {
        core::IndexRecord record;
        record.position = position_;
        record.length = static_cast<std::uint32_t>(bytes.size());
        record.time = WallTime{std::chrono::milliseconds{ms}};
        record.run = run;
        record.sequence = sequence_++;
        record.stream = stream;
        const auto entry = core::encode(record);
        directory_.append(core::log_file_name(service_, 0), bytes);
        directory_.append(core::index_file_name(service_, 0), {entry.data(), entry.size()});
        position_ += bytes.size();
        return *this;
    }
    LogFiles& out(const std::string& bytes, int ms = 0, std::uint32_t run = 1) {
        return add(core::LogStream::standard_output, bytes, ms, run);
    }
    LogFiles& err(const std::string& bytes, int ms = 0, std::uint32_t run = 1) {
        return add(core::LogStream::standard_error, bytes, ms, run);
    }
    /// Output that was dropped when it came.
    LogFiles& lose(core::LogStream stream, std::uint32_t count, int ms) {
        core::IndexRecord record;
        record.position = position_;
        record.length = count;
        record.time = WallTime{std::chrono::milliseconds{ms}};
        record.run = 1;
        record.sequence = sequence_++;
        record.stream = stream;
        record.is_lost = true;
        const auto entry = core::encode(record);
        const auto header = core::encode(core::IndexHeader{base_, true});
        std::string index = directory_.read(core::index_file_name(service_, 0));
        index.replace(0, header.size(), header.data(), header.size());
        index.append(entry.data(), entry.size());
        directory_.write(core::index_file_name(service_, 0), index);
        position_ += count;
        return *this;
    }
    LogFiles& rotate() {
        for (int i = 5; i >= 0; --i) {
            move(core::log_file_name(service_, i), core::log_file_name(service_, i + 1));
            move(core::index_file_name(service_, i), core::index_file_name(service_, i + 1));
        }
        begin_file();
        return *this;
    }
    std::uint64_t position() const { return position_; }

private:
    void begin_file() {
        base_ = position_;
        const auto header = core::encode(core::IndexHeader{position_});
        directory_.write(core::log_file_name(service_, 0), "");
        directory_.write(core::index_file_name(service_, 0), {header.data(), header.size()});
    }
    void move(const std::string& from, const std::string& to) const {
        std::error_code missing;
        std::filesystem::rename(directory_.file(from), directory_.file(to), missing);
    }

    const LogDirectory& directory_;
    std::string service_;
    std::uint64_t position_;
    std::uint64_t base_ = 0;
    std::uint32_t sequence_ = 0;
};

/// "api: text" for stdout, "api! text" for stderr; "…" where a line is cut.
inline std::string shown(const core::LogLine& line) {
    const bool is_error = line.stream == core::LogStream::standard_error;
    return line.service + (is_error ? "! " : ": ") + (line.is_continued ? "…" : "") + line.text +
           (line.is_unfinished ? "…" : "");
}

inline std::vector<std::string> shown(const std::vector<core::LogLine>& lines) {
    std::vector<std::string> all;
    for (const core::LogLine& line : lines) {
        all.push_back(shown(line));
    }
    return all;
}

}  // namespace devstack::test
