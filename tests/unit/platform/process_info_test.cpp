#include "devstack/platform/clock.hpp"
#include "devstack/platform/procfs.hpp"

#include "support/catch.hpp"
#include "support/fake_proc.hpp"

#include <algorithm>

#include <sys/wait.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::platform;
using namespace std::chrono_literals;
using namespace std::string_literals;
using test::FakeProc;

namespace {

/// Runs `body` as a user who may look into nobody else; true when that was possible.
template <typename Body>
bool as_nobody(Body body) {
    if (::geteuid() != 0) return false;
    constexpr uid_t nobody = 65534;
    if (::seteuid(nobody) != 0) return false;
    body();
    return ::seteuid(0) == 0;
}

}  // namespace

TEST_CASE("a process is read from its stat line", "[unit][platform]") {
    FakeProc proc;
    proc.add_process(42, "node", 7, 40, 39);

    const auto process = find_process(proc.procfs(), 42);
    REQUIRE(process);
    CHECK(process->pid == 42);
    CHECK(process->name == "node");
    CHECK(process->parent == 7);
    CHECK(process->group == 40);
    CHECK(process->session == 39);
    CHECK(process->state == 'S');
    CHECK(process->start_ticks == 123456);
    CHECK(process->cpu_time == std::chrono::seconds{200} / ::sysconf(_SC_CLK_TCK));
    CHECK(process->resident_bytes == 25 * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_CASE("a program may be called anything", "[unit][platform]") {
    FakeProc proc;
    for (const std::string name : {"a) b", "a b", "((", "))", ") R 1 1 1", "x\ny", ""}) {
        INFO(name);
        proc.add_process(42, name, 7, 40, 39);
        const auto process = find_process(proc.procfs(), 42);
        REQUIRE(process);
        CHECK(process->name == name);
        CHECK(process->parent == 7);
        CHECK(process->start_ticks == 123456);
    }
}

TEST_CASE("a process that is gone, or half gone, is no process", "[unit][platform]") {
    FakeProc proc;
    CHECK_FALSE(find_process(proc.procfs(), 42));
    proc.write("42/stat", "");
    CHECK_FALSE(find_process(proc.procfs(), 42));
    proc.write("42/stat", "42 (node");
    CHECK_FALSE(find_process(proc.procfs(), 42));
    proc.write("42/stat", "42 (node) ");
    CHECK_FALSE(find_process(proc.procfs(), 42));
    CHECK(read_command_line(proc.procfs(), 42).empty());
    CHECK(read_working_dir(proc.procfs(), 42).empty());
    CHECK(read_user(proc.procfs(), 42).empty());
    CHECK(read_program_name(proc.procfs(), 42).empty());
    CHECK_FALSE(read_environment_variable(proc.procfs(), 42, "PATH"));
    CHECK_FALSE(read_start_time(proc.procfs(), 42));
    CHECK(find_process({"/nowhere/proc"}, 1).has_value() == false);
    CHECK(collect_processes({"/nowhere/proc"}).empty());
}

TEST_CASE("one pass finds all processes and nothing else", "[unit][platform]") {
    FakeProc proc;
    proc.add_process(1, "init", 0, 1, 1);
    proc.add_process(42, "node", 1, 42, 42);
    proc.write("43/other", "");  // Vanished between the listing and the read.
    proc.write("uptime", "10.00 5.00\n");
    proc.write("4x/stat", "4 (x) S 1 1 1");

    auto processes = collect_processes(proc.procfs());
    std::ranges::sort(processes, {}, &ProcessInfo::pid);
    REQUIRE(processes.size() == 2);
    CHECK(processes[0].name == "init");
    CHECK(processes[1].name == "node");
}

TEST_CASE("children come from the kernel's list, if it keeps one", "[unit][platform]") {
    FakeProc proc;
    CHECK_FALSE(collect_children(proc.procfs(), 7));
    proc.write("7/task/7/children", "");
    CHECK(collect_children(proc.procfs(), 7)->empty());
    proc.write("7/task/7/children", "12 345 6789 ");
    CHECK(*collect_children(proc.procfs(), 7) == std::vector<int>{12, 345, 6789});
}

TEST_CASE("the command line keeps its words", "[unit][platform]") {
    FakeProc proc;
    proc.write("42/cmdline", "node\0a b\0\0-p\0"s);
    CHECK(read_command_line(proc.procfs(), 42) ==
          std::vector<std::string>{"node", "a b", "", "-p"});
    proc.write("42/cmdline", "postgres: writer \0\0\0\0"s);
    CHECK(read_command_line(proc.procfs(), 42) == std::vector<std::string>{"postgres: writer "});
}

TEST_CASE("a program is called by its full name", "[unit][platform]") {
    FakeProc proc;
    proc.write("42/comm", "node\n");
    proc.write("42/cmdline", "/usr/bin/nodejs\0x\0"s);
    CHECK(read_program_name(proc.procfs(), 42) == "node");
    proc.write("42/comm", "MainThread\n");
    CHECK(read_program_name(proc.procfs(), 42) == "nodejs");
    proc.write("42/comm", "docker-credenti\n");
    proc.write("42/cmdline", "/usr/bin/docker-credential-pass\0"s);
    CHECK(read_program_name(proc.procfs(), 42) == "docker-credential-pass");
    proc.write("42/comm", "next-server (v1\n");
    proc.write("42/cmdline", "next-server (v14.2.3)\0"s);
    CHECK(read_program_name(proc.procfs(), 42) == "next-server (v14.2.3)");
    proc.write("42/cmdline", "");
    CHECK(read_program_name(proc.procfs(), 42) == "next-server (v1");
}

TEST_CASE("environment variables are found by their whole name", "[unit][platform]") {
    FakeProc proc;
    proc.write("42/environ", "XA=1\0A=two = 2\0A=3\0broken\0EMPTY=\0"s);
    const Procfs procfs = proc.procfs();
    CHECK(read_environment_variable(procfs, 42, "A") == "two = 2");
    CHECK(read_environment_variable(procfs, 42, "EMPTY") == "");
    CHECK_FALSE(read_environment_variable(procfs, 42, "broken"));
    CHECK(read_environment_variables(procfs, 42, {"EMPTY", "NONE", "XA"}) ==
          std::vector<std::optional<std::string>>{"", std::nullopt, "1"});
}

TEST_CASE("an environment may be large", "[unit][platform]") {
    FakeProc proc;
    proc.write("42/environ", "BIG=" + std::string(300'000, 'x') + '\0' + "A=1" + '\0');
    CHECK(read_environment_variable(proc.procfs(), 42, "A") == "1");
}

TEST_CASE("start times are told against the boot of the machine", "[unit][platform]") {
    FakeProc proc;
    proc.add_process(42, "node", 7, 40, 39);
    const auto started = std::chrono::seconds{123456} / ::sysconf(_SC_CLK_TCK);
    CHECK_FALSE(read_start_time(proc.procfs(), 42));
    proc.write("stat", "cpu 1 2 3\nbtime 1000000\nprocesses 9\n");
    CHECK(read_start_time(proc.procfs(), 42) == WallTime{1'000'000s + 1234560ms});
    CHECK(started == 1234s);

    const auto process = find_process(proc.procfs(), 42);
    CHECK_FALSE(read_age(proc.procfs(), *process));
    proc.write("uptime", "1240.07 99.00\n");
    CHECK(read_age(proc.procfs(), *process) == Duration{5510ms});
}

TEST_CASE("times are told as a person would, in local time", "[unit][platform]") {
    ::setenv("TZ", "UTC-2", 1);
    ::tzset();
    const WallTime today{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 10h};
    CHECK(render_local_time(today - 3h, today) == "09:00");
    CHECK(render_local_time(today - 11h - 55min, today) == "00:05");
    CHECK(render_local_time(today - 12h - 1min, today) == "Nov 20 23:59");
    CHECK(render_local_time(today - 24h * 365, today) == "Nov 21 12:00");
    ::unsetenv("TZ");
    ::tzset();
}

TEST_CASE("the real /proc tells the truth about ourselves", "[unit][platform]") {
    const Procfs procfs;
    const auto self = find_process(procfs, ::getpid());
    REQUIRE(self);
    CHECK(self->pid == ::getpid());
    CHECK(self->parent == ::getppid());
    CHECK(self->group == ::getpgrp());
    CHECK(self->session == ::getsid(0));
    CHECK(self->state == 'R');
    CHECK(self->resident_bytes > 100'000);
    CHECK(read_working_dir(procfs, ::getpid()) == std::filesystem::current_path().string());
    CHECK(read_command_line(procfs, ::getpid()).front().ends_with("devstack_platform_tests"));
    CHECK(read_program_name(procfs, ::getpid()) == "devstack_platform_tests");
    CHECK(read_user(procfs, ::getpid()) == user_name(::geteuid()));
    CHECK(user_name(4'000'000'000U) == "uid 4000000000");

    const auto started = read_start_time(procfs, ::getpid());
    REQUIRE(started);
    CHECK(*started > wall_now() - 1h);
    CHECK(*started < wall_now() + 2s);
    CHECK(*read_age(procfs, *self) < 1h);

    const auto all = collect_processes(procfs);
    CHECK(std::ranges::count(all, ::getpid(), &ProcessInfo::pid) == 1);
}

TEST_CASE("a zombie is seen as one, without command line", "[unit][platform]") {
    const Procfs procfs;
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
    CHECK(find_process(procfs, child)->state == 'Z');
    CHECK(read_command_line(procfs, child).empty());
    CHECK_FALSE(read_environment_variable(procfs, child, "PATH"));
    const auto children = collect_children(procfs, ::getpid());
    if (children) CHECK(std::ranges::count(*children, child) == 1);
    ::waitpid(child, nullptr, 0);
    CHECK_FALSE(find_process(procfs, child));
}

TEST_CASE("what is not ours to see is empty", "[unit][platform]") {
    const Procfs procfs;
    const int other = ::getppid();  // Still root's, like init.
    const bool was_run = as_nobody([&] {
        CHECK(find_process(procfs, other).has_value());
        CHECK(read_working_dir(procfs, other).empty());
        CHECK_FALSE(read_environment_variable(procfs, other, "PATH"));
        CHECK(read_user(procfs, other) == "root");
        CHECK(collect_processes(procfs).size() > 1);
    });
    if (!was_run) WARN("needs root");
}
