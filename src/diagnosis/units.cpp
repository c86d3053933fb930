#include "diagnosis/units.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;

/// By the links in NAME.wants and NAME.requires.
std::set<std::string> find_enabled(const std::string& directory) {
    std::set<std::string> enabled;
    std::error_code error;
    for (fs::directory_iterator it{directory, error}, end; !error && it != end;
         it.increment(error)) {
        const std::string ending = it->path().extension().string();
        if (ending != ".wants" && ending != ".requires") continue;
        std::error_code unreadable;
        for (fs::directory_iterator link{it->path(), unreadable}; !unreadable && link != end;
             link.increment(unreadable)) {
            enabled.insert(link->path().filename().string());
        }
    }
    return enabled;
}

std::vector<int> read_pids(const std::string& cgroup) {
    std::istringstream numbers{read_small(cgroup + "/cgroup.procs", 64 * 1024)};
    std::vector<int> pids;
    for (int pid = 0; numbers >> pid;)
        pids.push_back(pid);
    std::ranges::sort(pids);
    return pids;
}

}  // namespace

std::vector<Unit> find_units(const UnitPlaces& places) {
    constexpr std::size_t units_max = 200;
    std::vector<Unit> units;
    std::error_code unreadable;
    if (!fs::is_directory(places.cgroups, unreadable)) return units;
    for (const std::string& directory : places.directories) {
        const auto enabled = find_enabled(directory);
        std::error_code error;
        for (fs::directory_iterator it{directory, error}, end; !error && it != end;
             it.increment(error)) {
            const std::string name = it->path().filename().string();
            const bool is_service =
                name.ends_with(".service") && name.find('@') == name.npos && enabled.contains(name);
            if (!is_service || units.size() == units_max) continue;
            Unit unit;
            unit.name = name;
            unit.file = it->path().string();
            unit.said = core::doctor::parse_unit(read_small(unit.file, 64 * 1024));
            unit.pids = read_pids(places.cgroups + "/" + name);
            units.push_back(std::move(unit));
        }
    }
    return units;
}

}  // namespace devstack::diagnosis
