#include "devstack/base/text.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/core/doctor/shell_status.hpp"
#include "devstack/platform/clock.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""min;

/// What is older than this tells of another trouble.
constexpr Duration recent = 15min;

struct Tail {
    std::string text;
    std::uint64_t begin = 0;  ///< Where in the file.
};

Tail read_tail(const std::string& path, std::uint64_t size_max) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return {};
    std::ifstream stream{path, std::ios::binary};
    const std::uint64_t begin = size > size_max ? size - size_max : 0;
    stream.seekg(static_cast<std::streamoff>(begin));
    return {{std::istreambuf_iterator<char>{stream}, {}}, begin};
}

/// What was written there after a look had begun has been written just now.
std::uint64_t begin_of_news(const Scene& scene, const std::string& path) {
    for (const ServiceScene& it : scene.services) {
        if (it.output == path) return it.output_begin;
    }
    return std::numeric_limits<std::uint64_t>::max();
}

/// Of access logs: "127.0.0.1 - - [28/Nov/2026:21:17:57 +0000] …".
std::optional<std::tm> read_access_stamp(std::string_view line) {
    constexpr std::size_t before_max = 100;  // An address and a user.
    const auto at = line.substr(0, before_max).find('[');
    std::tm time{};
    if (at == line.npos ||
        ::strptime(std::string{line.substr(at)}.c_str(), "[%d/%b/%Y:%H:%M:%S", &time) == nullptr) {
        return std::nullopt;
    }
    return time;
}

/// The time that a line begins with, if it does; a year that is not told is this one.
std::optional<std::tm> read_stamp(const char* line) {
    for (const char* form : {"%Y/%m/%d %H:%M:%S",   // nginx
                             "[%a %b %d %H:%M:%S",  // Apache; the year comes last
                             "[%d-%b-%Y %H:%M:%S",  // PHP
                             "%Y-%m-%dT%H:%M:%S",
                             "%Y-%m-%d %H:%M:%S",
                             "[%Y-%m-%d %H:%M:%S",
                             "[%Y-%m-%dT%H:%M:%S"}) {
        const std::time_t now = std::time(nullptr);
        std::tm time{};
        ::localtime_r(&now, &time);
        if (::strptime(line, form, &time) != nullptr) return time;
    }
    return read_access_stamp(line);
}

/// Whether the time is in UTC is seldom told: of both readings the one that is nearer to now.
/// Empty: it is of long ago.
std::optional<WallTime> read_recent(const std::tm& stamp) {
    std::tm local = stamp;
    std::tm utc = stamp;
    local.tm_isdst = -1;
    std::optional<WallTime> nearest;
    for (const std::time_t time : {std::mktime(&local), ::timegm(&utc)}) {
        const WallTime read{std::chrono::system_clock::from_time_t(time)};
        const auto age = std::chrono::abs(platform::wall_now() - read);
        const bool is_nearer = !nearest || age < std::chrono::abs(platform::wall_now() - *nearest);
        if (age < recent && is_nearer) nearest = read;
    }
    return nearest;
}

bool was_written_lately(const fs::path& path, Duration limit) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    const auto written = std::chrono::system_clock::from_time_t(status.st_mtime);
    return platform::wall_now() - written < limit;
}

bool is_log(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.find(".log") != name.npos || name.find("_log") != name.npos;
}

/// Which regular files a process writes to: its output, and what looks like a log.
std::vector<std::string> find_open_logs(int pid) {
    constexpr int descriptors_max = 200;
    std::vector<std::string> logs;
    std::error_code error;
    const std::string root = "/proc/" + std::to_string(pid);
    int count = 0;
    for (fs::directory_iterator it{root + "/fd", error}; !error && it != fs::directory_iterator{};
         it.increment(error)) {
        if (++count > descriptors_max) break;
        std::error_code unreadable;
        const fs::path path = fs::read_symlink(it->path(), unreadable);
        const std::string number = it->path().filename().string();
        const bool is_output = number == "1" || number == "2";
        if (unreadable || !path.is_absolute() || (!is_log(path) && !is_output)) continue;
        // What npm does is not what the program does that it starts.
        if (path.string().find("/.npm/_logs/") != std::string::npos) continue;
        const std::string info = read_small(root + "/fdinfo/" + number, 512);
        const auto at = info.find("flags:\t");
        unsigned flags = 0;
        if (at == info.npos) continue;
        std::from_chars(info.data() + at + 7, info.data() + info.size(), flags, 8);
        if ((flags & O_ACCMODE) != O_RDONLY) logs.push_back(path.string());
    }
    return logs;
}

