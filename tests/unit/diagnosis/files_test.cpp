// What keeps a user from the files of which a log complains, on real files.

#include "diagnosis/collectors.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>

#include <sys/stat.h>

using namespace devstack;
using namespace devstack::diagnosis;
using core::doctor::FileFact;

namespace {

constexpr std::uint32_t stranger = 54321;  // Nobody's number, in no group.

class Project {
public:
    Project() {
        std::string pattern = (std::filesystem::temp_directory_path() / "filesXXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
        ::chmod(path_.c_str(), 0755);
        scene_.project_dir = path_;
        ServiceScene service;
        service.fact.name = "web";
        service.fact.user_id = stranger;
        service.working_dir = path_ + "/web";
        std::filesystem::create_directory(service.working_dir);
        scene_.services.push_back(service);
    }
    ~Project() {
        for (const auto& it : std::filesystem::recursive_directory_iterator{path_})
            if (it.is_directory()) ::chmod(it.path().c_str(), 0755);
        std::filesystem::remove_all(path_);
    }
    Project(const Project&) = delete;
    Project& operator=(const Project&) = delete;

    void write(const std::string& name, mode_t mode, const std::string& text = "x") const {
        const std::filesystem::path file = std::filesystem::path{path_} / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream{file} << text;
        ::chmod(file.c_str(), mode);
    }
    void set_mode(const std::string& name, mode_t mode) const {
        ::chmod((path_ + "/" + name).c_str(), mode);
    }
    /// What is told of the file that this line complains of; paths within the project.
    std::vector<FileFact> look(const std::string& line) const {
        Facts facts;
        facts.logs = {{"web", "web.log", {{"2026-11-20T18:37:05.000Z", line}}}};
        collect_files(scene_, facts);
        for (FileFact& it : facts.files) {
            for (std::string* path : {&it.path, &it.first_missing, &it.nearest, &it.barrier})
                if (path->starts_with(path_)) path->erase(0, path_.size() + 1);
        }
        return facts.files;
    }

private:
    std::string path_;
    Scene scene_;
};

}  // namespace

TEST_CASE("a missing file is found with what is beside it, or elsewhere", "[unit][diagnosis]") {
    const Project project;
    project.write("web/data/templates.json", 0644);
    project.write("shared/seed.json", 0644);
    auto found =
        project.look("Error: ENOENT: no such file or directory, open 'data/template.json'");
    REQUIRE(found.size() == 1);
    CHECK(found[0].path == "web/data/template.json");
    CHECK(found[0].is_missing);
    CHECK(found[0].first_missing == "web/data/template.json");
    CHECK(found[0].nearest == "web/data/templates.json");
    found = project.look("open conf/seed.json: no such file or directory");
    REQUIRE(found.size() == 1);
    CHECK(found[0].first_missing == "web/conf");
    CHECK(found[0].nearest.empty());
    found = project.look("open seed.json: no such file or directory");
    CHECK(found[0].nearest == "shared/seed.json");
    found = project.look("open data/templates.json: no such file or directory");
    CHECK_FALSE(found[0].is_missing);
    CHECK(project.look("all is well").empty());
}

TEST_CASE("what keeps a user from a file is the file, its directory, or one on the way",
          "[unit][diagnosis]") {
    const Project project;
    project.write("web/data/orders.txt", 0600);
    const std::string line = "PermissionError: [Errno 13] Permission denied: 'data/orders.txt'";
    const auto told = [&](const std::string& of) {
        const auto found = project.look(of);
        return found.empty() ? "" : found[0].barrier + " " + found[0].refuses + " " + found[0].mode;
    };
    CHECK(told(line) == "web/data/orders.txt read -rw-------");
    project.set_mode("web/data/orders.txt", 0644);
    CHECK(told(line) == "web/data/orders.txt write -rw-r--r--");
    project.set_mode("web/data/orders.txt", 0666);
    CHECK(told(line) == "  ");
    project.set_mode("web/data", 0700);
    CHECK(told(line) == "web/data enter drwx------");
    project.set_mode("web/data", 0755);
    CHECK(told("mkdir data/new: permission denied") == "web/data write drwxr-xr-x");
}

TEST_CASE("of SQLite's databases those are found that may not be written", "[unit][diagnosis]") {
    const Project project;
    const std::string line = "sqlite3.OperationalError: attempt to write a readonly database";
    const std::string magic = std::string{"SQLite format 3"} + '\0';
    project.write("web/notes.db", 0666, "no database");
    CHECK(project.look(line).empty());
    project.write("web/audit.db", 0644, magic);
    auto found = project.look(line);
    REQUIRE(found.size() == 1);
    CHECK(found[0].barrier == "web/audit.db");
    project.set_mode("web/audit.db", 0666);
    found = project.look(line);  // SQLite makes a journal beside it.
    REQUIRE(found.size() == 1);
    CHECK(found[0].barrier == "web");
    project.set_mode("web", 0777);
    CHECK(project.look(line).empty());
}

TEST_CASE("what is mounted read-only is told with where", "[unit][diagnosis]") {
    const Project project;
    const auto found =
        project.look("OSError: [Errno 30] Read-only file system: '/proc/sys/kernel/none'");
    REQUIRE(found.size() == 1);
    CHECK(found[0].trouble == "read-only");
    CHECK(found[0].is_missing);
    CHECK(found[0].barrier.empty());  // It is not, here.
}
