#include "devstack/base/time.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/core/doctor/unresolved_host.hpp"
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

struct Wanted {
    std::set<int> ports;
    std::set<std::string> files;
    std::set<int> listened;  ///< Ports that count where a line is about listening.
    bool is_empty() const { return ports.empty() && files.empty() && listened.empty(); }
};

/// The ports of which a log complains: refused, or in use.
std::set<int> find_ports(const core::doctor::LogFact& log) {
    std::set<int> ports;
    for (const auto& [port, refusal] : core::doctor::find_refusals(log))
        ports.insert(port);
    for (const core::doctor::LineFact& line : log.lines) {
        ports.insert(core::doctor::port_in_use(line.text));
        ports.insert(core::doctor::awaited_port(line.text));
    }
    ports.erase(0);
    return ports;
}

/// It says that its address is in use, and not which one: then it is one of those that others hold.
std::set<int> find_held_ports(const core::doctor::LogFact& log, const Facts& facts) {
    const bool is_told = std::ranges::any_of(log.lines, [](const core::doctor::LineFact& it) {
        const bool is_in_use = it.text.find("eaddrinuse") != it.text.npos ||
                               it.text.find("ddress already in use") != it.text.npos;
        return is_in_use && core::doctor::port_in_use(it.text) == 0;
    });
    std::set<int> ports;
    if (!is_told) return ports;
    for (const core::doctor::ListenerFact& it : facts.listeners) {
        if (it.service != log.service) ports.insert(it.port);
    }
    return ports;
}

/// Not of a URL that it only asks.
bool is_about_listening(const std::string& line) {
    if (line.find("://") != line.npos) return false;
    constexpr std::array words{"listen", "Listen", "bind", "port", "PORT", "serve", "Serve"};
    return std::ranges::any_of(words, [&](const char* it) { return line.find(it) != line.npos; });
}

/// Source and configuration that people write.
bool is_written(const fs::path& path) {
    static constexpr std::array endings{
        ".go",         ".py",  ".js",   ".mjs", ".cjs", ".ts",   ".rb",  ".php",  ".java",
        ".kt",         ".cs",  ".rs",   ".pl",  ".pm",  ".psgi", ".ex",  ".exs",  ".yml",
        ".ini",        ".cfg", ".conf", ".xml", ".ru",  ".c",    ".cpp", ".toml", ".yaml",
        ".properties", ".env", ".json", ".sh",  ".tsx", ".jsx"};
    const std::string name = path.filename().string();
    const std::string ending = path.extension().string();
    return name.starts_with(".env") ||
           std::ranges::find(endings, std::string_view{ending}) != endings.end();
}

std::set<std::string> find_wanted_names(const std::string& service, const Facts& facts) {
    std::set<std::string> names;
    for (const core::doctor::FileFact& it : facts.files) {
        if (it.service != service || it.trouble != "missing" || !it.is_missing) continue;
        names.insert(fs::path{it.path}.filename().string());
    }
    for (const core::doctor::LogFact& log : facts.logs) {
        if (log.service != service) continue;
        for (const core::doctor::LineFact& line : log.lines)
            names.insert(core::doctor::find_unresolved_host(line.text));
    }
    names.erase("");
    // What closes a connection of Go's net/http without an answer.
    const bool is_closed = std::ranges::any_of(facts.dials, [](const core::doctor::DialFact& it) {
        return it.id == "asked" && it.error == "closed the connection without an answer";
    });
    const bool is_go =
        std::ranges::any_of(facts.processes, [&](const core::doctor::ProcessFact& it) {
            return it.service == service && it.runtime == "go";
        });
    if (is_closed && is_go) names.insert("WriteTimeout");
    return names;
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

bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_of_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// With nothing of its kind before or behind it.
bool names(const std::string& line, const std::string& word, bool (*is_kind)(char)) {
    for (auto at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool is_part =
            (at > 0 && is_kind(line[at - 1])) || (end < line.size() && is_kind(line[end]));
        if (!is_part) return true;
    }
    return false;
}

/// Errors that say what is wrong, and not where it is written.
std::set<std::string> find_told_names(const core::doctor::LogFact& log) {
    std::set<std::string> found;
    for (const core::doctor::LineFact& it : log.lines) {
        const auto end = it.text.find("\" needs an import a");
        const auto begin = end == it.text.npos ? end : it.text.rfind('/', end);
        if (begin != it.text.npos) found.insert(it.text.substr(begin + 1, end - begin - 1));
        // Of Flask.
        const bool is_key = it.text.find("because no secret key was set") != it.text.npos;
        if (is_key) found.insert("SECRET_KEY");
    }
    found.erase("");
    return found;
}

class Search {
public:
    explicit Search(Facts& facts) : facts_{facts}, end_{platform::now() + time_max} {}

    void look(const core::doctor::ServiceFact& service, const Wanted& wanted) {
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
                look_into(path, path.lexically_relative(root).string(), service.name, wanted);
            }
        }
    }

private:
    void look_into(const fs::path& path,
                   const std::string& shown,
                   const std::string& service,
                   const Wanted& wanted) {
        std::istringstream lines{read_small(path.string(), size_max)};
        int number = 0;
        const bool is_profile = path.filename() == "devstack.toml";  // Others' commands, too.
        for (std::string line; std::getline(lines, line);) {
            const std::string where = shown + ":" + std::to_string(++number);
            for (const int port : wanted.ports) {
                if (names(line, std::to_string(port), is_digit)) add({service, port, where, ""});
            }
            for (const int port : wanted.listened) {
                if (!is_profile && is_about_listening(line) &&
                    names(line, std::to_string(port), is_digit)) {
                    add({service, port, where, ""});
                }
            }
            for (const std::string& file : wanted.files) {
                if (names(line, file, is_of_name)) add({service, 0, where, file});
            }
        }
    }
    void add(core::doctor::MentionFact mention) {
        if (facts_.mentions.size() < mentions_max) facts_.mentions.push_back(std::move(mention));
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
        Wanted wanted{
            find_ports(log), find_wanted_names(log.service, facts), find_held_ports(log, facts)};
        wanted.files.merge(find_told_names(log));
        if (service != facts.services.end() && !wanted.is_empty()) search.look(*service, wanted);
    }
}

}  // namespace devstack::diagnosis
