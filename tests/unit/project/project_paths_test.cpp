#include "devstack/project/project_paths.hpp"

#include "support/catch.hpp"
#include "temporary_directory.hpp"

#include <array>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::project;
using devstack::test::TemporaryDirectory;

namespace {

int mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return static_cast<int>(status.st_mode & 07777);
}

ProjectPaths development_paths(const TemporaryDirectory& directory) {
    return make_project_paths(directory.path(), "shop", core::Mode::development, false);
}

}  // namespace

TEST_CASE("a project in development keeps everything below .devstack", "[unit][project]") {
    const ProjectPaths paths =
        make_project_paths("/home/chi/shop", "shop", core::Mode::development, true);
    CHECK(paths.project_dir == "/home/chi/shop");
    CHECK(paths.state_dir == "/home/chi/shop/.devstack/state");
    CHECK(paths.log_dir == "/home/chi/shop/.devstack/logs");
    CHECK(paths.runtime_dir == "/home/chi/shop/.devstack/run");
    CHECK(paths.control_socket() == "/home/chi/shop/.devstack/run/control.sock");
    CHECK(make_project_paths("/home/chi/shop", "shop", core::Mode::host, false).log_dir ==
          paths.log_dir);
}

TEST_CASE("root on a host keeps things where a host keeps them", "[unit][project]") {
    const ProjectPaths paths = make_project_paths("/srv/shop", "shop", core::Mode::host, true);
    CHECK(paths.state_dir == "/var/lib/devstack/shop");
    CHECK(paths.log_dir == "/var/log/devstack/shop");
    CHECK(paths.lock_file() == "/run/devstack/shop/lock");
}

TEST_CASE("directories are made for their user alone, and stay what they are", "[unit][project]") {
    const TemporaryDirectory directory;
    const ProjectPaths paths = development_paths(directory);
    REQUIRE(create_project_paths(paths));
    for (const std::string name :
         {".devstack", ".devstack/state", ".devstack/logs", ".devstack/run"}) {
        INFO(name);
        CHECK(mode_of(directory.at(name)) == 0700);
    }
    CHECK(directory.read(".devstack/.gitignore") == "*\n");

    directory.write(".devstack/.gitignore", "mine\n");
    directory.write(".devstack/logs/api.log", "kept");
    REQUIRE(create_project_paths(paths));
    CHECK(directory.read(".devstack/.gitignore") == "mine\n");
    CHECK(directory.read(".devstack/logs/api.log") == "kept");
}

TEST_CASE("many who make them at once do not get in each other's way", "[unit][project]") {
    // What one writes must not be renamed away by another; a barrier makes them meet.
    constexpr int rounds = 50;
    constexpr int writers = 4;
    for (int round = 0; round < rounds; ++round) {
        const TemporaryDirectory directory;
        const ProjectPaths paths = development_paths(directory);
        std::barrier together{writers};
        std::array<std::string, writers> failures;
        std::vector<std::thread> threads;
        for (std::string& failure : failures) {
            threads.emplace_back([&] {
                together.arrive_and_wait();
                const Status made = create_project_paths(paths);
                if (!made) failure = made.error().message;
            });
        }
        for (std::thread& thread : threads)
            thread.join();
        for (const std::string& failure : failures)
            REQUIRE(failure.empty());
        REQUIRE(directory.read(".devstack/.gitignore") == "*\n");
    }
}

TEST_CASE("directories that others may write to are closed", "[unit][project]") {
    const TemporaryDirectory directory;
    REQUIRE(::mkdir(directory.at(".devstack").c_str(), 0700) == 0);
    REQUIRE(::chmod(directory.at(".devstack").c_str(), 0777) == 0);
    REQUIRE(create_project_paths(development_paths(directory)));
    CHECK(mode_of(directory.at(".devstack")) == 0700);
}

TEST_CASE("a link or a file in the place of a directory is refused", "[unit][project]") {
    const TemporaryDirectory directory;
    REQUIRE(::symlink("/tmp", directory.at(".devstack").c_str()) == 0);
    Status status = create_project_paths(development_paths(directory));
    REQUIRE_FALSE(status);
    CHECK(status.error() ==
          Error{Error::Kind::not_permitted,
                "will not use " + directory.at(".devstack") + ": it is a symbolic link"});
    REQUIRE(::unlink(directory.at(".devstack").c_str()) == 0);
    directory.write(".devstack", "");
    status = create_project_paths(development_paths(directory));
    REQUIRE_FALSE(status);
    CHECK(status.error().message ==
          "will not use " + directory.at(".devstack") + ": it is not a directory");
}

TEST_CASE("a project directory that is not there is named", "[unit][project]") {
    const TemporaryDirectory directory;
    const Status status = create_project_paths(
        make_project_paths(directory.at("gone"), "shop", core::Mode::development, false));
    REQUIRE_FALSE(status);
    CHECK(status.error().message == "cannot create directory " + directory.at("gone/.devstack") +
                                        ": No such file or directory");
}
