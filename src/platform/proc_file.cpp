#include "proc_file.hpp"

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdio>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

constexpr std::size_t file_size_max = 8 * 1024 * 1024;

struct ProcPath {
    std::array<char, 64> text;

    ProcPath(int pid, const char* name) {
        std::snprintf(text.data(), text.size(), "%d/%s", pid, name);
    }
    const char* get() const { return text.data(); }
};

FileDescriptor open_file(int directory, const char* path) {
    return FileDescriptor{::openat(directory, path, O_RDONLY | O_CLOEXEC)};
}

}  // namespace

ProcDirectory::ProcDirectory(const Procfs& procfs)
    : root_{::open(procfs.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)} {}

std::vector<int> ProcDirectory::pids() const {
    return collect_numeric_names(
        FileDescriptor{::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)});
}

std::optional<std::string_view> ProcDirectory::read_short(const char* path) {
    const FileDescriptor file = open_file(root_.get(), path);
    if (!file.is_open()) return std::nullopt;
    const ssize_t size = ::read(file.get(), buffer_.data(), buffer_.size());
    if (size < 0) return std::nullopt;  // ESRCH: it vanished after the open.
    return std::string_view{buffer_.data(), static_cast<std::size_t>(size)};
}

std::optional<std::string_view> ProcDirectory::read_short(int pid, const char* name) {
    return read_short(ProcPath{pid, name}.get());
}

std::optional<std::string> ProcDirectory::read_all(const char* path) const {
    const FileDescriptor file = open_file(root_.get(), path);
    if (!file.is_open()) return std::nullopt;
    std::string content(4096, '\0');
    std::size_t used = 0;
    while (used < file_size_max) {
        if (used == content.size()) content.resize(content.size() * 2);
        const ssize_t size = ::read(file.get(), content.data() + used, content.size() - used);
        if (size < 0) return std::nullopt;
        if (size == 0) break;
        used += static_cast<std::size_t>(size);
    }
    content.resize(used);
    return content;
}

std::optional<std::string> ProcDirectory::read_all(int pid, const char* name) const {
    return read_all(ProcPath{pid, name}.get());
}

std::string ProcDirectory::read_link(int pid, const char* name) const {
    std::array<char, PATH_MAX> target;
    const ssize_t size =
        ::readlinkat(root_.get(), ProcPath{pid, name}.get(), target.data(), target.size());
    return size < 0 ? std::string{} : std::string{target.data(), static_cast<std::size_t>(size)};
}

FileDescriptor ProcDirectory::open_directory(int pid, const char* name) const {
    return FileDescriptor{
        ::openat(root_.get(), ProcPath{pid, name}.get(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

std::vector<int> collect_numeric_names(FileDescriptor directory) {
    std::vector<int> numbers;
    if (!directory.is_open()) return numbers;
    DIR* stream = ::fdopendir(directory.get());
    if (stream == nullptr) return numbers;
    static_cast<void>(directory.release());  // closedir() closes it.
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name{entry->d_name};
        int number = 0;
        const auto [end, error] = std::from_chars(name.begin(), name.end(), number);
        if (error == std::errc{} && end == name.end() && number >= 0) numbers.push_back(number);
    }
    ::closedir(stream);
    return numbers;
}

std::optional<unsigned long long> take_number(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    unsigned long long number = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    return number;
}

std::vector<unsigned> user_ids(ProcDirectory& proc, int pid) {
    static constexpr std::string_view key = "\nUid:";
    std::vector<unsigned> ids;
    const auto text = proc.read_short(pid, "status");
    const std::size_t at = text ? text->find(key) : std::string_view::npos;
    if (at == std::string_view::npos) return ids;
    std::string_view rest = text->substr(at + key.size());
    while (const auto id = take_number(rest))
        ids.push_back(static_cast<unsigned>(*id));
    return ids;
}

std::optional<unsigned> effective_user(ProcDirectory& proc, int pid) {
    const auto ids = user_ids(proc, pid);
    return ids.size() > 1 ? std::optional{ids[1]} : std::nullopt;
}

}  // namespace devstack::platform
