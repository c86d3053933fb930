// Whether what a service runs was built before its sources were last changed.

#include "devstack/core/doctor/shell_words.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/node_package.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;

/// "dist" of "node dist/server.js" or of the script of package.json that is run.
std::string find_build_directory(const ServiceScene& service) {
    std::vector<std::string> words = service.fact.words;
    const std::string script = find_run_script(service);
    if (!script.empty()) words = core::doctor::find_main_command(script).words;
    for (const std::string& word : words) {
        for (const std::string_view directory : {"dist", "build", "out", "lib"}) {
            const std::string inside = std::string{directory} + "/";
            const bool is_there = word.starts_with(inside) || word.starts_with("./" + inside);
            if (is_there) return std::string{directory};
        }
    }
    return "";
}

bool is_source(const fs::path& path) {
    static constexpr std::array endings{".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"};
    const std::string ending = path.extension().string();
    return std::ranges::find(endings, std::string_view{ending}) != endings.end() &&
           !path.string().ends_with(".d.ts");
}

struct Newest {
    std::string path;
    std::int64_t changed = 0;
};

Newest find_newest(const fs::path& directory, bool (*is_wanted)(const fs::path&)) {
    Newest newest;
    std::error_code error;
    fs::recursive_directory_iterator it{
        directory, fs::directory_options::skip_permission_denied, error};
    constexpr int looked_at_max = 3000;
    int looked_at = 0;
    for (; !error && it != fs::recursive_directory_iterator{}; it.increment(error)) {
        if (++looked_at > looked_at_max) return {};
        if (it->path().filename() == "node_modules") it.disable_recursion_pending();
        struct stat status {};
        const bool counts = is_wanted(it->path()) && ::stat(it->path().c_str(), &status) == 0 &&
                            S_ISREG(status.st_mode) && status.st_mtim.tv_sec > newest.changed;
        if (counts) newest = {it->path().string(), status.st_mtim.tv_sec};
    }
    return newest;
}

// ---- Programs -----------------------------------------------------------------------------------

/// "/v1/prices" of "http://127.0.0.1:8000/v1/prices?day=1".
std::string path_of_url(const std::string& url) {
    const auto scheme = url.find("://");
    const auto begin = url.find('/', scheme == url.npos ? 0 : scheme + 3);
    if (begin == url.npos) return "";
    return url.substr(begin, url.find_first_of("?#", begin) - begin);
}

bool is_compiled(const fs::path& path) {
    static constexpr std::array endings{".go", ".rs", ".c", ".cc", ".cpp", ".cxx", ".zig"};
    const std::string ending = path.extension().string();
    return std::ranges::find(endings, std::string_view{ending}) != endings.end() &&
           !path.string().ends_with("_test.go");
}

/// "./bin/api" of this project, where it is a program that a compiler has made.
fs::path find_program(const ServiceScene& service) {
    const auto& words = service.fact.words;
    if (words.empty() || words.front().find('/') == std::string::npos) return {};
    const fs::path path = (fs::path{service.working_dir} / words.front()).lexically_normal();
    const bool is_own = path.string().starts_with(service.working_dir + "/");
    constexpr std::size_t magic_size = 4;
    return is_own && read_small(path.string(), magic_size) ==
                         "\x7f"
                         "ELF"
               ? path
               : fs::path{};
}

std::int64_t changed_at(const fs::path& path) {
    struct stat status {};
    const bool is_file = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    return is_file ? status.st_mtim.tv_sec : 0;
}

/// Where the file has the path as the end of a text: "\"GET /v1/prices\""; 0: nowhere.
int line_with_route(const fs::path& file, const std::string& path) {
    constexpr std::size_t size_max = 256 * 1024;
    std::istringstream lines{read_small(file.string(), size_max)};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        const auto at = line.find(path + '"');
        const bool begins =
            at != line.npos && at > 0 && (line[at - 1] == '"' || line[at - 1] == ' ');
        if (begins && line.find("//") > at) return number;
    }
    return 0;
}

/// The source that is newer than the program, and has the path: "cmd/api/main.go:5".
std::string find_newer_route(const fs::path& root, std::int64_t built, const std::string& path) {
    std::error_code error;
    fs::recursive_directory_iterator it{root, fs::directory_options::skip_permission_denied, error};
    constexpr int looked_at_max = 3000;
    int looked_at = 0;
    for (; !error && it != fs::recursive_directory_iterator{}; it.increment(error)) {
        if (++looked_at > looked_at_max) break;
        const std::string name = it->path().filename().string();
        const bool is_skipped =
            name == "node_modules" || name == "vendor" || name == "target" || name.starts_with('.');
        if (is_skipped) it.disable_recursion_pending();
        if (is_skipped || !is_compiled(it->path()) || changed_at(it->path()) <= built) continue;
        const int line = line_with_route(it->path(), path);
        if (line == 0) continue;
        return it->path().lexically_relative(root).string() + ":" + std::to_string(line);
    }
    return "";
}

void examine_program(const ServiceScene& service,
                     const std::string& url,
                     core::doctor::FolderFact& folder) {
    const std::string path = path_of_url(url);
    const fs::path program = find_program(service);
    constexpr std::size_t shortest = 3;  // "/" and the like are everywhere.
    if (program.empty() || path.size() < shortest) return;
    const std::string source = find_newer_route(service.working_dir, changed_at(program), path);
    constexpr std::size_t program_max = std::size_t{64} * 1024 * 1024;
    if (source.empty()) return;
    const std::string text = read_small(program.string(), program_max);
    if (text.size() == program_max || text.find(path) != text.npos) return;
    folder.build_directory = program.lexically_relative(service.working_dir).string();
    folder.newer_source = source;
}

}  // namespace

void examine_build(const ServiceScene& service,
                   const std::string& url,
                   core::doctor::FolderFact& folder) {
    examine_program(service, url, folder);
    if (!folder.newer_source.empty()) return;
    folder.build_directory = find_build_directory(service);
    const fs::path root = service.working_dir;
    if (folder.build_directory.empty() || !is_there(root / "src")) return;
    const Newest source = find_newest(root / "src", is_source);
    const Newest built =
        find_newest(root / folder.build_directory, [](const fs::path&) { return true; });
    const bool is_stale = !source.path.empty() && built.changed > 0;
    if (is_stale && source.changed > built.changed) {
        folder.newer_source = fs::path{source.path}.lexically_relative(root).string();
    }
}

}  // namespace devstack::diagnosis
