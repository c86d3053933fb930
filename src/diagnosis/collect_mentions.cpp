#include "devstack/base/time.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/platform/clock.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;

constexpr std::size_t files_max = 400;
constexpr std::size_t size_max = 64 * 1024;
constexpr int depth_max = 4;
constexpr auto time_max = 60ms;
constexpr std::size_t mentions_max = 10;

/// The ports of which a log complains: refused, or in use.
std::set<int> find_ports(const core::doctor::LogFact& log) {
    std::set<int> ports;
    for (const auto& [port, refusal] : core::doctor::find_refusals(log))
        ports.insert(port);
    for (const core::doctor::LineFact& line : log.lines)
        ports.insert(core::doctor::port_in_use(line.text));
    ports.erase(0);
    return ports;
}

/// Source and configuration that people write.
bool is_written(const fs::path& path) {
    static constexpr std::array endings{
        ".go",   ".py",  ".js", ".mjs", ".cjs",  ".ts",   ".rb",   ".php",        ".java", ".kt",
        ".cs",   ".rs",  ".pl", ".pm",  ".psgi", ".ex",   ".exs",  ".yml",        ".ini",  ".cfg",
        ".conf", ".xml", ".ru", ".c",   ".cpp",  ".toml", ".yaml", ".properties", ".env"};
    const std::string name = path.filename().string();
    const std::string ending = path.extension().string();
    return name.starts_with(".env") ||
           std::ranges::find(endings, std::string_view{ending}) != endings.end();
}

/// What others have written, or programs.
bool is_skipped(const std::string& name) {
    static constexpr std::array names{"node_modules",
                                      "vendor",
                                      "target",
                                      "build",
                                      "dist",
                                      "venv",
                                      "__pycache__",
                                      "site-packages"};
    return name.starts_with('.') || std::ranges::find(names, name) != names.end();
}

bool names_port(const std::string& line, const std::string& port) {
    const auto is_digit = [&](std::size_t at) {
        return at < line.size() && std::isdigit(static_cast<unsigned char>(line[at])) != 0;
    };
    for (auto at = line.find(port); at != line.npos; at = line.find(port, at + 1)) {
        const bool is_part = (at > 0 && is_digit(at - 1)) || is_digit(at + port.size());
        if (!is_part) return true;
    }
    return false;
}

class Search {
public:
    explicit Search(Facts& facts) : facts_{facts}, end_{platform::now() + time_max} {}

    void look(const core::doctor::ServiceFact& service, const std::set<int>& ports) {
        std::error_code failed;
        const fs::path root = service.working_dir;
        const auto options = fs::directory_options::skip_permission_denied;
        fs::recursive_directory_iterator it{root, options, failed};
        for (; !failed && it != fs::recursive_directory_iterator{}; it.increment(failed)) {
            if (files_ >= files_max || platform::now() > end_) return;
            const fs::path& path = it->path();
            std::error_code ignored;
            if (it->is_directory(ignored)) {
                if (it.depth() >= depth_max || is_skipped(path.filename().string())) {
                    it.disable_recursion_pending();
                }
            } else if (is_written(path)) {
                ++files_;
                look_into(path, path.lexically_relative(root).string(), service.name, ports);
            }
        }
    }

private:
    void look_into(const fs::path& path,
                   const std::string& shown,
                   const std::string& service,
                   const std::set<int>& ports) {
        std::istringstream lines{read_small(path.string(), size_max)};
        int number = 0;
        for (std::string line; std::getline(lines, line);) {
            ++number;
            for (const int port : ports) {
                if (facts_.mentions.size() >= mentions_max) return;
                if (!names_port(line, std::to_string(port))) continue;
                facts_.mentions.push_back({service, port, shown + ":" + std::to_string(number)});
            }
        }
    }

    Facts& facts_;
    TimePoint end_;
    std::size_t files_ = 0;
};

}  // namespace

void collect_mentions(Facts& facts) {
    Search search{facts};
    for (const core::doctor::LogFact& log : facts.logs) {
        const auto service =
            std::ranges::find(facts.services, log.service, &core::doctor::ServiceFact::name);
        const std::set<int> ports = find_ports(log);
        if (service != facts.services.end() && !ports.empty()) search.look(*service, ports);
    }
}

}  // namespace devstack::diagnosis
