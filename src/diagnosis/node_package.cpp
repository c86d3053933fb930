#include "diagnosis/node_package.hpp"

#include "diagnosis/collectors.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::FolderFact;
using Json = nlohmann::json;

struct LockFile {
    const char* name;
    const char* install;
};
constexpr std::array<LockFile, 4> lock_files{{{"package-lock.json", "npm ci"},
                                              {"pnpm-lock.yaml", "pnpm install"},
                                              {"yarn.lock", "yarn install"},
                                              {"bun.lockb", "bun install"}}};

std::optional<Json> load_package(const fs::path& directory) {
    constexpr std::size_t package_size_max = 1024 * 1024;
    const std::string text = read_small((directory / "package.json").string(), package_size_max);
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    return json;
}

/// `directory` or the nearest one above with a package.json.
std::optional<fs::path> find_package(fs::path directory, const std::string& project_dir) {
    for (;;) {
        if (is_there(directory / "package.json")) return directory;
        if (directory == project_dir || !directory.has_relative_path()) return std::nullopt;
        directory = directory.parent_path();
    }
}

bool is_installed(fs::path directory, const std::string& name) {
    for (; directory.has_relative_path(); directory = directory.parent_path()) {
        if (is_there(directory / "node_modules" / name)) return true;
    }
    return false;
}

void list_missing(const Json& package, const fs::path& directory, FolderFact& folder) {
    constexpr std::size_t missing_max = 20;
    for (const char* kind : {"dependencies", "devDependencies"}) {
        const auto found = package.find(kind);
        if (found == package.end() || !found->is_object()) continue;
        for (const auto& item : found->items()) {
            if (folder.not_installed.size() >= missing_max) return;
            if (!is_installed(directory, item.key())) folder.not_installed.push_back(item.key());
        }
    }
}

void examine_lock(const fs::path& directory, FolderFact& folder) {
    folder.install_command = "npm install";
    for (const LockFile& it : lock_files) {
        if (!is_there(directory / it.name)) continue;
        folder.lock_file = it.name;
        folder.install_command = it.install;
        break;
    }
    // npm writes down what it has installed; a lock that is younger has not been installed.
    std::error_code error;
    const auto installed =
        fs::last_write_time(directory / "node_modules" / ".package-lock.json", error);
    if (error || folder.lock_file.empty()) return;
    const auto locked = fs::last_write_time(directory / folder.lock_file, error);
    folder.is_lock_newer = !error && locked > installed + std::chrono::minutes{1};
}

}  // namespace

void examine_node_package(const std::string& directory,
                          const std::string& project_dir,
                          FolderFact& folder) {
    const auto path = find_package(directory, project_dir);
    const auto package = path ? load_package(*path) : std::nullopt;
    if (!package) return;
    folder.has_package_json = true;
    const auto type = package->find("type");
    folder.is_module_package = type != package->end() && *type == "module";
    folder.has_node_modules = is_there(*path / "node_modules");
    examine_lock(*path, folder);
    list_missing(*package, *path, folder);
    for (const char* name : {"migrate", "db:migrate", "migrate:deploy", "migration:run"}) {
        if (find_package_script(path->string(), name).empty()) continue;
        folder.migrate_command = "npm run " + std::string{name};
        break;
    }
}

std::string find_package_script(const std::string& directory, const std::string& name) {
    const auto package = load_package(directory);
    if (!package) return "";
    const auto scripts = package->find("scripts");
    if (scripts == package->end() || !scripts->is_object()) return "";
    const auto script = scripts->find(name);
    if (script == scripts->end() || !script->is_string()) return "";
    return script->get<std::string>();
}

std::string find_run_script(const ServiceScene& service) {
    const auto& words = service.fact.words;
    const bool is_runner = words.size() > 1 && (words[0] == "npm" || words[0] == "yarn" ||
                                                words[0] == "pnpm" || words[0] == "bun");
    if (!is_runner) return "";
    const std::string& name = words[1] == "run" && words.size() > 2 ? words[2] : words[1];
    return find_package_script(service.working_dir, name);
}

}  // namespace devstack::diagnosis
