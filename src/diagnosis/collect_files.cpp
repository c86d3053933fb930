// The files of which logs complain: whether they are there, and what keeps the service's user from
// them. By the modes alone (path_resolution(7)): of lists of rights (acl(5)) nothing is known here.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_files.hpp"
#include "devstack/platform/accounts.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/database_paths.hpp"
#include "diagnosis/file_status.hpp"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include <sys/statvfs.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::FileComplaint;
using core::doctor::FileFact;

constexpr std::size_t files_max = 12;

struct Person {
    std::uint32_t user = 0;
    std::set<std::uint32_t> groups;
};

Person find_person(std::uint32_t user) {
    Person person{user, {}};
    if (const auto known = platform::find_user(user)) {
        person.groups = {known->groups.begin(), known->groups.end()};
        person.groups.insert(known->group);
    }
    return person;
}

constexpr unsigned to_read = 4;
constexpr unsigned to_write = 2;
constexpr unsigned to_enter = 1;

bool may(const struct stat& status, const Person& person, unsigned what) {
    if (person.user == 0) return true;
    if (status.st_uid == person.user) return ((status.st_mode >> 6U) & what) != 0;
    if (person.groups.contains(status.st_gid)) return ((status.st_mode >> 3U) & what) != 0;
    return (status.st_mode & what) != 0;
}

/// From the root to the path itself.
std::vector<std::string> steps_to(const fs::path& path) {
    std::vector<std::string> steps;
    fs::path step;
    for (const fs::path& part : path) {
        step /= part;
        steps.push_back(step.string());
    }
    return steps;
}

class Files {
public:
    Files(const Scene& scene, Facts& facts) : scene_{scene}, facts_{facts} {}

    void collect() {
        for (const core::doctor::LogFact& log : facts_.logs) {
            const ServiceScene* const service = scene_.find(log.service);
            if (service == nullptr) continue;
            for (auto line = log.lines.rbegin(); line != log.lines.rend(); ++line) {
                look(*service, core::doctor::find_file_complaint(line->text));
                look_for_rackup(*service, line->text);
                look_for_class(*service, core::doctor::find_missing_class(line->text));
            }
        }
    }

private:
    void look(const ServiceScene& service, const FileComplaint& complaint) {
        if (complaint.trouble.empty() || facts_.files.size() >= files_max) return;
        if (complaint.trouble == "database") {
            // Each line says the same; one walk is enough.
            if (!walked_.insert(service.fact.name).second) return;
            for (const std::string& path : find_databases(service.working_dir))
                examine(service, complaint, path);
            return;
        }
        if (complaint.trouble == "database-open") {
            if (!walked_.insert(service.fact.name).second) return;
            for (const DatabasePath& it : find_database_paths(scene_, service))
                examine_unopened(service, complaint, it);
            return;
        }
        const fs::path path = fs::path{service.working_dir} / complaint.path;
        examine(service, complaint, path.lexically_normal());
    }

    /// Puma does not say which file it misses.
    void look_for_rackup(const ServiceScene& service, const std::string& line) {
        const std::string told = "No application configured, nothing to run";
        if (line.find(told) == line.npos || facts_.files.size() >= files_max) return;
        examine(service, {told, "missing"}, fs::path{service.working_dir} / "config.ru");
    }

