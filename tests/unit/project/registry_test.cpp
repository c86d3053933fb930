#include "devstack/project/project_paths.hpp"

#include "support/catch.hpp"
#include "temporary_directory.hpp"

#include <stdlib.h>
#include <sys/stat.h>

using namespace devstack;
using namespace devstack::project;
using devstack::test::TemporaryDirectory;

namespace {

std::vector<std::string> registered_dirs() {
    std::vector<std::string> dirs;
    for (const RegisteredProject& project : registered_projects()) {
        dirs.push_back(project.project_dir);
    }
    return dirs;
}

using Dirs = std::vector<std::string>;

}  // namespace

TEST_CASE("running projects are known to everybody who asks", "[unit][project]") {
    const TemporaryDirectory directory;
    ::setenv("XDG_RUNTIME_DIR", directory.path().c_str(), 1);
    CHECK(registered_projects().empty());

    const RegisteredProject shop{"shop", "/home/chi/sh%op\n", "/p/devstack.toml", "/r"};
    const RegisteredProject other{"shop", "/home/chi/a", "/p/devstack.toml", "/r"};
    REQUIRE(register_project(shop));
    REQUIRE(register_project(other));
    REQUIRE(register_project(shop));
    CHECK(registered_dirs() == Dirs{"/home/chi/a", "/home/chi/sh%op\n"});
    CHECK(registered_projects()[1].name == "shop");
    CHECK(registered_projects()[1].profile == "/p/devstack.toml");
    CHECK(registered_projects()[1].runtime_dir == "/r");

    unregister_project(shop);
    unregister_project(shop);
    CHECK(registered_dirs() == Dirs{"/home/chi/a"});
    ::unsetenv("XDG_RUNTIME_DIR");
}

TEST_CASE("what is no entry of the registry is left alone", "[unit][project]") {
    const TemporaryDirectory directory;
    ::setenv("XDG_RUNTIME_DIR", directory.path().c_str(), 1);
    directory.write("devstack/short.project", "one\ntwo\n");
    directory.write("devstack/notes.txt", "a\nb\nc\nd\n");
    directory.write("devstack/dir.project/x", "");
    CHECK(registered_projects().empty());
    REQUIRE(register_project({"shop", "/a", "/b", "/c"}));
    CHECK(registered_dirs() == Dirs{"/a"});
    // Others could have written there.
    REQUIRE(::chmod(directory.at("devstack").c_str(), 0777) == 0);
    CHECK(registered_projects().empty());
    ::unsetenv("XDG_RUNTIME_DIR");
}
