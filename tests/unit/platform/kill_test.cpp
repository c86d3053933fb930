#include "devstack/platform/kill.hpp"

#include "devstack/platform/clock.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <csignal>
#include <vector>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::platform;

namespace {

/// A process in a group of its own that waits until a signal ends it.
class WaitingProcess {
public:
    WaitingProcess() {
        // Signals wait until the test program's own handlers are gone from the child.
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, &before);
        pid_ = ::fork();
        if (pid_ == 0) {
            std::signal(SIGTERM, SIG_DFL);
            ::sigprocmask(SIG_SETMASK, &before, nullptr);
            for (;;)
                ::pause();
        }
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        ::setpgid(pid_, pid_);
    }
    ~WaitingProcess() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    WaitingProcess(const WaitingProcess&) = delete;
    WaitingProcess& operator=(const WaitingProcess&) = delete;

    int pid() const { return pid_; }
    /// The signal that ended it; it is reaped.
    int wait_for_end() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }

private:
    pid_t pid_ = -1;
};

bool is_stopped_soon(int pid) {
    const TimePoint deadline = now() + std::chrono::seconds{10};
    while (now() < deadline) {
        const auto process = find_process(Procfs{}, pid);
        if (process && process->state == 'T') return true;
        ::sched_yield();
    }
    return false;
}

}  // namespace

TEST_CASE("a group is there until its last member was reaped", "[unit][kill]") {
    WaitingProcess process;
    const int group = process.pid();
    CHECK(group_exists(group));
    CHECK(signal_group(group, SIGTERM));
    CHECK(process.wait_for_end() == SIGTERM);
    CHECK_FALSE(group_exists(group));
    CHECK_FALSE(signal_group(group, SIGTERM));
}

TEST_CASE("a process is signalled only if it is the one that was meant", "[unit][kill]") {
    WaitingProcess process;
    const int pid = process.pid();
    const Procfs procfs;
    const auto start = find_process(procfs, pid)->start_ticks;

    const Status other = signal_process(procfs, pid, start + 1, SIGKILL);
    REQUIRE_FALSE(other);
    CHECK(other.error() ==
          Error{Error::Kind::not_found,
                "cannot signal process " + std::to_string(pid) + ": it has ended"});
    CHECK(group_exists(pid));
    const Status nonsense = signal_process(procfs, pid, start, 4711);
    REQUIRE_FALSE(nonsense);
    CHECK(nonsense.error() ==
          Error{Error::Kind::invalid,
                "cannot signal process " + std::to_string(pid) + ": there is no such signal"});

    CHECK(signal_process(procfs, pid, start, SIGTERM));
    CHECK(process.wait_for_end() == SIGTERM);
    const Status gone = signal_process(procfs, pid, start, SIGTERM);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == Error::Kind::not_found);
}

// Whoever is killed before the others are stopped is replaced by them.
TEST_CASE("a family is stopped as a whole before the first of it is killed", "[unit][kill]") {
    const Procfs procfs;
    WaitingProcess parent;
    WaitingProcess child;
    int looks = 0;
    kill_family(procfs, [&] {
        if (++looks == 1) return std::vector{find_process(procfs, parent.pid()).value()};
        // It was started after the first look.
        CHECK(is_stopped_soon(parent.pid()));
        if (looks == 3) CHECK(is_stopped_soon(child.pid()));
        return std::vector{find_process(procfs, parent.pid()).value(),
                           find_process(procfs, child.pid()).value()};
    });
    CHECK(looks == 3);
    CHECK(parent.wait_for_end() == SIGKILL);
    CHECK(child.wait_for_end() == SIGKILL);
}

TEST_CASE("of whose pid means another process now nothing is killed", "[unit][kill]") {
    const Procfs procfs;
    WaitingProcess stranger;
    ProcessInfo gone = find_process(procfs, stranger.pid()).value();
    ++gone.start_ticks;
    kill_family(procfs, [&] { return std::vector<ProcessInfo>{gone}; });
    CHECK(find_process(procfs, stranger.pid()).value().state != 'T');
    ::kill(stranger.pid(), SIGTERM);
    CHECK(stranger.wait_for_end() == SIGTERM);
}

TEST_CASE("descendants are found at any depth, and nobody else", "[unit][kill]") {
    const WaitingProcess child;
    std::vector<int> pids;
    for (const ProcessInfo& it : collect_descendants(Procfs{}, ::getpid()))
        pids.push_back(it.pid);
    CHECK(pids == std::vector<int>{child.pid()});
    CHECK(collect_descendants(Procfs{}, child.pid()).empty());
    const auto all = collect_descendants(Procfs{}, 1);
    CHECK(std::ranges::count(all, child.pid(), &ProcessInfo::pid) == 1);
}
