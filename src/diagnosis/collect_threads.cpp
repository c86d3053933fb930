#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collect_goroutines.hpp"
#include "diagnosis/collectors.hpp"
#include "diagnosis/go_stacks.hpp"
#include "diagnosis/locks.hpp"
#include "diagnosis/process_memory.hpp"
#include "diagnosis/python_stacks.hpp"
#include "diagnosis/tcp_connections.hpp"
#include "diagnosis/thread_stacks.hpp"
#include "diagnosis/v8_stacks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/syscall.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ProcessFact;
using core::doctor::ThreadFact;
using std::chrono_literals::operator""ms;

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
        case SYS_openat: return "openat";
#ifdef SYS_epoll_wait
        case SYS_epoll_wait: return "epoll_wait";
        case SYS_poll: return "poll";
        case SYS_select: return "select";
        case SYS_pause: return "pause";
        case SYS_rt_sigsuspend: return "sigsuspend";
#endif
        default: return "call " + std::to_string(number);
    }
}

struct Call {
    long number = -1;
    std::uint64_t first_argument = 0;
    std::uint64_t second_argument = 0;
    std::uint64_t third_argument = 0;
    bool is_running = false;
    bool operator==(const Call&) const = default;
};

/// "202 0x7f… 0x80 …", "running"; what we may not see reads as nothing.
Call read_call(int pid, int thread) {
    const std::string text = read_small(
        "/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) + "/syscall", 256);
    Call call;
    call.is_running = text.starts_with("running");
    const char* const end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, call.number);
    constexpr std::string_view hexadecimal = " 0x";
    if (number.ec != std::errc{} || !std::string_view{number.ptr, end}.starts_with(hexadecimal)) {
        return call;
    }
    constexpr int base = 16;
    const char* at = number.ptr;
    for (std::uint64_t* argument :
         {&call.first_argument, &call.second_argument, &call.third_argument}) {
        if (!std::string_view{at, end}.starts_with(hexadecimal)) break;
        at = std::from_chars(at + hexadecimal.size(), end, *argument, base).ptr;
    }
    return call;
}

/// It opens a FIFO, which lasts until somebody has the other end open: fifo(7).
void examine_fifo(int pid, const Call& call, ThreadFact& fact) {
    if (call.number != SYS_openat || fact.state != "S") return;
    const std::string named = read_text(pid, call.second_argument);
    if (named.empty()) return;
    const fs::path folder = platform::read_working_dir({}, pid);
    const fs::path path = (folder / named).lexically_normal();
    std::error_code error;
    if (!fs::is_fifo(path, error)) return;
    fact.fifo = path.string();
    const bool is_to_write = (call.third_argument & O_ACCMODE) == O_WRONLY;
    fact.fifo_end = is_to_write ? "reader" : "writer";
}

ThreadFact examine(int pid, int thread) {
    ThreadFact fact;
    fact.pid = pid;
    fact.thread = thread;
    const std::string root = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread);
    fact.name = read_small(root + "/comm", 64);
    while (fact.name.ends_with('\n'))
        fact.name.pop_back();
    const std::string stat = read_small(root + "/stat", 1024);
    const auto bracket = stat.rfind(')');
    if (bracket != stat.npos && bracket + 2 < stat.size()) fact.state = stat.substr(bracket + 2, 1);
    const Call call = read_call(pid, thread);
    if (call.is_running) {
        fact.system_call = "running";
    } else if (call.number >= 0) {
        fact.system_call = name_of_call(call.number);
    }
    fact.wait_channel = read_small(root + "/wchan", 64);
    examine_fifo(pid, call, fact);
    return fact;
}

// ---- Of processes that do not answer -----------------------------------------------------------

/// They wait for work or for the time, as they do when all is well; and a stop would wake them.
bool is_idle(const ThreadFact& fact) {
    constexpr std::array<std::string_view, 6> calls{
        "epoll_wait", "poll", "select", "accept", "accept4", "nanosleep"};
    return std::ranges::find(calls, fact.system_call) != calls.end();
}

/// In state D it would not stop, in the others it stands already.
bool may_be_stopped(const ThreadFact& fact) {
    return (fact.state == "S" || fact.state == "R") && !is_idle(fact);
}

/// "tfd: 20 events: 19 data: … ino:8f3 sdev:9" for each that an epoll watches, see proc(5).
bool watches_listener(int pid, int epoll) {
    const std::string text =
        read_small("/proc/" + std::to_string(pid) + "/fdinfo/" + std::to_string(epoll));
    const auto sockets = platform::collect_listening_sockets({});
    constexpr std::string_view mark = "ino:";
    for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
        std::uint64_t inode = 0;
        constexpr int base = 16;
        std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), inode, base);
        const auto is_it = [&](const platform::ListeningSocket& it) { return it.inode == inode; };
        if (std::ranges::any_of(sockets, is_it)) return true;
    }
    return false;
}

