#include "devstack/base/text.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/node_package.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::FolderFact;

constexpr std::size_t files_max = 400;

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it{directory, error}, end; !error && it != end;
         it.increment(error)) {
        names.push_back(it->path().filename().string());
        if (names.size() >= files_max) break;
    }
    std::ranges::sort(names);
    return names;
}

void examine_missing(const fs::path& path, FolderFact& folder) {
    folder.is_missing = true;
    std::vector<std::string> siblings;
    for (const std::string& name : names_in(path.parent_path())) {
        std::error_code ignored;
        if (fs::is_directory(path.parent_path() / name, ignored)) siblings.push_back(name);
    }
    const std::string wanted = path.filename().string();
    folder.nearest = closest_match(wanted, siblings).value_or("");
    // "apps-api" for "api", "server-old" for "server".
    for (const std::string& name : siblings) {
        const bool is_part = name.size() > 2 && wanted.find(name) != wanted.npos;
        if (folder.nearest.empty() && is_part) folder.nearest = name;
    }
}

void examine_python(const fs::path& path, FolderFact& folder) {
    for (const char* name : {"requirements.txt", "pyproject.toml", "Pipfile"}) {
        if (folder.requirements.empty() && is_there(path / name)) folder.requirements = name;
    }
    for (const char* name : {"venv", ".venv", "env"}) {
        if (folder.virtualenv.empty() && is_there(path / name / "bin/python")) {
            folder.virtualenv = name;
        }
    }
}

void examine_migrations(const fs::path& path, FolderFact& folder) {
    for (const char* name :
         {"migrations", "prisma/migrations", "db/migrate", "alembic", "drizzle"}) {
        if (folder.migrations.empty() && is_there(path / name)) folder.migrations = name;
    }
    if (folder.migrate_command.empty() && folder.migrations == "prisma/migrations") {
        folder.migrate_command = "npx prisma migrate deploy";
    }
    if (folder.migrate_command.empty() && is_there(path / "alembic.ini")) {
        folder.migrate_command = "alembic upgrade head";
    }
    if (folder.migrate_command.empty() && is_there(path / "manage.py")) {
        folder.migrate_command = "python manage.py migrate";
    }
}

FolderFact examine_folder(const Scene& scene, const ServiceScene& service) {
    FolderFact folder;
    folder.service = service.fact.name;
    folder.path = scene.shown(service.working_dir);
    const fs::path path = service.working_dir;
    if (!is_there(path)) {
        examine_missing(path, folder);
        return folder;
    }
    examine_node_package(service.working_dir, scene.project_dir, folder);
    examine_python(path, folder);
    examine_migrations(path, folder);
    // It matters for a path that somebody misses, and takes a walk through two trees.
    if (scene.question.subject.kind == "url") {
        examine_build(service, scene.question.subject.text, folder);
    }
    return folder;
}

}  // namespace

Facts collect_folders(const Scene& scene) {
    Facts facts;
    for (const ServiceScene& service : scene.services) {
        facts.folders.push_back(examine_folder(scene, service));
        examine_programs(scene, service, facts.folders.back(), facts);
        examine_modules(service, facts);
    }
    return facts;
}

}  // namespace devstack::diagnosis
