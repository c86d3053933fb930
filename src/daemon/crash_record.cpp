#include "daemon/crash_record.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/project/log_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

namespace devstack::daemon {

namespace fs = std::filesystem;

namespace {

void remove_oldest(const std::string& dir, const std::string& service) {
    std::vector<std::string> records;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{dir, error}) {
        const std::string name = entry.path().filename().string();
        // SERVICE-2026-11-21T12:00:03.123Z.txt: the time has a fixed length.
        constexpr std::size_t tail = sizeof("-2026-11-21T12:00:03.123Z.txt") - 1;
        if (name.size() == service.size() + tail && name.starts_with(service + "-")) {
            records.push_back(entry.path().string());
        }
    }
    std::ranges::sort(records);
    while (records.size() > core::limits::crash_records_max) {
        fs::remove(records.front(), error);
        records.erase(records.begin());
    }
}

}  // namespace

Status write_crash_record(const project::ProjectPaths& paths,
                          const core::api::ServiceState& state,
                          const Instant& instant) {
    const std::string dir = paths.state_dir + "/crashes";
    std::error_code error;
    fs::create_directories(dir, error);
    const std::string path = dir + "/" + state.name + "-" + render_timestamp(instant.wall) + ".txt";
    std::ofstream file{path};
    file << core::api::to_text(state) << "\n\n";
    project::LogQuery query;
    query.services = {state.name};
    query.tail = core::limits::crash_record_lines;
    query.now = instant.wall + core::limits::partial_line_delay;  // An unfinished line counts.
    const Result<project::LogAnswer> logs = project::read_logs(paths.log_dir, query);
    if (!logs) file << "its log could not be read: " << logs.error().message << '\n';
    for (std::size_t i = 0; logs && i < logs->lines.size(); ++i) {
        const core::LogLine& line = logs->lines[i];
        file << render_timestamp(line.time) << ' ' << core::name_of(line.stream) << ' ' << line.text
             << '\n';
    }
    file.flush();
    if (!file) return Error{Error::Kind::system, "cannot write " + path};
    remove_oldest(dir, state.name);
    return ok();
}

}  // namespace devstack::daemon