/// Where a program that has ended may have written to.
std::vector<std::string> find_logs_in(const fs::path& directory) {
    std::vector<std::string> logs;
    for (const fs::path& place : {directory, directory / "logs", directory / "log"}) {
        std::error_code error;
        int count = 0;
        constexpr int entries_max = 200;
        for (fs::directory_iterator it{place, error}; !error && it != fs::directory_iterator{};
             it.increment(error)) {
            if (++count > entries_max) break;
            if (is_log(it->path()) && was_written_lately(it->path(), 1min)) {
                logs.push_back(it->path().string());
            }
        }
    }
    return logs;
}

bool has_directory_alone(const ServiceScene& service, const Scene& scene) {
    return std::ranges::count_if(scene.services, [&](const ServiceScene& it) {
               return it.working_dir == service.working_dir;
           }) == 1;
}

}  // namespace

void add_log_file(const Scene& scene,
                  const std::string& path,
                  const std::string& service,
                  Facts& facts) {
    constexpr std::uint64_t tail_max = 64 * 1024;
    core::doctor::LogFact log;
    log.service = service;
    log.file = scene.shown(path);
    const Tail tail = read_tail(path, tail_max);
    const std::uint64_t news = begin_of_news(scene, path);
    std::uint64_t at = tail.begin;
    std::istringstream lines{tail.text};
    // A line without a time is of the one before it.
    bool is_wanted = was_written_lately(path, 1min);
    std::string time;
    for (std::string line; std::getline(lines, line);) {
        if (const auto stamp = read_stamp(line.c_str())) {
            const auto read = read_recent(*stamp);
            is_wanted = read.has_value();
            if (read) time = render_timestamp(*read);
        } else if (at >= news) {
            time = render_timestamp(platform::wall_now());
        }
        at += line.size() + 1;
        if (!is_wanted) continue;
        log.lines.push_back({time, core::doctor::redact(sane_text(line), scene.secrets)});
    }
    constexpr std::ptrdiff_t lines_max = 100;
    if (std::ssize(log.lines) > lines_max) {
        log.lines.erase(log.lines.begin(), log.lines.end() - lines_max);
    }
    if (!log.lines.empty()) facts.logs.push_back(std::move(log));
}

void collect_log_files(const Scene& scene, Facts& facts) {
    constexpr std::size_t files_max = 20;
    std::set<std::string> known;
    for (const core::doctor::NginxFact& it : facts.nginx)
        known.insert(it.error_log);
    const auto add = [&](const std::string& path, const std::string& service) {
        const bool is_ours =
            scene.question.project && path.starts_with(scene.question.project->log_dir);
        if (is_ours || known.size() > files_max || !known.insert(scene.shown(path)).second) return;
        if (was_written_lately(path, recent)) add_log_file(scene, path, service, facts);
    };
    std::set<std::string> alive;
    for (const core::doctor::ProcessFact& process : facts.processes) {
        if (process.service.empty()) continue;
        alive.insert(process.service);
        for (const std::string& path : find_open_logs(process.pid))
            add(path, process.service);
    }
    for (const ServiceScene& service : scene.services) {
        const std::string script = core::doctor::script_of(service.fact.command);
        for (const std::string& file : core::doctor::find_output_files(script)) {
            const fs::path path = fs::path{service.working_dir} / file;
            add(path.lexically_normal().string(), service.fact.name);
        }
    }
    for (const ServiceScene& service : scene.services) {
        if (alive.contains(service.fact.name)) continue;
        const std::string named = find_proxy_log(service);
        if (!named.empty()) add(named, service.fact.name);
        if (!has_directory_alone(service, scene)) continue;
        for (const std::string& path : find_logs_in(service.working_dir))
            add(path, service.fact.name);
    }
}

}  // namespace devstack::diagnosis
