#include "daemon/log_cap.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace devstack::daemon {

namespace {

struct File {
    std::string service;
    int generation = 0;
    std::int64_t modified = 0;
    std::uint64_t size = 0;
    bool is_index = false;
};

/// "api.log.2" and "api.index.2" are of "api"; nothing for a file that is none of ours.
std::optional<File> read_name(std::string_view name) {
    for (const std::string_view suffix : {".log", ".index"}) {
        const std::size_t at = name.rfind(suffix);
        if (at == std::string_view::npos || at == 0) continue;
        File file;
        file.service = name.substr(0, at);
        file.is_index = suffix == ".index";
        std::string_view rest = name.substr(at + suffix.size());
        if (rest.empty()) return file;
        if (!rest.starts_with('.')) continue;
        rest.remove_prefix(1);
        const auto parsed =
            std::from_chars(rest.data(), rest.data() + rest.size(), file.generation);
        const bool is_number = parsed.ec == std::errc{} && parsed.ptr == rest.data() + rest.size();
        if (is_number && file.generation > 0) return file;
    }
    return std::nullopt;
}

std::vector<File> collect_files(const std::string& log_dir) {
    std::vector<File> files;
    std::error_code error;
    std::filesystem::directory_iterator entries{log_dir, error};
    for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error)) {
        auto file = read_name(entries->path().filename().string());
        struct stat state {};
        if (!file || ::stat(entries->path().c_str(), &state) != 0) continue;
        file->size = static_cast<std::uint64_t>(state.st_size);
        file->modified = state.st_mtim.tv_sec * 1'000'000'000 + state.st_mtim.tv_nsec;
        files.push_back(std::move(*file));
    }
    return files;
}

std::uint64_t remove_file(const std::string& path) {
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0 || ::unlink(path.c_str()) != 0) return 0;
    return static_cast<std::uint64_t>(state.st_size);
}

}  // namespace

std::optional<std::string> remove_oldest_logs(const std::string& log_dir, std::uint64_t size_max) {
    std::vector<File> files = collect_files(log_dir);
    std::uint64_t total = 0;
    for (const File& file : files)
        total += file.size;
    if (total <= size_max) return std::nullopt;
    std::erase_if(files, [](const File& it) { return it.is_index || it.generation == 0; });
    std::ranges::sort(files, [](const File& a, const File& b) {
        return std::pair{a.modified, -a.generation} < std::pair{b.modified, -b.generation};
    });
    std::uint64_t removed = 0;
    std::size_t count = 0;
    std::set<std::string> services;
    for (const File& file : files) {
        if (total - removed <= size_max) break;
        const std::string age = "." + std::to_string(file.generation);
        const std::uint64_t log = remove_file(log_dir + "/" + file.service + ".log" + age);
        const std::uint64_t index = remove_file(log_dir + "/" + file.service + ".index" + age);
        removed += log + index;
        if (log == 0) continue;
        ++count;
        services.insert(file.service);
    }
    if (count == 0) return std::nullopt;
    return "the logs have reached " + render_bytes(size_max) + ": removed " +
           count_of(count, "old file") + " (" + render_bytes(removed) + ") of " +
           join_for_people({services.begin(), services.end()});
}

}  // namespace devstack::daemon
