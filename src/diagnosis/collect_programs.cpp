#include "devstack/base/text.hpp"
#include "devstack/core/doctor/shell_words.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/file_status.hpp"
#include "diagnosis/node_package.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::FolderFact;
using core::doctor::ProgramFact;

std::vector<std::string> split_path(const std::string& path) {
    std::vector<std::string> directories;
    std::size_t at = 0;
    while (at <= path.size()) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        if (end > at) directories.push_back(path.substr(at, end - at));
        at = end + 1;
    }
    return directories;
}

std::vector<std::string> search_path(const ServiceScene& service) {
    const auto found = service.environment.find("PATH");
    if (found != service.environment.end()) return split_path(found->second);
    // Of a profile that does not hold together: what it would inherit.
    const auto own = platform::environment();
    const auto path = own.find("PATH");
    return split_path(path == own.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second);
}

std::string find_in_path(const std::string& word, const std::vector<std::string>& directories) {
    for (const std::string& directory : directories) {
        const std::string path = (fs::path{directory} / word).string();
        const auto status = status_of(path);
        if (status && S_ISREG(status->st_mode) && (status->st_mode & 0111U) != 0) return path;
    }
    return "";
}

std::string find_nearest_program(const std::string& word,
                                 const std::vector<std::string>& directories) {
    std::vector<std::string> names;
    for (const std::string& directory : directories) {
        std::error_code error;
        for (fs::directory_iterator it{directory, error}, end; !error && it != end;
             it.increment(error)) {
            names.push_back(it->path().filename().string());
        }
    }
    return closest_match(word, names).value_or("");
}

/// Of the user that the service runs as, by the file's own mode; root may execute what anybody may.
bool may_execute(const struct stat& status, std::uint32_t user) {
    if (user == 0) return (status.st_mode & 0111U) != 0;
    if (status.st_uid == user) return (status.st_mode & 0100U) != 0;
    return (status.st_mode & 0011U) != 0;
}

/// Its machine (elf(5), e_machine) or its word size is not that of the program we are. What runs
/// 32-bit programs beside 64-bit ones runs those.
bool is_of_other_machine(const std::string& start) {
    constexpr std::size_t machine_at = 18;
    constexpr std::string_view mark =
        "\x7f"
        "ELF";
    if (!start.starts_with(mark) || start.size() < machine_at + 2) return false;
    const std::string own = read_small("/proc/self/exe", machine_at + 2);
    constexpr char i386 = 3;
    if (own.size() < machine_at + 2 || start[machine_at] == i386) return false;
    return start.substr(machine_at, 2) != own.substr(machine_at, 2);
}

/// "#!/usr/bin/env node\r": what the kernel would look for.
void examine_first_line(const std::string& path, const ServiceScene& service, ProgramFact& fact) {
    const std::string start = read_small(path, 256);
    if (is_of_other_machine(start)) fact.problem = "cannot run here";
    if (!start.starts_with("#!")) return;
    std::string line = start.substr(2, start.find('\n') - 2);
    const bool is_dos = line.ends_with('\r');
    if (is_dos) line.pop_back();
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) return;
    line = line.substr(begin);
    fact.interpreter = line.substr(0, line.find_first_of(" \t"));
    std::string wanted = fact.interpreter;
    std::string found = status_of(wanted) ? wanted : "";
    if (fs::path{wanted}.filename() == "env" && line.size() > wanted.size()) {
        const auto words = core::doctor::find_main_command(line.substr(wanted.size())).words;
        if (!words.empty() && !words[0].starts_with('-')) {
            fact.interpreter = words[0];
            found = find_in_path(words[0], search_path(service));
        }
    }
    if (is_dos) {
        fact.problem = "crlf";
    } else if (found.empty()) {
        fact.problem = "no such interpreter";
    }
}

bool is_on_noexec_mount(const std::string& path) {
    struct statvfs mount {};
    return ::statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0;
}

void examine_file(const std::string& path, const ServiceScene& service, ProgramFact& fact) {
    const auto status = status_of(path);
    if (!status) {
        std::error_code none;
        const fs::path target = fs::read_symlink(path, none);
        fact.problem = none ? "not found" : "dangling link";
        if (!none) fact.interpreter = target.string();
        if (!none) fact.path = path;
        return;
    }
    fact.path = path;
    fact.mode = fmt::format("{:04o}", status->st_mode & 07777U);
    fact.owner = platform::user_name(status->st_uid);
    if (S_ISDIR(status->st_mode)) {
        fact.problem = "is a directory";
    } else if (!may_execute(*status, service.fact.user_id)) {
        fact.problem = "not executable";
    } else if (is_on_noexec_mount(path)) {
        fact.problem = "noexec mount";
    } else {
        examine_first_line(path, service, fact);
    }
}