    /// Where Composer looks for it, by the table psr-4 of composer.json.
    void look_for_class(const ServiceScene& service, const std::string& name) {
        if (name.empty() || facts_.files.size() >= files_max) return;
        static const std::regex entry{R"re("([\w\\]+)\\\\"\s*:\s*\[?\s*"([^"]*)")re"};
        fs::path folder = service.working_dir;
        for (const fs::path& place : {folder, folder.parent_path()}) {
            const std::string text = read_small((place / "composer.json").string());
            for (std::sregex_iterator it{text.begin(), text.end(), entry}, end; it != end; ++it) {
                std::string prefix =
                    std::regex_replace((*it)[1].str(), std::regex{R"(\\\\)"}, "\\");
                prefix += "\\";
                if (!name.starts_with(prefix)) continue;
                std::string rest = name.substr(prefix.size());
                std::ranges::replace(rest, '\\', '/');
                const fs::path path = place / (*it)[2].str() / (rest + ".php");
                examine(service, {name, "class"}, path.lexically_normal());
                return;
            }
        }
    }

    void examine(const ServiceScene& service,
                 const FileComplaint& complaint,
                 const fs::path& path) {
        FileFact fact;
        fact.service = service.fact.name;
        fact.word = complaint.path;
        fact.trouble = complaint.trouble;
        fact.path = scene_.shown(path.string());
        const bool is_known = std::ranges::any_of(facts_.files, [&](const FileFact& it) {
            return it.service == fact.service && it.path == fact.path && it.trouble == fact.trouble;
        });
        if (is_known) return;
        look_for_gap(path, fact);
        if (fact.trouble == "read-only") {
            find_mount(path, fact);
        } else {
            find_barrier(path, find_person(service.fact.user_id), fact);
        }
        // Of a database whose files may be written another one was meant.
        if (fact.trouble == "database" && fact.barrier.empty()) return;
        facts_.files.push_back(std::move(fact));
    }

    /// SQLite makes the file, and no directories; where it may not write it opens none in WAL mode.
    void examine_unopened(const ServiceScene& service,
                          const FileComplaint& complaint,
                          const DatabasePath& database) {
        const fs::path path = database.path;
        FileFact fact;
        fact.service = service.fact.name;
        fact.word = complaint.path;
        fact.trouble = complaint.trouble;
        fact.path = scene_.shown(path.string());
        look_for_gap(path.parent_path(), fact);
        if (!fact.is_missing) {
            find_mount(path, fact);
            look_for_gap(path, fact);
            if (fact.barrier.empty()) find_barrier(path, find_person(service.fact.user_id), fact);
            fact.first_missing.clear();
        }
        if (fact.barrier.empty() && fact.first_missing.empty()) return;
        facts_.mentions.push_back({fact.service, 0, database.where, path.filename().string()});
        facts_.files.push_back(std::move(fact));
    }

    void look_for_gap(const fs::path& path, FileFact& fact) {
        for (const std::string& step : steps_to(path)) {
            if (status_of(step)) continue;
            fact.is_missing = true;
            fact.first_missing = scene_.shown(step);
            std::error_code none;
            const fs::path target = fs::read_symlink(step, none);
            if (none) {
                find_nearest(step, fact);
            } else {
                fact.leads_to = target.string();
            }
            return;
        }
    }

    void find_nearest(const fs::path& missing, FileFact& fact) {
        std::vector<std::string> siblings;
        std::error_code error;
        constexpr std::size_t siblings_max = 2000;
        for (fs::directory_iterator it{missing.parent_path(), error};
             !error && it != fs::directory_iterator{} && siblings.size() < siblings_max;
             it.increment(error)) {
            siblings.push_back(it->path().filename().string());
        }
        const std::string name = missing.filename().string();
        if (const auto like = closest_match(name, siblings)) {
            fact.nearest = scene_.shown((missing.parent_path() / *like).string());
        } else {
            fact.nearest = find_elsewhere(name, scene_.project_dir);
        }
    }

    void refuse(const std::string& path,
                const struct stat& status,
                const char* what,
                FileFact& fact) const {
        fact.barrier = scene_.shown(path);
        fact.refuses = what;
        fact.mode = render_mode(status.st_mode);
        fact.owner = platform::user_name(status.st_uid);
        fact.group = group_name(status.st_gid);
    }

    void find_barrier(const fs::path& path, const Person& person, FileFact& fact) const {
        for (const std::string& step : steps_to(path)) {
            const auto status = status_of(step);
            if (!status) return;
            const bool is_whole = step == path.string();
            if (!is_whole && !may(*status, person, to_enter)) {
                return refuse(step, *status, "enter", fact);
            }
            // Where the file is to be made.
            const bool is_parent = step == path.parent_path().string() && fact.is_missing;
            if (is_parent && !may(*status, person, to_write)) {
                return refuse(step, *status, "write", fact);
            }
            if (!is_whole) continue;
            if (!may(*status, person, to_read)) return refuse(step, *status, "read", fact);
            if (!may(*status, person, to_write)) return refuse(step, *status, "write", fact);
            // Beside its database SQLite makes a journal.
            const std::string folder = path.parent_path().string();
            const auto around = status_of(folder);
            if (fact.trouble.starts_with("database") && around && !may(*around, person, to_write)) {
                refuse(folder, *around, "write", fact);
            }
        }
    }

    /// Where what is read-only is mounted.
    void find_mount(const fs::path& path, FileFact& fact) const {
        fs::path place = path;
        while (!status_of(place.string()) && place.has_relative_path())
            place = place.parent_path();
        struct statvfs mount {};
        const bool is_read_only =
            ::statvfs(place.c_str(), &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
        const auto here = status_of(place.string());
        if (!is_read_only || !here) return;
        while (place.has_relative_path()) {
            const auto above = status_of(place.parent_path().string());
            if (!above || above->st_dev != here->st_dev) break;
            place = place.parent_path();
        }
        refuse(place.string(), *here, "read-only mount", fact);
    }

    /// SQLite's, by their first bytes (sqlite.org/fileformat.html, 1.3), where the service works.
    static std::vector<std::string> find_databases(const std::string& folder) {
        std::vector<std::string> found;
        std::error_code error;
        fs::recursive_directory_iterator it{
            folder, fs::directory_options::skip_permission_denied, error};
        constexpr int depth_max = 2;
        constexpr int looked_at_max = 2000;
        constexpr std::string_view magic = "SQLite format 3";
        int looked_at = 0;
        for (; !error && it != fs::recursive_directory_iterator{}; it.increment(error)) {
            if (++looked_at > looked_at_max) break;
            const std::string name = it->path().filename().string();
            if (name == "node_modules" || it.depth() >= depth_max) {
                it.disable_recursion_pending();
            }
            const bool is_named = name.ends_with(".db") || name.find(".sqlite") != name.npos;
            if (is_named && read_small(it->path().string(), magic.size()) == magic) {
                found.push_back(it->path().string());
            }
        }
        return found;
    }

    const Scene& scene_;
    Facts& facts_;
    std::set<std::string> walked_;  ///< Services whose databases have been looked for.
};

}  // namespace

void collect_files(const Scene& scene, Facts& facts) {
    Files{scene, facts}.collect();
}

}  // namespace devstack::diagnosis
