#include "diagnosis/database_paths.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t paths_max = 6;

/// "sqlite:///data/app.db" is relative, "sqlite:////srv/app.db" is not (SQLAlchemy and its like);
/// empty: it names no file.
std::string path_in(std::string value) {
    static const std::regex ending{R"(\.(?:db|sqlite|sqlite3)$)"};
    value = value.substr(0, value.find('?'));
    if (value.find("${") != value.npos || !std::regex_search(value, ending)) return "";
    const auto scheme = value.find(':');
    const bool is_url = scheme != value.npos && value.starts_with("sqlite");
    if (!is_url) return scheme == value.npos ? value : "";
    value.erase(0, scheme + 1);
    if (value.starts_with("///")) return value.substr(3);
    return value.starts_with("//") ? value.substr(2) : value;
}

class Search {
public:
    Search(const Scene& scene, const ServiceScene& service) : scene_{scene}, service_{service} {}

    std::vector<DatabasePath> run() {
        for (const core::doctor::VariableFact& it : service_.fact.variables) {
            const auto value = service_.environment.find(it.name);
            add(value == service_.environment.end() ? it.value : value->second, it.where);
        }
        for (const auto& [name, value] : service_.environment)
            add(value, name);
        const fs::path root = service_.working_dir;
        for (const char* folder : {".", "src", "app", "config", "lib"})
            read_folder((root / folder).lexically_normal());
        return std::move(found_);
    }

private:
    void add(const std::string& value, const std::string& where) {
        const std::string path = path_in(value);
        if (path.empty() || found_.size() >= paths_max) return;
        fs::path whole = (fs::path{service_.working_dir} / path).lexically_normal();
        const bool is_known = std::ranges::any_of(
            found_, [&](const DatabasePath& it) { return it.path == whole.string(); });
        if (!is_known) found_.push_back({whole.string(), where});
    }

    void read_folder(const fs::path& folder) {
        static constexpr std::array endings{".py",
                                            ".js",
                                            ".mjs",
                                            ".cjs",
                                            ".ts",
                                            ".rb",
                                            ".php",
                                            ".go",
                                            ".rs",
                                            ".json",
                                            ".yml",
                                            ".yaml",
                                            ".toml",
                                            ".ini"};
        constexpr int files_max = 60;
        std::error_code error;
        fs::directory_iterator it{folder, error};
        for (int files = 0; !error && it != fs::directory_iterator{}; it.increment(error)) {
            const std::string ending = it->path().extension().string();
            const bool is_written =
                std::ranges::find(endings, std::string_view{ending}) != endings.end();
            if (!is_written || ++files > files_max) continue;
            read_file(it->path());
        }
    }

    void read_file(const fs::path& path) {
        static const std::regex literal{
            R"re(["'`]([^"'`\s]+\.(?:db|sqlite3?)(?:\?[^"'`\s]*)?)["'`])re"};
        std::istringstream lines{read_small(path.string(), 64 * 1024)};
        int number = 0;
        for (std::string line; std::getline(lines, line);) {
            ++number;
            std::smatch found;
            constexpr std::size_t line_max = 1000;
            const bool may_be = line.size() < line_max && (line.find(".db") != line.npos ||
                                                           line.find(".sqlite") != line.npos);
            if (!may_be || !std::regex_search(line, found, literal)) continue;
            add(found[1].str(), scene_.shown(path.string()) + ":" + std::to_string(number));
        }
    }

    const Scene& scene_;
    const ServiceScene& service_;
    std::vector<DatabasePath> found_;
};

}  // namespace

std::vector<DatabasePath> find_database_paths(const Scene& scene, const ServiceScene& service) {
    return Search{scene, service}.run();
}

}  // namespace devstack::diagnosis
