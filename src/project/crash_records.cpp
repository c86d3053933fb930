#include "devstack/project/crash_records.hpp"

#include "devstack/base/time.hpp"
#include "devstack/core/limits.hpp"

#include "private_directory.hpp"
#include "text_file.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <tuple>

// A record is a file of its own: it is written once, whole, and can be removed or sent to somebody
// alone. Its name says whose it is and when that was, so that a list need not open them all.

namespace devstack::project {

namespace fs = std::filesystem;
namespace limits = core::limits;

namespace {

constexpr std::string_view extension = ".json";

struct RecordFile {
    std::string path;
    std::string service;
    std::string time;
};

std::string directory_in(const std::string& state_dir) {
    return state_dir + "/crashes";
}

/// "api-2026-11-21T12:00:03.123Z.json": the time has a fixed length, and a name may hold dashes.
std::optional<RecordFile> parse_path(const std::string& path) {
    constexpr std::size_t time_length = sizeof("2026-11-21T12:00:03.123Z") - 1;
    std::string_view stem = std::string_view{path}.substr(path.rfind('/') + 1);
    if (!stem.ends_with(extension)) return std::nullopt;
    stem.remove_suffix(extension.size());
    if (stem.size() < time_length + 2 || stem[stem.size() - time_length - 1] != '-') {
        return std::nullopt;
    }
    const std::string_view time = stem.substr(stem.size() - time_length);
    if (!parse_timestamp(time, {})) return std::nullopt;
    stem.remove_suffix(time_length + 1);
    return RecordFile{path, std::string{stem}, std::string{time}};
}

/// Of one service, or of all when `service` is empty; newest first. A directory that is not there
/// holds none.
Result<std::vector<RecordFile>> find_files(const std::string& state_dir,
                                           const std::string& service = "") {
    std::vector<RecordFile> files;
    std::error_code error;
    fs::directory_iterator at{directory_in(state_dir), error};
    if (error == std::errc::no_such_file_or_directory) return files;
    const std::string start = directory_in(state_dir) + "/" + service;
    for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
        if (!at->path().native().starts_with(start)) continue;
        auto file = parse_path(at->path().native());
        if (file && (service.empty() || file->service == service))
            files.push_back(std::move(*file));
    }
    if (error) {
        return Error{Error::Kind::system,
                     "cannot read " + directory_in(state_dir) + ": " + error.message()};
    }
    std::ranges::sort(files, [](const RecordFile& a, const RecordFile& b) {
        return std::tie(b.time, a.service) < std::tie(a.time, b.service);
    });
    return files;
}

void remove_oldest(const std::string& state_dir, const std::string& service) {
    const Result<std::vector<RecordFile>> files = find_files(state_dir, service);
    if (!files) return;
    for (std::size_t i = limits::crash_records_max; i < files->size(); ++i) {
        std::error_code ignored;
        fs::remove((*files)[i].path, ignored);
    }
}

Result<core::api::CrashMessage> load(const RecordFile& file) {
    const Result<std::string> text = load_text_file(file.path, limits::crash_record_size_max);
    if (!text) return text.error();
    return core::api::parse_crash(*text);
}

}  // namespace

Status write_crash_record(const std::string& state_dir, const core::api::CrashMessage& crash) {
    const std::string directory = directory_in(state_dir);
    if (Status made = create_private_directory(directory); !made) return made;
    const std::string path = directory + "/" + crash.service + "-" + crash.time;
    Status written =
        replace_text_file(path + std::string{extension}, core::api::to_text(crash) + "\n");
    remove_oldest(state_dir, crash.service);
    return written;
}

Result<CrashAnswer> read_crash_records(const std::string& state_dir, const CrashQuery& query) {
    const Result<std::vector<RecordFile>> files = find_files(state_dir);
    if (!files) return files.error();
    CrashAnswer answer;
    for (const RecordFile& file : *files) {
        if (answer.crashes.size() == query.count) break;
        const bool is_wanted =
            query.services.empty() ||
            std::ranges::find(query.services, file.service) != query.services.end();
        if (!is_wanted) continue;
        Result<core::api::CrashMessage> crash = load(file);
        if (crash) {
            answer.crashes.push_back(std::move(*crash));
        } else {
            answer.damaged.push_back("left out the crash record " + file.path + ": " +
                                     crash.error().message);
        }
    }
    return answer;
}

std::vector<std::string> find_crashed_services(const std::string& state_dir) {
    const Result<std::vector<RecordFile>> files = find_files(state_dir);
    if (!files) return {};
    std::set<std::string> names;
    for (const RecordFile& file : *files)
        names.insert(file.service);
    return {names.begin(), names.end()};
}

}  // namespace devstack::project
