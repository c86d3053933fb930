#include "diagnosis/node_package.hpp"

#include "diagnosis/collectors.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
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

// ---- Workspaces
// ----------------------------------------------------------------------------------

/// The patterns of package.json (npm, yarn, bun), or of pnpm-workspace.yaml: "packages/*".
std::vector<std::string> workspace_patterns(const fs::path& directory) {
    std::vector<std::string> patterns;
    const auto package = load_package(directory);
    const Json* list = nullptr;
    if (package && package->contains("workspaces")) {
        list = &(*package)["workspaces"];
        if (list->is_object() && list->contains("packages")) list = &(*list)["packages"];
    }
    for (const Json& it : list != nullptr && list->is_array() ? *list : Json::array()) {
        if (it.is_string()) patterns.push_back(it.get<std::string>());
    }
    static const std::regex item{R"re(^\s*-\s*['"]?([^'"#\s]+)['"]?)re"};
    std::istringstream lines{read_small((directory / "pnpm-workspace.yaml").string())};
    for (std::string line; std::getline(lines, line);) {
        std::smatch found;
        if (std::regex_search(line, found, item)) patterns.push_back(found[1].str());
    }
    return patterns;
}

/// Where each package of the workspace is, by its name.
std::map<std::string, fs::path> list_workspace(const fs::path& root) {
    constexpr std::size_t packages_max = 200;
    std::map<std::string, fs::path> packages;
    const auto add = [&](const fs::path& directory) {
        const auto package =
            packages.size() < packages_max ? load_package(directory) : std::nullopt;
        if (!package || !package->contains("name")) return;
        const Json& name = (*package)["name"];
        if (name.is_string()) packages[name.get<std::string>()] = directory;
    };
    for (std::string pattern : workspace_patterns(root)) {
        const auto star = pattern.find("/*");
        if (star == pattern.npos) {
            add(root / pattern);
            continue;
        }
        std::error_code error;
        fs::directory_iterator it{root / pattern.substr(0, star), error};
        for (; !error && it != fs::directory_iterator{}; it.increment(error))
            add(it->path());
    }
    return packages;
}

std::optional<fs::path> find_workspace(fs::path directory, const std::string& project_dir) {
    while (directory != project_dir && directory.has_relative_path()) {
        directory = directory.parent_path();
        if (!workspace_patterns(directory).empty()) return directory;
    }
    return std::nullopt;
}

void examine_lock(const fs::path& directory, FolderFact& folder);

/// In a workspace packages are installed, and linked to each other, at its root.
void examine_workspace(const fs::path& directory,
                       const std::string& project_dir,
                       FolderFact& folder) {
    const auto root = find_workspace(directory, project_dir);
    if (!root) return;
    const fs::path shown = root->lexically_relative(project_dir);
    folder.workspace = shown.empty() || *shown.begin() == ".." ? root->string() : shown.string();
    folder.has_node_modules = folder.has_node_modules || is_there(*root / "node_modules");
    examine_lock(*root, folder);
    const auto packages = list_workspace(*root);
    for (const std::string& name : folder.not_installed) {
        const auto found = packages.find(name);
        if (found == packages.end()) continue;
        folder.not_linked.push_back(name + " (" +
                                    found->second.lexically_relative(project_dir).string() + ")");
    }
}

// ---- Versions
// ------------------------------------------------------------------------------------

void examine_version(fs::path directory,
                     const Json& package,
                     const std::string& project_dir,
                     FolderFact& folder) {
    const auto engines = package.find("engines");
    const bool has_engine = engines != package.end() && engines->is_object() &&
                            engines->contains("node") && (*engines)["node"].is_string();
    if (has_engine) {
        folder.node_wanted = (*engines)["node"].get<std::string>();
        folder.node_wanted_in = (directory / "package.json").lexically_relative(project_dir);
        return;
    }
    for (;;) {
        for (const char* name : {".nvmrc", ".node-version"}) {
            std::istringstream words{read_small((directory / name).string(), 256)};
            if (!(words >> folder.node_wanted)) continue;
            folder.node_wanted_in = (directory / name).lexically_relative(project_dir);
            return;
        }
        if (directory == project_dir || !directory.has_relative_path()) return;
        directory = directory.parent_path();
    }
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
    examine_workspace(*path, project_dir, folder);
    examine_version(*path, *package, project_dir, folder);
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
