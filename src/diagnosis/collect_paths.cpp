#include "devstack/core/doctor/proxy_paths.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <array>

#include <grp.h>
#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

using core::doctor::PathFact;

std::string kind_of(mode_t mode) {
    if (S_ISREG(mode)) return "file";
    if (S_ISDIR(mode)) return "directory";
    return S_ISSOCK(mode) ? "socket" : "other";
}

/// As ls(1) shows it.
std::string render_mode(mode_t mode) {
    std::string text = S_ISSOCK(mode) ? "s" : S_ISDIR(mode) ? "d" : "-";
    constexpr std::array<mode_t, 9> bits{0400, 0200, 0100, 0040, 0020, 0010, 0004, 0002, 0001};
    for (std::size_t i = 0; i < bits.size(); ++i)
        text += (mode & bits[i]) != 0 ? "rwx"[i % 3] : '-';
    return text;
}

std::string group_name(gid_t id) {
    std::array<char, 4096> buffer{};
    struct group entry {};
    struct group* found = nullptr;
    ::getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::to_string(id) : found->gr_name;
}

}  // namespace

void collect_paths(Facts& facts) {
    for (const std::string& path : core::doctor::find_paths_of_interest(facts)) {
        PathFact fact;
        fact.path = path;
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0) {
            fact.kind = kind_of(status.st_mode);
            fact.mode = render_mode(status.st_mode);
            fact.owner = platform::user_name(status.st_uid);
            fact.group = group_name(status.st_gid);
        }
        facts.paths.push_back(std::move(fact));
    }
}

}  // namespace devstack::diagnosis
