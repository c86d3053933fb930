// The Python modules of a service's own, as its command may name them.

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ModuleFact;

constexpr std::size_t modules_max = 30;

bool is_about_python(const std::vector<std::string>& words) {
    return std::ranges::any_of(words, [](const std::string& it) {
        constexpr std::array<std::string_view, 7> names{
            "python", "gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve"};
        const std::string base = fs::path{it}.filename().string();
        return std::ranges::any_of(names,
                                   [&](std::string_view name) { return base.starts_with(name); });
    });
}

/// What it defines at its top level, without what is private: functions, classes, values.
std::vector<std::string> find_names(const fs::path& file) {
    static const std::regex definition{
        R"(^(?:(?:async )?def |class )?([A-Za-z]\w*)\s*(?:[(:]|=[^=]|:.*=))"};
    static const std::regex keyword{R"(^(?:if|for|while|with|try|else|elif|return|import|from)\b)"};
    constexpr std::size_t names_max = 8;
    std::vector<std::string> names;
    std::istringstream lines{read_small(file.string(), 64 * 1024)};
    for (std::string line; std::getline(lines, line) && names.size() < names_max;) {
        std::smatch found;
        line = line.substr(0, 200);
        const bool is_definition =
            !std::regex_search(line, keyword) && std::regex_search(line, found, definition);
        if (!is_definition) continue;
        const std::string name = found[1].str();
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    return names;
}

void add_modules(const fs::path& folder,
                 const std::string& package,
                 int depth,
                 const std::string& service,
                 std::vector<ModuleFact>& modules) {
    constexpr int depth_max = 2;
    std::vector<fs::path> paths;
    std::error_code error;
    for (fs::directory_iterator it{folder, error}; !error && it != fs::directory_iterator{};
         it.increment(error)) {
        paths.push_back(it->path());
    }
    std::ranges::sort(paths);
    for (const fs::path& path : paths) {
        const std::string name = path.stem().string();
        if (modules.size() >= modules_max || name.starts_with('_')) continue;
        if (path.extension() != ".py") continue;
        modules.push_back({service, package + name, find_names(path)});
    }
    for (const fs::path& path : paths) {
        const std::string name = path.filename().string();
        std::error_code ignored;
        const bool is_other = name.starts_with('.') || name.find("venv") != name.npos ||
                              name == "node_modules" || name == "env" || name == "__pycache__" ||
                              name == "tests" || name.find('.') != name.npos;
        if (is_other || depth >= depth_max || !fs::is_directory(path, ignored)) continue;
        const fs::path init = path / "__init__.py";
        if (fs::exists(init, ignored) && modules.size() < modules_max) {
            modules.push_back({service, package + name, find_names(init)});
        }
        add_modules(path, package + name + ".", depth + 1, service, modules);
    }
}

}  // namespace

void examine_modules(const ServiceScene& service, Facts& facts) {
    if (!is_about_python(service.fact.words)) return;
    std::vector<ModuleFact> modules;
    add_modules(service.working_dir, "", 0, service.fact.name, modules);
    std::ranges::move(modules, std::back_inserter(facts.modules));
}

}  // namespace devstack::diagnosis
