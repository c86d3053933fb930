#include "devstack/core/doctor/proxy_paths.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/file_status.hpp"

namespace devstack::diagnosis {

namespace {

using core::doctor::PathFact;

std::string kind_of(mode_t mode) {
    if (S_ISREG(mode)) return "file";
    if (S_ISDIR(mode)) return "directory";
    return S_ISSOCK(mode) ? "socket" : "other";
}

}  // namespace

void collect_paths(Facts& facts) {
    for (const std::string& path : core::doctor::find_paths_of_interest(facts)) {
        PathFact fact;
        fact.path = path;
        if (const auto status = status_of(path)) {
            fact.kind = kind_of(status->st_mode);
            fact.mode = render_mode(status->st_mode);
            fact.owner = platform::user_name(status->st_uid);
            fact.group = group_name(status->st_gid);
        }
        facts.paths.push_back(std::move(fact));
    }
}

}  // namespace devstack::diagnosis
