// Whether what a service runs was built before its sources were last changed.

#include "diagnosis/collectors.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>

using namespace devstack;
using namespace devstack::diagnosis;

namespace {

namespace fs = std::filesystem;

/// A Go project with a program in bin/api.
class Project {
public:
    Project() {
        std::string pattern = (fs::temp_directory_path() / "buildXXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
        write("bin/api",
              "\x7f"
              "ELF /v1/items\n");
        write("cmd/api/main.go",
              "package main\n"
              "// http.HandleFunc(\"/v1/old\", old)\n"
              "http.HandleFunc(\"/v1/items\", items)\n"
              "http.HandleFunc(\"GET /v1/prices\", prices)\n");
        age("bin/api", std::chrono::hours{1});
    }
    ~Project() { fs::remove_all(path_); }
    Project(const Project&) = delete;
    Project& operator=(const Project&) = delete;

    void write(const std::string& name, const std::string& text) const {
        const fs::path file = path_ / name;
        fs::create_directories(file.parent_path());
        std::ofstream{file, std::ios::binary} << text;
    }
    void age(const std::string& name, std::chrono::hours by) const {
        const fs::path file = path_ / name;
        fs::last_write_time(file, fs::last_write_time(file) - by);
    }
    /// "bin/api: cmd/api/main.go:4".
    std::string examine(const std::string& command, const std::string& url) const {
        ServiceScene service;
        service.working_dir = path_.string();
        service.fact.words = {command};
        core::doctor::FolderFact folder;
        examine_build(service, url, folder);
        return folder.build_directory + ": " + folder.newer_source;
    }

private:
    fs::path path_;
};

}  // namespace

TEST_CASE("a program without the path of a newer source is found", "[unit][diagnosis]") {
    const Project project;
    CHECK(project.examine("./bin/api", "http://127.0.0.1:8000/v1/prices?day=1") ==
          "bin/api: cmd/api/main.go:4");
}

TEST_CASE("a program that may have the path is not called old", "[unit][diagnosis]") {
    const Project project;
    CHECK(project.examine("./bin/api", "http://127.0.0.1:8000/v1/items") == ": ");
    CHECK(project.examine("./bin/api", "http://127.0.0.1:8000/v1/old") == ": ");
    CHECK(project.examine("./bin/api", "http://127.0.0.1:8000/v1/price") == ": ");
    CHECK(project.examine("./bin/api", "http://127.0.0.1:8000/") == ": ");
    CHECK(project.examine("api", "http://127.0.0.1:8000/v1/prices") == ": ");
    // What is called is no program but a script.
    project.write("run.sh", "#!/bin/sh\nexec bin/api\n");
    project.age("run.sh", std::chrono::hours{1});
    CHECK(project.examine("./run.sh", "http://127.0.0.1:8000/v1/prices") == ": ");
    project.age("cmd/api/main.go", std::chrono::hours{2});
    CHECK(project.examine("./bin/api", "http://127.0.0.1:8000/v1/prices") == ": ");
}
