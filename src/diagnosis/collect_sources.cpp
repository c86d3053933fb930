#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/python_source.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

namespace devstack::diagnosis {

namespace {

using core::doctor::SourceFact;

constexpr std::size_t files_max = 20;
constexpr std::size_t size_max = 1024 * 1024;
constexpr std::size_t line_size_max = 300;

/// By path: the lines that a dump names. Go's own are of no interest.
using Named = std::map<std::string, std::set<int>>;

/// As Debian has it: /usr/lib/go-1.19/src.
bool is_go_library(const std::string& path) {
    static const std::regex place{R"(/go-[\d.]+/src/)"};
    return std::regex_search(path, place);
}

void add_named(const std::string& text, Named& named) {
    static const std::regex place{R"(^\s+(/\S+\.go):(\d{1,7})\b)"};
    std::smatch found;
    if (!std::regex_search(text, found, place)) return;
    const std::string path = found[1].str();
    const bool is_own = path.find("/go/src/") == path.npos && path.find("/pkg/mod/") == path.npos &&
                        !is_go_library(path);
    if (is_own && (named.contains(path) || named.size() < files_max)) {
        named[path].insert(std::stoi(found[2].str()));
    }
}

bool is_about_locks(std::string_view line) {
    return line.starts_with("func ") || line.find("func(") != line.npos ||
           line.find("ock()") != line.npos;  // Lock, RLock, Unlock.
}

bool is_never(std::string_view /*line*/) {
    return false;
}

/// The lines that are wanted, and what else is telling.
SourceFact read_source(const std::string& path,
                       const std::set<int>& wanted,
                       bool (*is_telling)(std::string_view line)) {
    SourceFact fact;
    fact.file = path;
    std::istringstream lines{read_small(path, size_max)};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (!wanted.contains(number) && !is_telling(line)) continue;
        fact.lines.push_back({number, line.substr(0, line_size_max)});
    }
    return fact;
}

/// A program that was built with -trimpath names its files by its module: "shop/cart/cart.go" is
/// cart/cart.go where it works.
std::string find_go_source(int pid, const std::string& file) {
    if (file.starts_with('/')) return file;
    const std::string folder = platform::read_working_dir({}, pid) + "/";
    for (std::size_t at = 0; at != file.npos; at = file.find('/', at)) {
        if (at != 0) ++at;
        const std::string path = folder + file.substr(at);
        if (is_there(path)) return path;
    }
    return file;
}

/// Of those that wait for a lock first: there is not room for all.
void add_goroutines(const Facts& facts, Named& named) {
    for (const bool is_for_lock : {true, false}) {
        for (const core::doctor::GoroutineFact& it : facts.goroutines) {
            const bool waits = it.state.starts_with("sync.") || it.state == "semacquire";
            if (waits != is_for_lock) continue;
            for (const core::doctor::GoFrameFact& frame : it.frames) {
                const std::string path = find_go_source(it.pid, frame.file);
                add_named("\t" + path + ":" + std::to_string(frame.line), named);
            }
        }
    }
}

/// "rotate (sessions.py:41)", of a thread of a program that works in `folder`.
void add_place(const std::string& frame, const std::string& folder, Named& named) {
    static const std::regex place{R"( \((.+):(\d{1,7})\)$)"};
    std::smatch found;
    if (!std::regex_search(frame, found, place)) return;
    std::string path = found[1].str();
    if (!path.starts_with('/')) path.insert(0, folder + "/");
    if (named.contains(path) || named.size() < files_max)
        named[path].insert(std::stoi(found[2].str()));
}

/// As the process sees it, which may live in a container; or else as we do.
std::string read_source_of(int pid, const std::string& path) {
    const std::string inside =
        read_small("/proc/" + std::to_string(pid) + "/root" + path, size_max);
    return inside.empty() ? read_small(path, size_max) : inside;
}

void add_python_sources(Facts& facts) {
    Named named;
    std::map<std::string, int> pids;
    for (const core::doctor::ThreadFact& thread : facts.threads) {
        if (thread.language != "python") continue;
        const std::string folder = platform::read_working_dir({}, thread.pid);
        for (const std::string& frame : thread.frames)
            add_place(frame, folder, named);
        for (const auto& [path, lines] : named)
            pids.emplace(path, thread.pid);
    }
    for (const auto& [path, lines] : named) {
        SourceFact fact = pick_python_lines(path, read_source_of(pids[path], path), lines);
        if (!fact.lines.empty()) facts.sources.push_back(std::move(fact));
    }
}

/// Of Node.js the line itself: it may name what keeps the event loop.
void add_script_sources(Facts& facts) {
    Named named;
    for (const core::doctor::ThreadFact& thread : facts.threads) {
        if (thread.language != "node" || thread.frames.empty()) continue;
        const std::string folder = platform::read_working_dir({}, thread.pid);
        add_place(thread.frames.front(), folder, named);
    }
    for (const auto& [path, wanted] : named) {
        SourceFact fact = read_source(path, wanted, is_never);
        if (!fact.lines.empty()) facts.sources.push_back(std::move(fact));
    }
}

}  // namespace

void collect_sources(Facts& facts) {
    Named named;
    for (const core::doctor::DialFact& dial : facts.dials) {
        if (dial.purpose != "dump") continue;
        std::istringstream lines{dial.body};
        for (std::string line; std::getline(lines, line);)
            add_named(line, named);
    }
    for (const core::doctor::LogFact& log : facts.logs) {
        const bool has_dump = std::ranges::any_of(log.lines, [](const core::doctor::LineFact& it) {
            return it.text.starts_with("goroutine ");
        });
        if (!has_dump) continue;
        for (const core::doctor::LineFact& line : log.lines)
            add_named(line.text, named);
    }
    add_goroutines(facts, named);
    for (const auto& [path, wanted] : named) {
        SourceFact fact = read_source(path, wanted, is_about_locks);
        if (!fact.lines.empty()) facts.sources.push_back(std::move(fact));
    }
    add_python_sources(facts);
    add_script_sources(facts);
}

}  // namespace devstack::diagnosis