void examine_word(const Scene& scene,
                  const ServiceScene& service,
                  const std::string& word,
                  Facts& facts) {
    ProgramFact fact;
    fact.service = service.fact.name;
    fact.word = word;
    if (word.find('/') != word.npos) {
        const fs::path path = fs::path{service.working_dir} / word;
        examine_file(path.lexically_normal().string(), service, fact);
        if (fact.problem == "not found") {
            fact.nearest = find_elsewhere(path.filename().string(), scene.project_dir);
        }
    } else {
        const auto directories = search_path(service);
        const std::string path = find_in_path(word, directories);
        if (path.empty()) {
            fact.problem = "not found";
            fact.nearest = find_nearest_program(word, directories);
        } else {
            examine_file(path, service, fact);
        }
    }
    fact.path = scene.shown(fact.path);
    facts.programs.push_back(std::move(fact));
}

bool is_interpreter(const std::string& word) {
    std::string name = fs::path{word}.filename().string();
    while (!name.empty() &&
           (std::isdigit(static_cast<unsigned char>(name.back())) != 0 || name.back() == '.')) {
        name.pop_back();
    }
    constexpr std::array<std::string_view, 11> interpreters{
        "node", "python", "ruby", "bash", "sh", "perl", "php", "bun", "tsx", "nodemon", "ts-node"};
    return std::ranges::find(interpreters, std::string_view{name}) != interpreters.end();
}

/// The script of `node --inspect server.js`; empty for `python -m http.server`.
std::string find_script(const std::vector<std::string>& words) {
    // Another program, or none, or a server of the interpreter's own (php -S).
    constexpr std::array<std::string_view, 6> without_script{"-m", "-c", "-e", "-p", "-S", "-n"};
    constexpr std::array<std::string_view, 9> with_value{
        "-r", "--require", "--import", "-I", "-d", "-X", "-W", "-t", "--env-file"};
    const auto is_one_of = [](const auto& list, const std::string& word) {
        return std::ranges::find(list, std::string_view{word}) != list.end();
    };
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (is_one_of(without_script, word)) return "";
        if (is_one_of(with_value, word)) {
            ++i;
        } else if (!word.starts_with('-')) {
            return word;
        }
    }
    return "";
}

void examine_script(const Scene& scene,
                    const ServiceScene& service,
                    const std::string& script,
                    Facts& facts) {
    const fs::path path = fs::path{service.working_dir} / script;
    std::error_code ignored;
    const bool is_there = fs::exists(path, ignored) || fs::exists(path.string() + ".js", ignored);
    if (is_there || script.find('$') != script.npos) return;
    ProgramFact fact;
    fact.service = service.fact.name;
    fact.word = script;
    fact.path = scene.shown(path.lexically_normal().string());
    fact.problem = "not found";
    fact.interpreter = service.fact.words.front();
    fact.nearest = find_elsewhere(path.filename().string(), scene.project_dir);
    facts.programs.push_back(std::move(fact));
}

/// "npm run dev", "yarn dev": the first word of what package.json calls so.
void examine_npm_script(const Scene& scene, const ServiceScene& service, Facts& facts) {
    const std::string script = find_run_script(service);
    if (script.empty()) return;
    const auto inner = core::doctor::find_main_command(script).words;
    if (inner.empty() || inner[0].find('/') != std::string::npos) return;
    ServiceScene scripted = service;
    std::string path =
        service.working_dir + "/node_modules/.bin:" + scene.project_dir + "/node_modules/.bin";
    const auto found = service.environment.find("PATH");
    if (found != service.environment.end()) path += ":" + found->second;
    scripted.environment["PATH"] = path;
    examine_word(scene, scripted, inner[0], facts);
}

}  // namespace

void examine_programs(const Scene& scene,
                      const ServiceScene& service,
                      const FolderFact& folder,
                      Facts& facts) {
    const auto& words = service.fact.words;
    if (words.empty() || folder.is_missing) return;
    examine_word(scene, service, words[0], facts);
    if (is_interpreter(words[0])) {
        const std::string script = find_script(words);
        if (!script.empty()) examine_script(scene, service, script, facts);
    }
    examine_npm_script(scene, service, facts);
}

}  // namespace devstack::diagnosis
