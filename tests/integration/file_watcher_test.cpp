#include "daemon/file_watcher.hpp"

#include "support/catch.hpp"
#include "unit/project/temporary_directory.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

using Told = std::vector<std::string>;

/// A watcher of one directory tree, and what it has told so far.
class World {
public:
    explicit World(std::vector<std::string> globs) {
        for (std::string& glob : globs)
            glob = directory.path() + "/" + glob;
        fs::create_directories(directory.path() + "/own");
        globs_ = std::move(globs);
    }

    void watch() { watcher.watch({{{0}, "api", globs_}}); }
    void write(const std::string& name) const {
        fs::create_directories(fs::path{directory.path() + "/" + name}.parent_path());
        std::ofstream{directory.path() + "/" + name} << "text";
    }
    /// Runs the loop until that much has been told, or for 20 s.
    const Told& await(std::size_t count) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (told.size() < count && std::chrono::steady_clock::now() < end)
            loop.run_one_for(100ms);
        return told;
    }

    test::TemporaryDirectory directory;
    boost::asio::io_context loop;
    Told told;
    FileWatcher watcher{loop,
                        {directory.path() + "/own"},
                        {[this](core::ServiceId, const std::string& path) {
                             told.push_back(path.substr(directory.path().size() + 1));
                         },
                         [this](const std::string& service, const std::string& what) {
                             told.push_back(service + ": " + what);
                         }}};

private:
    std::vector<std::string> globs_;
};

std::string limit_of_watches() {
    std::ifstream file{"/proc/sys/fs/inotify/max_user_watches"};
    std::string value;
    std::getline(file, value);
    return value;
}

/// In a user namespace of its own, where so many watches are allowed. False when there may be none.
bool allow_watches(int count) {
    if (::unshare(CLONE_NEWUSER) != 0) return false;
    std::ofstream limit{"/proc/sys/user/max_inotify_watches"};
    limit << count << std::endl;
    return limit.good();
}

}  // namespace

TEST_CASE("many changes at once are told once, by the first", "[integration][watch]") {
    World world{{"src/**"}};
    world.write("src/a.js");
    world.watch();
    world.write("src/b.js");
    world.write("src/c.js");
    CHECK(world.await(1) == Told{"src/b.js"});
    world.write("src/a.js");
    CHECK(world.await(2) == Told{"src/b.js", "src/a.js"});
}

TEST_CASE("directories that come later are watched, with what is in them already",
          "[integration][watch]") {
    World world{{"src/**"}};
    world.watch();  // Not even the first one is there.
    world.write("src/deep/down/a.js");
    CHECK(world.await(1) == Told{"src/deep/down/a.js"});
    world.write("src/deep/down/b.js");
    CHECK(world.await(2).back() == "src/deep/down/b.js");
    fs::rename(world.directory.path() + "/src/deep", world.directory.path() + "/src/other");
    CHECK(world.await(3).size() == 3);
    world.write("src/other/down/c.js");
    CHECK(world.await(4).back() == "src/other/down/c.js");
}

TEST_CASE("a directory that goes and comes again is watched again", "[integration][watch]") {
    World world{{"src/**"}};
    world.write("src/a.js");
    world.watch();
    fs::remove_all(world.directory.path() + "/src");
    CHECK(world.await(1) == Told{"src/a.js"});
    world.write("src/b.js");
    CHECK(world.await(2).back() == "src/b.js");
    world.write("src/c.js");
    CHECK(world.await(3).back() == "src/c.js");
}

TEST_CASE("devstack's own files are no change", "[integration][watch]") {
    World world{{"**"}};
    world.watch();
    world.write("own/api.log");
    world.write("mine.txt");
    CHECK(world.await(1) == Told{"mine.txt"});
}

TEST_CASE("what is not wished for any more is not watched", "[integration][watch]") {
    World world{{"src/**"}};
    world.write("src/a.js");
    world.watch();
    world.watcher.watch({});
    world.write("src/b.js");
    world.watch();
    world.write("src/c.js");
    CHECK(world.await(1) == Told{"src/c.js"});
}

TEST_CASE("a limit of the kernel is named with what to do about it", "[integration][watch]") {
    World world{{"src/**"}};
    for (const char* name : {"src/a/1.js", "src/b/1.js", "src/c/1.js", "src/d/1.js"})
        world.write(name);
    // The namespace can not be left again: a process of its own.
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr int not_allowed = 77;
        if (!allow_watches(2)) ::_exit(not_allowed);
        world.watch();
        const std::string problem = world.watcher.problem_of("api");
        const bool is_told_once = world.told == Told{"api: " + problem};
        std::ofstream{world.directory.path() + "/problem"} << problem;
        ::_exit(is_told_once ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        WARN("no user namespace may be made here");
        return;
    }
    CHECK(WEXITSTATUS(status) == 0);
    std::ifstream file{world.directory.path() + "/problem"};
    std::string problem;
    std::getline(file, problem);
    const std::string start = "cannot watch " + world.directory.path() + "/src/";
    REQUIRE(problem.starts_with(start));
    CHECK(problem.substr(start.size() + 1) ==
          ": the limit fs.inotify.max_user_watches (" + limit_of_watches() +
              ") is reached; raise it: sudo sysctl fs.inotify.max_user_watches=524288");
}
