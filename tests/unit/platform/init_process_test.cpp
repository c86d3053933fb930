#include "devstack/platform/init_process.hpp"

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <functional>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace devstack::platform;

namespace {

/// A process that orphans come to, as they do to the first one of a container, at its duty.
class Container {
public:
    /// What `work` gets is where it can write to be heard.
    explicit Container(const std::function<int(int)>& work) {
        REQUIRE(::pipe(pipe_.data()) == 0);
        // Signals wait until the test program's own handlers are gone from the child.
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, &before);
        pid_ = ::fork();
        if (pid_ == 0) {
            std::signal(SIGTERM, SIG_DFL);
            ::prctl(PR_SET_CHILD_SUBREAPER, 1);
            ::close(STDIN_FILENO);  // A terminal is not for it to take.
            ::sigprocmask(SIG_SETMASK, &before, nullptr);
            ::_exit(do_as_init([&] { return work(pipe_[1]); }));
        }
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        ::close(pipe_[1]);
    }
    ~Container() {
        ::close(pipe_[0]);
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Container(const Container&) = delete;
    Container& operator=(const Container&) = delete;

    void signal(int number) const { ::kill(pid_, number); }
    int hear() const {
        int number = -1;
        return ::read(pipe_[0], &number, sizeof number) == sizeof number ? number : -1;
    }
    int exit_code() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    std::array<int, 2> pipe_{};
    pid_t pid_ = -1;
};

void say(int pipe, int number) {
    static_cast<void>(::write(pipe, &number, sizeof number) == 0);
}

int wait_for(int signal) {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    int number = 0;
    ::sigwait(&only, &number);
    return number;
}

bool ends_within(int pid, std::chrono::seconds time) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (::kill(pid, 0) == 0) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        ::sched_yield();
    }
    return true;
}

}  // namespace

TEST_CASE("an init ends as its work does", "[unit][init]") {
    CHECK(Container{[](int) { return 7; }}.exit_code() == 7);
    CHECK(Container{[](int) { return ::raise(SIGKILL); }}.exit_code() == 128 + SIGKILL);
}

TEST_CASE("an init passes signals on", "[unit][init]") {
    Container container{[](int pipe) {
        sigset_t usr1;
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
        say(pipe, ::getpid());
        return wait_for(SIGUSR1) == SIGUSR1 ? 42 : 1;
    }};
    CHECK(container.hear() > 0);
    container.signal(SIGUSR1);
    CHECK(container.exit_code() == 42);
    Container ending{[](int pipe) {
        say(pipe, ::getpid());
        return ::pause();
    }};
    CHECK(ending.hear() > 0);
    ending.signal(SIGTERM);
    CHECK(ending.exit_code() == 128 + SIGTERM);
}

TEST_CASE("an init reaps what has lost its parent", "[unit][init]") {
    Container container{[](int pipe) {
        const pid_t parent = ::fork();
        if (parent == 0) {
            const pid_t orphan = ::fork();
            if (orphan != 0) ::_exit(0);
            say(pipe, ::getpid());
            ::pause();
            ::_exit(0);
        }
        ::waitpid(parent, nullptr, 0);
        return ::pause();
    }};
    const int orphan = container.hear();
    REQUIRE(orphan > 0);
    ::kill(orphan, SIGKILL);
    CHECK(ends_within(orphan, std::chrono::seconds{10}));
    container.signal(SIGTERM);
    CHECK(container.exit_code() == 128 + SIGTERM);
}