/// Node.js waits for a child process (execSync) in an event loop of its own, in which it hears no
/// request. If it waits in its usual one after all, a stop does not harm it.
bool waits_in_other_loop(const ProcessFact& process, const ThreadFact& fact) {
    if (process.runtime != "node" || fact.thread != process.pid ||
        fact.system_call != "epoll_wait") {
        return false;
    }
    const auto epoll = static_cast<int>(read_call(process.pid, fact.thread).first_argument);
    return !watches_listener(process.pid, epoll);
}

struct Lock {
    std::uint64_t address = 0;
    int owner = 0;
    bool operator==(const Lock&) const = default;
};

std::map<int, Lock> find_locks(int pid, const std::set<int>& threads) {
    std::map<int, Lock> locks;
    for (const int thread : threads) {
        const Call call = read_call(pid, thread);
        if (call.number != SYS_futex) continue;
        const int owner = find_lock_owner(pid, call.first_argument, threads);
        if (owner != 0) locks[thread] = {call.first_argument, owner};
    }
    return locks;
}

std::string render_address(std::uint64_t address) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
    return text;
}

/// Who may trace whom is a setting of this host (Documentation/admin-guide/LSM/Yama.rst).
std::string explain_refusal() {
    const std::string scope = read_small("/proc/sys/kernel/yama/ptrace_scope", 8);
    if (scope.empty() || scope.starts_with('0')) return "";
    return " (kernel.yama.ptrace_scope is " + scope.substr(0, 1) + ": root may)";
}

/// The one at which it waits: the first argument of most calls, or what poll(2) is told as the only
/// one, which is how a wait for an answer gets a time limit.
std::optional<int> find_awaited_descriptor(int pid, const ThreadFact& fact) {
    constexpr std::array<std::string_view, 5> calls{
        "read", "write", "recvfrom", "sendto", "connect"};
    const bool is_poll = fact.system_call == "poll";
    if (!is_poll && std::ranges::find(calls, fact.system_call) == calls.end()) return std::nullopt;
    const Call call = read_call(pid, fact.thread);
    if (!is_poll) return static_cast<int>(call.first_argument);
    if (call.second_argument != 1) return std::nullopt;
    return read_value<int>(pid, call.first_argument);
}

/// On the stack of an interpreter there is the interpreter; where the program is, it knows itself.
std::map<int, std::vector<std::string>> read_interpreted(const ProcessFact& process,
                                                         const std::set<int>& threads) {
    if (process.runtime != "python") return {};
    return read_python_stacks(process.pid, threads, platform::read_working_dir({}, process.pid));
}

/// Of a thread that waits only what was the same before and is now: it does not just pass there.
void add_interpreted(const std::map<int, std::vector<std::string>>& before,
                     const std::map<int, std::vector<std::string>>& now,
                     const std::string& language,
                     ThreadFact& fact) {
    const auto then = before.find(fact.thread);
    const auto found = now.find(fact.thread);
    // In the event loop of Node.js there is nothing of the program's.
    const bool is_free = language == "python" && (fact.system_call == "epoll_wait" ||
                                                  fact.system_call.starts_with("accept"));
    if (found == now.end() || is_free) return;
    const bool is_same = then != before.end() && then->second == found->second;
    if (fact.state != "R" && !is_same) return;
    fact.frames = found->second;
    fact.language = language;
}

struct Examination {
    std::vector<ThreadFact> threads;
    std::vector<core::doctor::GoroutineFact> goroutines;
    std::vector<core::doctor::PeerFact> peers;
    std::string problem;
};

/// What a thread is worth to be stopped for. Of a Go program only what runs: where its goroutines
/// wait it knows itself, and its threads only wait for goroutines.
bool is_worth_a_stop(const ProcessFact& process, const ThreadFact& fact) {
    if (process.runtime == "go") return fact.state == "R";
    return may_be_stopped(fact) || waits_in_other_loop(process, fact);
}

/// Twice the time that reading goroutines may take.
constexpr Duration goroutines_max = 150ms;
/// Between the two looks: a lock that is fought for changes hands in less.
constexpr Duration goroutines_pause = 250ms;

/// As ThreadFact has it: a program in Go is what its machine runs.
void mark_as_go(Examination& found) {
    for (ThreadFact& it : found.threads) {
        std::erase_if(it.frames, [](const std::string& frame) {
            return frame.starts_with("runtime.") || frame.starts_with("?");
        });
        if (!it.frames.empty()) it.language = "go";
    }
}

