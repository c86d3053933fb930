#include "devstack/platform/notify_socket.hpp"
#include "devstack/project/project_paths.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>

#include <sys/stat.h>

using namespace devstack;
using namespace devstack::project;
namespace fs = std::filesystem;

namespace {

ProjectPaths paths_in(const std::string& directory) {
    ProjectPaths paths;
    paths.runtime_dir = directory;
    return paths;
}

unsigned mode_of(const fs::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("a notify socket lies with its project, unless its path is too long for one",
          "[unit][project]") {
    std::string pattern = (fs::temp_directory_path() / "dsntpXXXXXX").string();
    const std::string directory = ::mkdtemp(pattern.data());
    const auto near = create_notify_path(paths_in(directory), "api", false);
    REQUIRE(near);
    CHECK(*near == directory + "/notify/api");
    CHECK(mode_of(directory + "/notify") == 0700);

    const std::string deep = directory + "/" + std::string(80, 'x');
    const auto far = create_notify_path(paths_in(deep), "api", false);
    REQUIRE(far);
    CHECK(far->ends_with("/api"));
    CHECK(far->find("/devstack-notify") != std::string::npos);
    CHECK(far->size() <= platform::notify_path_max);

    const auto named = create_notify_path(paths_in(deep), std::string(100, 'n'), true);
    REQUIRE(named);
    CHECK(named->size() <= platform::notify_path_max);
    CHECK(fs::path{*named}.parent_path() == fs::path{*far}.parent_path());
    // Others may pass, and see nothing.
    CHECK(mode_of(fs::path{*named}.parent_path()) == 0711);
    CHECK(mode_of(fs::path{*named}.parent_path().parent_path()) == 0711);
    fs::remove(fs::path{*named}.parent_path());
    fs::remove_all(directory);
}
