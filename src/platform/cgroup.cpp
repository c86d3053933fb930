#include "devstack/platform/cgroup.hpp"

#include "proc_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

Error failure(const std::string& act, int error) {
    Error::Kind kind = Error::Kind::system;
    if (error == EBUSY) kind = Error::Kind::busy;
    if (error == EACCES || error == EPERM || error == EROFS) kind = Error::Kind::not_permitted;
    if (error == ENOENT) kind = Error::Kind::not_found;
    return {kind, "cannot " + act + ": " + std::strerror(error)};
}

/// These files tell of no size.
std::string read_text(const std::string& path) {
    const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    std::string text;
    if (!file.is_open()) return text;
    char buffer[4096];
    for (;;) {
        const ssize_t size = ::read(file.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

Status write_text(const std::string& path, const std::string& text) {
    const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    const bool is_written = file.is_open() && ::write(file.get(), text.data(), text.size()) ==
                                                  static_cast<ssize_t>(text.size());
    if (!is_written) return failure("write " + text + " to " + path, errno);
    return ok();
}

/// "populated 1" among lines of this form; 0 for what is not there.
std::uint64_t read_number(const std::string& path, const std::string& name) {
    std::istringstream lines{read_text(path)};
    std::string word;
    std::uint64_t number = 0;
    while (lines >> word >> number) {
        if (word == name) return number;
    }
    return 0;
}

/// In mountinfo a blank is "\040", see proc(5).
std::string without_escapes(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const bool is_escape = text[i] == '\\' && i + 3 < text.size();
        const char* const digits = text.data() + i + 1;
        if (is_escape && std::from_chars(digits, digits + 3, value, 8).ptr == digits + 3) {
            plain += static_cast<char>(value);
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

struct CgroupMount {
    std::string root;  ///< What of the hierarchy is to be seen there.
    std::string path;
};

std::optional<CgroupMount> find_mount(const std::string& mountinfo) {
    std::istringstream lines{mountinfo};
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" - cgroup2 ") == std::string::npos) continue;
        std::istringstream fields{line};
        std::string skipped;
        CgroupMount mount;
        fields >> skipped >> skipped >> skipped >> mount.root >> mount.path;
        return CgroupMount{without_escapes(mount.root), without_escapes(mount.path)};
    }
    return std::nullopt;
}

std::optional<std::string> find_own_path(const std::string& cgroups) {
    std::istringstream lines{cgroups};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("0::/")) return line.substr(3);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> find_own_cgroup(const Procfs& procfs) {
    const ProcDirectory proc{procfs};
    const auto mount = find_mount(proc.read_all("self/mountinfo").value_or(""));
    auto path = find_own_path(proc.read_all("self/cgroup").value_or(""));
    // "/../…" is outside of what our namespace shows.
    if (!mount || !path || path->find("/..") != std::string::npos) return std::nullopt;
    if (mount->root != "/") {
        if (!path->starts_with(mount->root)) return std::nullopt;
        path->erase(0, mount->root.size());
    }
    return *path == "/" || path->empty() ? mount->path : mount->path + *path;
}

bool is_cgroup_delegated(const std::string& directory) {
    return ::access(directory.c_str(), W_OK) == 0 &&
           ::access((directory + "/cgroup.procs").c_str(), W_OK) == 0;
}

Status create_cgroup(const std::string& directory) {
    constexpr mode_t mode = 0755;
    if (::mkdir(directory.c_str(), mode) == 0 || errno == EEXIST) return ok();
    return failure("make the cgroup " + directory, errno);
}

Status remove_cgroup(const std::string& directory) {
    for (const std::string& name : list_cgroups(directory)) {
        if (Status removed = remove_cgroup(directory + "/" + name); !removed) return removed;
    }
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return ok();
    return failure("remove the cgroup " + directory, errno);
}

std::vector<std::string> list_cgroups(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator it{directory, error}, end; !error && it != end;
         it.increment(error)) {
        if (it->is_directory(error)) names.push_back(it->path().filename());
    }
    std::ranges::sort(names);
    return names;
}

Status kill_cgroup(const std::string& directory) {
    return write_text(directory + "/cgroup.kill", "1");
}

bool is_cgroup_populated(const std::string& directory) {
    return read_number(directory + "/cgroup.events", "populated") != 0;
}

std::vector<int> list_cgroup_processes(const std::string& directory) {
    std::istringstream lines{read_text(directory + "/cgroup.procs")};
    std::vector<int> pids;
    for (int pid = 0; lines >> pid;)
        pids.push_back(pid);
    return pids;
}

std::vector<int> collect_cgroup_processes(const std::string& directory) {
    std::vector<int> pids = list_cgroup_processes(directory);
    for (const std::string& name : list_cgroups(directory)) {
        const std::vector<int> below = collect_cgroup_processes(directory + "/" + name);
        pids.insert(pids.end(), below.begin(), below.end());
    }
    return pids;
}

std::uint64_t count_oom_kills(const std::string& directory) {
    return read_number(directory + "/memory.events", "oom_kill");
}

std::optional<std::uint64_t> read_memory_limit(const std::string& directory) {
    const std::string text = read_text(directory + "/memory.max");
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    return error == std::errc{} ? std::optional{bytes} : std::nullopt;
}

bool has_controller(const std::string& directory, std::string_view controller) {
    std::istringstream names{read_text(directory + "/cgroup.controllers")};
    for (std::string name; names >> name;) {
        if (name == controller) return true;
    }
    return false;
}

Status hand_on_controller(const std::string& directory, const std::string& controller) {
    return write_text(directory + "/cgroup.subtree_control", "+" + controller);
}

Status set_cgroup(const std::string& directory, const std::string& file, const std::string& value) {
    return write_text(directory + "/" + file, value);
}

Status move_to_cgroup(const std::string& directory, int pid) {
    return write_text(directory + "/cgroup.procs", std::to_string(pid));
}

}  // namespace devstack::platform