/// What is the same before and after the stacks were read is no passing state.
Examination examine_closely(const ProcessFact& process, bool may_stop, TimePoint deadline) {
    constexpr std::size_t stacks_max = 40;
    const int pid = process.pid;
    Examination found;
    const std::set<int> threads = list_threads(pid);
    std::vector<int> to_stop;
    std::optional<TcpTable> table;
    for (const int thread : threads) {
        found.threads.push_back(examine(pid, thread));
        ThreadFact& fact = found.threads.back();
        if (const auto descriptor = find_awaited_descriptor(pid, fact)) {
            if (!table) table.emplace();
            fact.peer = find_peer(*table, pid, *descriptor);
        }
        const bool has_room = to_stop.size() < stacks_max;
        if (may_stop && has_room && is_worth_a_stop(process, fact)) to_stop.push_back(thread);
    }
    const auto before = find_locks(pid, threads);
    const TimePoint begin = platform::now();
    auto interpreted = read_interpreted(process, threads);
    if (!interpreted.empty()) to_stop.clear();
    const auto scripts = process.runtime == "node" ? V8Stacks::open(pid) : nullptr;
    const auto go = process.runtime == "go" ? GoStacks::open(pid) : nullptr;
    const Goroutines goroutines = go ? go->read(begin + goroutines_max) : Goroutines{};
    ThreadStacks stacks = read_stacks(
        pid,
        to_stop,
        deadline,
        [&](int thread, std::uint64_t frame) {
            if (scripts) scripts->note(thread, frame);
        },
        [&](std::uint64_t address) {
            return go ? go->describe(address) : std::vector<std::string>{};
        });
    const Duration gap = go ? goroutines_pause : Duration{core::limits::lock_held_min};
    const Duration pause = begin + gap - platform::now();
    const bool is_twice = !before.empty() || !interpreted.empty() || !goroutines.waiting.empty();
    if (is_twice && pause > Duration{}) wait(pause);
    const auto after = find_locks(pid, threads);
    auto still = interpreted.empty() ? interpreted : read_interpreted(process, threads);
    // Of Node.js they were noted while it stood still.
    if (scripts) interpreted = still = scripts->describe(platform::read_working_dir({}, pid));
    for (ThreadFact& fact : found.threads) {
        fact.frames = std::move(stacks.frames[fact.thread]);
        add_interpreted(interpreted, still, process.runtime, fact);
        const auto then = before.find(fact.thread);
        const auto now = after.find(fact.thread);
        const bool is_held = then != before.end() && now != after.end() && *then == *now;
        if (!is_held) continue;
        fact.lock = render_address(now->second.address);
        fact.lock_owner = now->second.owner;
    }
    if (go) {
        mark_as_go(found);
        const TimePoint again = platform::now() + goroutines_max;
        found.goroutines = compare_goroutines(pid, goroutines, go->read(again));
        found.peers = count_peers(pid);
    }
    found.problem = stacks.problem;
    return found;
}

/// Beside us: a thread that does not let itself be stopped must not hold the doctor up.
std::optional<Examination> examine_until(const ProcessFact& process,
                                         bool may_stop,
                                         TimePoint deadline) {
    struct Shared {
        std::mutex mutex;
        std::condition_variable done;
        std::optional<Examination> found;
    };
    const auto shared = std::make_shared<Shared>();
    std::thread{[shared, process, may_stop, deadline] {
        Examination found = examine_closely(process, may_stop, deadline);
        const std::scoped_lock lock{shared->mutex};
        shared->found = std::move(found);
        shared->done.notify_all();
    }}.detach();
    std::unique_lock lock{shared->mutex};
    shared->done.wait_until(
        lock, deadline + core::limits::stacks_slack, [&] { return shared->found.has_value(); });
    return shared->found;
}

/// The request that somebody asks about reaches it, and gets no answer.
bool is_asked_in_vain(const std::string& service, const Facts& facts) {
    return std::ranges::any_of(facts.dials, [&](const core::doctor::DialFact& dial) {
        const bool is_it = dial.id == "asked" || dial.id == "past nginx: asked";
        return is_it && dial.error == "no answer" &&
               std::ranges::any_of(facts.listeners, [&](const core::doctor::ListenerFact& it) {
                   return it.port == dial.port && it.service == service;
               });
    });
}

bool is_silent(const std::string& service, const Facts& facts) {
    if (is_asked_in_vain(service, facts)) return true;
    const auto probe =
        std::ranges::find(facts.dials, "probe of " + service, &core::doctor::DialFact::id);
    if (probe != facts.dials.end() && probe->error == "no answer") return true;
    return std::ranges::any_of(facts.connections, [&](const core::doctor::ConnectionFact& it) {
        return it.service == service && it.state != "established";
    });
}

