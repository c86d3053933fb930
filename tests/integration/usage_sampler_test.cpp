#include "devstack/daemon/usage_sampler.hpp"

#include "support/catch.hpp"
#include "support/fake_proc.hpp"

#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace std::chrono_literals;
using test::FakeProc;

namespace {

const ProjectMark project{"/shop", 10, 11};
const std::vector<RunMark> runs{{{{0}, 1}, "api", 100}, {{{1}, 1}, "web", 200}};

/// CPU in clock ticks, 100 of which are a second on Linux; memory in pages.
void put(FakeProc& proc, int pid, int parent, int session, long ticks, long pages) {
    proc.write(std::to_string(pid) + "/stat",
               std::to_string(pid) + " (x) S " + std::to_string(parent) + " " +
                   std::to_string(session) + " " + std::to_string(session) + " 0 -1 0 0 0 0 0 " +
                   std::to_string(ticks) + " 0 0 0 20 0 1 0 10000 0 " + std::to_string(pages) +
                   "\n");
}

}  // namespace

TEST_CASE("usage is that of the whole tree since the sample before", "[integration][processes]") {
    REQUIRE(::sysconf(_SC_CLK_TCK) == 100);
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    FakeProc proc;
    proc.write("uptime", "110.00 0.00\n");  // All have started at 100.00.
    put(proc, 10, 1, 10, 0, 1);
    put(proc, 100, 10, 100, 100, 20);
    put(proc, 101, 100, 100, 400, 30);
    put(proc, 200, 10, 200, 0, 7);
    UsageSampler sampler{proc.procfs()};
    const TimePoint start{1h};

    const auto first = sampler.sample(project, runs, start);
    REQUIRE(first.size() == 2);
    CHECK(first[0].cpu_percent == Approx(50));  // Of its whole life: 5 s in 10 s.
    CHECK(first[0].memory_bytes == 50 * page);
    CHECK(first[0].processes == 2);
    CHECK(first[1] == core::api::UsageState{0, 7 * page, 1});

    put(proc, 100, 10, 100, 150, 20);
    put(proc, 101, 100, 100, 600, 40);
    put(proc, 200, 10, 200, 100, 7);
    const auto second = sampler.sample(project, runs, start + 2s);
    CHECK(second[0].cpu_percent == Approx(125));
    CHECK(second[0].memory_bytes == 60 * page);
    CHECK(second[1].cpu_percent == Approx(50));

    SECTION("too soon for the clock: the percentage stays, the memory is new") {
        put(proc, 200, 10, 200, 101, 9);
        const auto third = sampler.sample(project, runs, start + 2s + 1ms);
        CHECK(third[1].cpu_percent == Approx(50));
        CHECK(third[1].memory_bytes == 9 * page);
        const auto fourth = sampler.sample(project, runs, start + 3s);
        CHECK(fourth[1].cpu_percent == Approx(1));
    }
    SECTION("a process that is gone counts no more") {
        proc.write("101/stat", "");
        const auto third = sampler.sample(project, runs, start + 4s);
        CHECK(third[0] == core::api::UsageState{0, 20 * page, 1});
    }
    SECTION("no runs, no usage") {
        CHECK(sampler.sample(project, {}, start + 4s).empty());
    }
}
