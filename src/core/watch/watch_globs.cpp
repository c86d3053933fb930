#include "devstack/core/watch/watch_globs.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include <fnmatch.h>

namespace devstack::core {

namespace {

using Names = std::vector<std::string>;

/// Directories that tools fill by themselves.
constexpr std::array excluded_directories{
    ".git",          ".hg",        ".svn",    ".devstack",   "node_modules", "__pycache__",
    ".venv",         "venv",       ".tox",    ".nox",        ".mypy_cache",  ".pytest_cache",
    ".ruff_cache",   ".eggs",      "dist",    "build",       "target",       "coverage",
    ".cache",        ".next",      ".nuxt",   ".svelte-kit", ".turbo",       ".parcel-cache",
    ".gradle",       ".idea",      ".vscode", ".terraform",  ".angular",     ".vite",
    "__snapshots__", ".nyc_output"};

/// Files that editors keep beside the one that is edited, and compiled ones.
constexpr std::array excluded_files{"*.swp",
                                    "*.swo",
                                    "*.swx",
                                    "*~",
                                    ".#*",
                                    "#*#",
                                    "4913",
                                    "*.tmp",
                                    "*.pyc",
                                    "*.pyo",
                                    "*___jb_tmp___",
                                    "*___jb_old___",
                                    ".goutputstream-*",
                                    ".DS_Store"};

Names split(std::string_view path) {
    Names names;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        if (!name.empty()) names.emplace_back(name);
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return names;
}

/// Where the brace that is opened at `open` is closed; npos if it is not.
std::size_t find_close(std::string_view glob, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < glob.size(); ++i) {
        if (glob[i] == '{') ++depth;
        if (glob[i] == '}' && --depth == 0) return i;
    }
    return std::string_view::npos;
}

/// One glob for each choice that its braces give.
std::vector<std::string> without_braces(const std::string& glob) {
    constexpr std::size_t globs_max = 256;  // Of one glob; more is nobody's wish.
    std::vector<std::string> done;
    std::vector<std::string> open{glob};
    while (!open.empty() && done.size() < globs_max) {
        const std::string next = open.back();
        open.pop_back();
        const std::size_t begin = next.find('{');
        const std::size_t end = begin == std::string::npos ? begin : find_close(next, begin);
        if (end == std::string::npos) {
            done.push_back(next);
            continue;
        }
        std::size_t from = begin + 1;
        int depth = 0;
        for (std::size_t i = from; i <= end; ++i) {
            if (next[i] == '{') ++depth;
            const bool is_end_of_choice = (next[i] == ',' && depth == 0) || i == end;
            if (next[i] == '}') --depth;
            if (!is_end_of_choice) continue;
            open.push_back(next.substr(0, begin) + next.substr(from, i - from) +
                           next.substr(end + 1));
            from = i + 1;
        }
    }
    return done;
}

bool is_wild(std::string_view name) {
    return name.find_first_of("*?[") != std::string_view::npos;
}

bool is_excluded(std::span<const std::string> names, bool is_file) {
    if (names.empty()) return false;
    const auto fits = [](const char* pattern, const std::string& name) {
        return ::fnmatch(pattern, name.c_str(), 0) == 0;
    };
    const auto directories = is_file ? names.first(names.size() - 1) : names;
    const bool is_in_excluded = std::ranges::any_of(directories, [](const std::string& name) {
        return std::ranges::find(excluded_directories, name) != excluded_directories.end();
    });
    if (is_in_excluded || !is_file) return is_in_excluded;
    return std::ranges::any_of(excluded_files,
                               [&](const char* pattern) { return fits(pattern, names.back()); });
}

/// Whether the whole path fits, or, if `is_prefix`, the beginning of one that does.
bool fits(std::span<const std::string> glob, std::span<const std::string> path, bool is_prefix) {
    if (path.empty()) {
        return is_prefix || std::ranges::all_of(glob, [](const auto& it) { return it == "**"; });
    }
    if (glob.empty()) return false;
    if (glob.front() == "**") {
        return fits(glob.subspan(1), path, is_prefix) || fits(glob, path.subspan(1), is_prefix);
    }
    if (::fnmatch(glob.front().c_str(), path.front().c_str(), 0) != 0) return false;
    return fits(glob.subspan(1), path.subspan(1), is_prefix);
}

/// How many names at its beginning are without wildcards.
std::size_t count_fixed(const Names& glob) {
    const auto wild = std::ranges::find_if(glob, is_wild);
    return static_cast<std::size_t>(wild - glob.begin());
}

bool is_same_start(const Names& glob, const Names& path) {
    const std::size_t count = std::min(count_fixed(glob), path.size());
    return std::equal(
        glob.begin(), glob.begin() + static_cast<std::ptrdiff_t>(count), path.begin());
}

/// The part of the path that the glob does not name word by word: there exclusions hold.
std::span<const std::string> unnamed_part(const Names& glob, const Names& path) {
    return std::span{path}.subspan(std::min(count_fixed(glob), path.size()));
}

}  // namespace

WatchGlobs::WatchGlobs(const std::vector<std::string>& globs) {
    for (const std::string& glob : globs) {
        for (const std::string& one : without_braces(glob)) {
            Names names = split(one);
            if (names.empty()) continue;
            const bool is_plain = !is_wild(names.back());
            // `**` twice in a row is one, and costs time.
            names.erase(
                std::unique(names.begin(),
                            names.end(),
                            [](const auto& a, const auto& b) { return a == "**" && b == "**"; }),
                names.end());
            globs_.push_back(names);
            if (!is_plain) continue;
            globs_.back().emplace_back("**");
        }
    }
}

bool WatchGlobs::matches(std::string_view path) const {
    const Names names = split(path);
    return std::ranges::any_of(globs_, [&](const Names& glob) {
        return is_same_start(glob, names) && names.size() >= count_fixed(glob) &&
               !is_excluded(unnamed_part(glob, names), true) && fits(glob, names, false);
    });
}

bool WatchGlobs::may_hold(std::string_view directory) const {
    const Names names = split(directory);
    return std::ranges::any_of(globs_, [&](const Names& glob) {
        return is_same_start(glob, names) && !is_excluded(unnamed_part(glob, names), false) &&
               fits(glob, names, true);
    });
}

std::vector<std::string> WatchGlobs::roots() const {
    std::set<std::string> roots;
    for (const Names& glob : globs_) {
        std::string root;
        for (std::size_t i = 0; i < count_fixed(glob); ++i)
            root += "/" + glob[i];
        roots.insert(root.empty() ? "/" : root);
    }
    return {roots.begin(), roots.end()};
}

}  // namespace devstack::core