/// It has been starting for a while, listens nowhere, and uses no CPU: it may wait for ever.
bool is_stuck_at_start(const ProcessFact& process, const Scene& scene, const Facts& facts) {
    constexpr double patience = 1;
    constexpr double idle_percent = 3;
    const ServiceScene* const service = scene.find(process.service);
    return service != nullptr && service->fact.phase == "starting" &&
           service->fact.phase_seconds >= patience && process.cpu_percent < idle_percent &&
           !process.is_leftover &&
           std::ranges::none_of(facts.listeners, [&](const core::doctor::ListenerFact& it) {
               return it.service == process.service;
           });
}

/// It has clients, who may wait for an answer, while it answers others.
bool has_clients(const ProcessFact& process, const Facts& facts) {
    return std::ranges::any_of(facts.connections, [&](const core::doctor::ConnectionFact& it) {
        return it.pid == process.pid && it.state == "established";
    });
}

bool waits_for_goroutine(const WaitingGoroutine& it) {
    return it.state == "chan send" || it.state.starts_with("sync.Mutex.") ||
           it.state.starts_with("sync.RWMutex.");
}

/// A first look, which stops nobody: somebody in it waits for a lock, or may do so.
bool may_be_deadlocked(const ProcessFact& process, TimePoint deadline) {
    if (process.runtime == "go") {
        const auto go = GoStacks::open(process.pid);
        const TimePoint end = std::min(deadline, platform::now() + goroutines_max);
        return go && std::ranges::any_of(go->read(end).waiting, waits_for_goroutine);
    }
    const std::set<int> threads = list_threads(process.pid);
    if (process.runtime == "python") {
        return std::ranges::count_if(threads, [&](int thread) {
                   return read_call(process.pid, thread).number == SYS_futex;
               }) > 1;
    }
    if (!process.runtime.empty()) return false;
    const auto before = find_locks(process.pid, threads);
    if (before.empty()) return false;
    wait(core::limits::lock_held_min);
    const auto after = find_locks(process.pid, threads);
    return std::ranges::any_of(before, [&](const auto& it) {
        const auto same = after.find(it.first);
        return same != after.end() && same->second == it.second;
    });
}

/// What was measured of threads before it was known what they are at.
class ThreadLoads {
public:
    explicit ThreadLoads(const std::vector<ThreadFact>& measured) {
        for (const ThreadFact& it : measured)
            loads_[it.thread] = it.wanted_cpu_percent;
    }
    void add_to(std::vector<ThreadFact>& threads) const {
        for (ThreadFact& it : threads) {
            const auto load = loads_.find(it.thread);
            if (load != loads_.end()) it.wanted_cpu_percent = load->second;
        }
    }

private:
    std::map<int, double> loads_;
};

}  // namespace

std::set<int> list_threads(int pid) {
    std::set<int> threads;
    std::error_code error;
    fs::directory_iterator it{"/proc/" + std::to_string(pid) + "/task", error};
    for (; !error && it != fs::directory_iterator{}; it.increment(error)) {
        const std::string name = it->path().filename().string();
        int thread = 0;
        std::from_chars(name.data(), name.data() + name.size(), thread);
        if (thread != 0) threads.insert(thread);
    }
    return threads;
}

void collect_threads(const Scene& scene, Facts& facts, TimePoint deadline) {
    constexpr std::size_t threads_max = 400;
    const ThreadLoads loads{facts.threads};
    facts.threads.clear();
    for (ProcessFact& process : facts.processes) {
        if (process.service.empty() || facts.threads.size() >= threads_max) continue;
        const bool is_hung =
            (scene.question.is_evidence && process.service == scene.question.subject.text) ||
            is_silent(process.service, facts) || is_stuck_at_start(process, scene, facts);
        const bool is_quiet =
            !is_hung && has_clients(process, facts) && may_be_deadlocked(process, deadline);
        if (!is_hung && !is_quiet) {
            for (const int thread : list_threads(process.pid))
                facts.threads.push_back(examine(process.pid, thread));
            continue;
        }
        const std::string whose =
            "stacks of pid " + std::to_string(process.pid) + " (" + process.service + "): ";
        process.talks_to_nobody = process.has_event_loop && talks_to_nobody(process.pid);
        // An interpreter is asked without a stop; where there is a lock the stacks tell whose it
        // is.
        const bool may_stop = is_hung || process.runtime.empty();
        auto found = examine_until(process, may_stop, deadline);
        if (!found) {
            facts.unseen.push_back(whose + "it took too long to read them");
            continue;
        }
        if (!found->problem.empty()) {
            facts.unseen.push_back(whose + found->problem + explain_refusal());
        }
        std::ranges::move(found->threads, std::back_inserter(facts.threads));
        std::ranges::move(found->goroutines, std::back_inserter(facts.goroutines));
        std::ranges::move(found->peers, std::back_inserter(facts.peers));
    }
    loads.add_to(facts.threads);
}

}  // namespace devstack::diagnosis
