// Programs as Go builds them; where there is no Go nothing is tested.

#include "diagnosis/go_stacks.hpp"

#include "devstack/platform/clock.hpp"

#include "support/catch.hpp"
#include "support/child_process.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace devstack::diagnosis;
using namespace devstack::test;

namespace {

namespace fs = std::filesystem;

constexpr const char* source = R"(package main

import ("sync"; "time")

type Store struct{ mu sync.Mutex }

func (s *Store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return 1
}

func (s *Store) list() int {
	s.mu.Lock()
	return s.count()
}

func publish(to chan int) { to <- 1 }

func send(to chan int) { publish(to) }

func main() {
	go (&Store{}).list()
	go send(make(chan int))
	time.AfterFunc(time.Hour, func() {}) // Else Go itself finds that all wait, and ends it.
	println("ready")
	select {}
}
)";

std::vector<std::string> environment() {
    const char* const home = std::getenv("HOME");
    return {"PATH=/usr/local/go/bin:/usr/bin:/bin",
            std::string{"HOME="} + (home == nullptr ? "/tmp" : home),
            "GOFLAGS=",
            "GOPROXY=off",
            "GO111MODULE=off"};
}

bool has_go() {
    ChildProcess asked{"command -v go || echo", environment()};
    return !asked.read_line().empty();
}

struct Directory {
    Directory() {
        path = fs::temp_directory_path() / ("go_stacks_" + std::to_string(::getpid()));
        fs::create_directories(path);
        std::ofstream{path / "main.go"} << source;
    }
    ~Directory() {
        std::error_code error;
        fs::remove_all(path, error);
    }
    fs::path path;
};

/// Both have come to where they wait.
Goroutines await_two(const GoStacks& stacks) {
    Goroutines found;
    for (int i = 0; i < 100'000 && found.waiting.size() < 3; ++i)
        found = stacks.read(devstack::platform::now() + std::chrono::seconds{10});
    return found;
}

std::string told(const Goroutines& goroutines, const std::string& state) {
    const auto found = std::ranges::find(goroutines.waiting, state, &WaitingGoroutine::state);
    if (found == goroutines.waiting.end()) return "";
    std::string text;
    for (const GoPlace& it : found->frames) {
        const auto file = it.file.substr(it.file.rfind('/') + 1);
        if (it.function.starts_with("main.") && !it.function.starts_with("main.main"))
            text += it.function + " " + file + ":" + std::to_string(it.line) + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("goroutines are found however the program was built", "[unit][diagnosis][go]") {
    if (!has_go()) {
        WARN("there is no Go here");
        return;
    }
    const std::string options = GENERATE(std::string{},
                                         std::string{"-ldflags '-s -w'"},
                                         std::string{"-buildmode=pie"},
                                         std::string{"-gcflags=-l"});
    INFO(options);
    const Directory directory;
    ChildProcess program{"cd " + directory.path.string() + " && go build " + options +
                             " -o shop main.go && exec ./shop 2>&1",
                         environment()};
    REQUIRE(program.read_line() == "ready");
    const auto stacks = GoStacks::open(program.pid());
    REQUIRE(stacks);
    const Goroutines found = await_two(*stacks);
    CHECK(told(found, "sync.Mutex.Lock") ==
          "main.(*Store).count main.go:8\nmain.(*Store).list main.go:15\n");
    CHECK(told(found, "chan send") == "main.publish main.go:18\nmain.send main.go:20\n");
    CHECK(std::ranges::count(found.waiting, "select (no cases)", &WaitingGoroutine::state) == 1);
}

TEST_CASE("what is no Go program has no goroutines", "[unit][diagnosis]") {
    CHECK(GoStacks::open(::getpid()) == nullptr);
    CHECK(GoStacks::open(-1) == nullptr);
}
