#include "child_process.hpp"

#include "support/catch.hpp"

#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devstack::test {

namespace {

[[noreturn]] void become(const std::string& script,
                         std::vector<std::string>& environment,
                         int output) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, STDOUT_FILENO);
    std::vector<char*> variables;
    for (std::string& variable : environment)
        variables.push_back(variable.data());
    variables.push_back(nullptr);
    std::string words[] = {"sh", "-c", script};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    ::execve("/bin/sh", arguments, variables.data());
    ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::string& script,
                           std::vector<std::string> environment,
                           std::vector<int> inherited) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    int ends[2] = {-1, -1};
    int until_exec[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(until_exec, O_CLOEXEC) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
        for (const int descriptor : inherited)
            ::fcntl(descriptor, F_SETFD, 0);
        become(script, environment, ends[1]);
    }
    ::close(ends[1]);
    output_ = ends[0];
    // From here on it has its own session and environment.
    ::close(until_exec[1]);
    char nothing = 0;
    while (::read(until_exec[0], &nothing, 1) > 0) {
    }
    ::close(until_exec[0]);
}

ChildProcess::~ChildProcess() {
    for (const int pid : told_)
        ::kill(pid, SIGKILL);
    ::kill(-pid_, SIGKILL);
    ::close(output_);
    if (!is_reaped_) ::waitpid(pid_, nullptr, 0);
    for (const int pid : told_)
        ::waitpid(pid, nullptr, 0);
}

std::string ChildProcess::read_line() {
    std::string line;
    char letter = 0;
    while (::read(output_, &letter, 1) == 1 && letter != '\n')
        line += letter;
    return line;
}

int ChildProcess::read_pid() {
    told_.push_back(std::stoi(read_line()));
    return told_.back();
}

void ChildProcess::wait() {
    ::waitpid(pid_, nullptr, 0);
    is_reaped_ = true;
}

std::vector<std::string> run_environment(const std::string& project_dir, const std::string& run) {
    return {"PATH=/usr/bin:/bin", "DEVSTACK_PROJECT_DIR=" + project_dir, "DEVSTACK_RUN=" + run};
}

void reap(int pid) {
    ::waitpid(pid, nullptr, 0);
}

}  // namespace devstack::test
