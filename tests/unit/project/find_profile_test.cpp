#include "devstack/project/project_paths.hpp"

#include "support/catch.hpp"
#include "temporary_directory.hpp"

#include <stdlib.h>

using namespace devstack;
using namespace devstack::project;
using devstack::test::TemporaryDirectory;

TEST_CASE("without a wish the nearest devstack.toml upwards is meant", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("devstack.toml", "");
    directory.write("apps/api/x", "");
    CHECK(find_profile(directory.at("apps/api"), std::nullopt).value() ==
          directory.at("devstack.toml"));
    directory.write("apps/devstack.toml", "");
    CHECK(find_profile(directory.at("apps/api"), std::nullopt).value() ==
          directory.at("apps/devstack.toml"));
    // A directory of that name is none.
    directory.write("apps/api/devstack.toml/x", "");
    CHECK(find_profile(directory.at("apps/api"), std::nullopt).value() ==
          directory.at("apps/devstack.toml"));
}

TEST_CASE("without any profile it is said where was looked", "[unit][project]") {
    const Result<std::string> found = find_profile("/proc/self", std::nullopt);
    REQUIRE_FALSE(found);
    CHECK(found.error() ==
          Error{Error::Kind::not_found,
                "there is no devstack.toml in /proc/self or above it; write one, or say which "
                "profile: devstack up PROFILE"});
}

TEST_CASE("a wish is a file, a directory or a name", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("other.toml", "");
    directory.write("sub/devstack.toml", "");
    directory.write("profiles/sora.toml", "");
    directory.write("config/devstack/profiles/work.toml", "");
    ::setenv("XDG_CONFIG_HOME", directory.at("config").c_str(), 1);
    const auto find = [&](const std::string& wish) { return find_profile(directory.path(), wish); };

    CHECK(find("other.toml").value() == directory.at("other.toml"));
    CHECK(find("./sub/../other.toml").value() == directory.at("other.toml"));
    CHECK(find(directory.at("other.toml")).value() == directory.at("other.toml"));
    CHECK(find("sub").value() == directory.at("sub/devstack.toml"));
    CHECK(find("sora").value() == directory.at("profiles/sora.toml"));
    CHECK(find("sora.toml").value() == directory.at("profiles/sora.toml"));
    CHECK(find("work").value() == directory.at("config/devstack/profiles/work.toml"));

    CHECK(find("nope").error() ==
          Error{Error::Kind::not_found,
                "there is no profile \"nope\"; looked for " + directory.at("nope") + ", " +
                    directory.at("profiles/nope.toml") + ", " +
                    directory.at("config/devstack/profiles/nope.toml") +
                    " and /etc/devstack/profiles/nope.toml"});
    CHECK(find("./nope").error().message ==
          "there is no profile \"./nope\"; looked for " + directory.at("nope"));
    CHECK(find("./config").error().message ==
          "there is no devstack.toml in " + directory.at("config"));
    CHECK_FALSE(find(""));
    ::unsetenv("XDG_CONFIG_HOME");
}

TEST_CASE("profiles that have a name can be listed", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("profiles/sora.toml", "");
    directory.write("profiles/notes.txt", "");
    directory.write("profiles/old.toml/x", "");
    directory.write("config/devstack/profiles/work.toml", "");
    directory.write("config/devstack/profiles/sora.toml", "");
    ::setenv("XDG_CONFIG_HOME", directory.at("config").c_str(), 1);
    CHECK(find_profile_names(directory.path()) == std::vector<std::string>{"sora", "work"});
    ::unsetenv("XDG_CONFIG_HOME");
}
