#include "proc_file.hpp"

#include <algorithm>
#include <filesystem>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

/// The kernel's limit for comm, without the end.
constexpr std::size_t name_size_max = 15;

std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

/// The first word of the command line, without its directory: "/usr/bin/node" -> "node".
std::string program_of(std::string_view command_line) {
    const std::string_view word = command_line.substr(0, command_line.find('\0'));
    return std::string{word.substr(word.rfind('/') + 1)};
}

}  // namespace

std::optional<std::uint64_t> count_oom_kills(const Procfs& procfs) {
    static constexpr std::string_view key = "\noom_kill ";
    const auto text = ProcDirectory{procfs}.read_all("vmstat");
    const std::size_t at = text ? text->find(key) : std::string::npos;
    if (at == std::string::npos) return std::nullopt;
    std::string_view rest = std::string_view{*text}.substr(at + key.size());
    return take_number(rest);
}

std::vector<std::string> read_command_line(const Procfs& procfs, int pid) {
    const auto text = ProcDirectory{procfs}.read_all(pid, "cmdline");
    std::vector<std::string> words;
    if (!text) return words;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        words.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    // A title that a program wrote over its arguments ends in padding.
    while (!words.empty() && words.back().empty())
        words.pop_back();
    return words;
}

std::size_t count_descriptors(const Procfs& procfs, int pid) {
    const std::string directory = procfs.root + "/" + std::to_string(pid) + "/fd";
    // Since Linux 6.2 that is the size of the directory (proc_pid_fd(5)); before it is 0, and of a
    // directory that only looks like it something else.
    struct stat status {};
    if (::stat(directory.c_str(), &status) == 0 && status.st_size > 0 &&
        procfs.root == Procfs{}.root) {
        return static_cast<std::size_t>(status.st_size);
    }
    std::error_code error;
    std::filesystem::directory_iterator entries{directory, error};
    std::size_t count = 0;
    for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error))
        ++count;
    return count;
}

std::string read_working_dir(const Procfs& procfs, int pid) {
    return ProcDirectory{procfs}.read_link(pid, "cwd");
}

std::string read_program_name(const Procfs& procfs, int pid) {
    ProcDirectory proc{procfs};
    const auto text = proc.read_short(pid, "comm");
    if (!text) return {};
    std::string name{without_line_end(*text)};
    const bool is_cut = name.size() >= name_size_max;
    if (!is_cut && name != "MainThread") return name;
    const auto command_line = proc.read_short(pid, "cmdline");
    if (!command_line) return name;
    const std::string program = program_of(*command_line);
    if (program.empty()) return name;
    return is_cut && !program.starts_with(name) ? name : program;
}

std::vector<std::optional<std::string>> read_environment_variables(
    const Procfs& procfs, int pid, const std::vector<std::string>& names) {
    std::vector<std::optional<std::string>> values(names.size());
    const auto text = ProcDirectory{procfs}.read_all(pid, "environ");
    if (!text) return values;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const std::string_view entry = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
        const std::size_t equals = entry.find('=');
        if (equals == entry.npos) continue;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const bool is_asked = entry.substr(0, equals) == names[i] && !values[i];
            if (is_asked) values[i] = std::string{entry.substr(equals + 1)};
        }
    }
    return values;
}

std::optional<std::string> read_environment_variable(const Procfs& procfs,
                                                     int pid,
                                                     const std::string& name) {
    return std::move(read_environment_variables(procfs, pid, {name}).front());
}

std::string user_name(unsigned user_id) {
    std::vector<char> buffer(16 * 1024);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(user_id, &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        return found->pw_name;
    }
    return "uid " + std::to_string(user_id);
}

std::string read_user(const Procfs& procfs, int pid) {
    ProcDirectory proc{procfs};
    const auto user_id = effective_user(proc, pid);
    return user_id ? user_name(*user_id) : std::string{};
}

}  // namespace devstack::platform
