#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include <sys/syscall.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ThreadFact;

/// The calls in which programs wait; the others are told by their number.
std::string name_of_call(long number) {
    switch (number) {
        case SYS_futex: return "futex";
        case SYS_read: return "read";
        case SYS_write: return "write";
        case SYS_recvfrom: return "recvfrom";
        case SYS_sendto: return "sendto";
        case SYS_accept: return "accept";
        case SYS_accept4: return "accept4";
        case SYS_connect: return "connect";
        case SYS_epoll_pwait: return "epoll_wait";
        case SYS_ppoll: return "poll";
        case SYS_pselect6: return "select";
        case SYS_clock_nanosleep: return "nanosleep";
        case SYS_nanosleep: return "nanosleep";
        case SYS_wait4: return "wait4";
        case SYS_waitid: return "waitid";
        case SYS_flock: return "flock";
        case SYS_fcntl: return "fcntl";
#ifdef SYS_epoll_wait
        case SYS_epoll_wait: return "epoll_wait";
        case SYS_poll: return "poll";
        case SYS_select: return "select";
#endif
        default: return "call " + std::to_string(number);
    }
}

ThreadFact examine(int pid, const std::string& task) {
    ThreadFact fact;
    fact.pid = pid;
    const std::string root = "/proc/" + std::to_string(pid) + "/task/" + task;
    std::from_chars(task.data(), task.data() + task.size(), fact.thread);
    fact.name = read_small(root + "/comm", 64);
    while (fact.name.ends_with('\n'))
        fact.name.pop_back();
    const std::string stat = read_small(root + "/stat", 1024);
    const auto bracket = stat.rfind(')');
    if (bracket != stat.npos && bracket + 2 < stat.size()) fact.state = stat.substr(bracket + 2, 1);
    const std::string call = read_small(root + "/syscall", 256);
    long number = -1;
    const auto parsed = std::from_chars(call.data(), call.data() + call.size(), number);
    if (call.starts_with("running")) {
        fact.system_call = "running";
    } else if (parsed.ec == std::errc{} && number >= 0) {
        fact.system_call = name_of_call(number);
    }
    fact.wait_channel = read_small(root + "/wchan", 64);
    return fact;
}

}  // namespace

void collect_threads(Facts& facts) {
    constexpr std::size_t threads_max = 200;
    for (const core::doctor::ProcessFact& process : facts.processes) {
        if (process.service.empty()) continue;
        std::error_code error;
        fs::directory_iterator it{"/proc/" + std::to_string(process.pid) + "/task", error};
        for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
            if (facts.threads.size() >= threads_max) return;
            facts.threads.push_back(examine(process.pid, it->path().filename().string()));
        }
    }
}

}  // namespace devstack::diagnosis
