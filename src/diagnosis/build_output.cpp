// Whether what a service runs was built before its sources were last changed.

#include "devstack/core/doctor/shell_words.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/node_package.hpp"

#include <algorithm>
#include <array>

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

}  // namespace

void examine_build(const ServiceScene& service, core::doctor::FolderFact& folder) {
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
