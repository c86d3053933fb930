// Two looks at /proc, a moment apart: what a process burns between them tells a loop from a wait.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/platform/program_runtime.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/tcp_connections.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ListenerFact;
using core::doctor::ProcessFact;
using platform::ProcessInfo;
using std::chrono_literals::operator""ms;

constexpr auto window = 300ms;
constexpr int tcp_sockets_max = 20000;

/// Which service a process belongs to, by its ancestors, its session, or the mark in its
/// environment that survives both.
class Kinship {
public:
    Kinship(const Scene& scene, const std::vector<ProcessInfo>& processes) : scene_{scene} {
        for (const ProcessInfo& it : processes)
            by_pid_[it.pid] = &it;
    }

    struct Answer {
        std::string service;
        bool is_leftover = false;
    };

    Answer find(const ProcessInfo& process) {
        const auto known = known_.find(process.pid);
        if (known != known_.end()) return known->second;
        known_[process.pid] = {};  // A circle of parents can not be, but may be read.
        return known_[process.pid] = look(process);
    }

private:
    Answer look(const ProcessInfo& process) {
        for (const ServiceScene& it : scene_.services) {
            const int pid = it.fact.pid;
            if (pid != 0 && (process.pid == pid || process.session == pid)) {
                return {it.fact.name, false};
            }
        }
        const auto parent = by_pid_.find(process.parent);
        if (parent != by_pid_.end() && process.parent > 1) {
            const Answer inherited = find(*parent->second);
            if (!inherited.service.empty()) return inherited;
        }
        return look_at_mark(process);
    }
    /// DEVSTACK_RUN is "api#4", see run_processes.hpp of the daemon.
    Answer look_at_mark(const ProcessInfo& process) {
        const auto values = platform::read_environment_variables(
            {}, process.pid, {"DEVSTACK_PROJECT_DIR", "DEVSTACK_RUN"});
        if (values[0].value_or("") != scene_.project_dir || !values[1]) return {};
        const auto hash = values[1]->rfind('#');
        const std::string name = values[1]->substr(0, hash);
        const ServiceScene* const service = scene_.find(name);
        if (service == nullptr) return {};
        const bool is_current = service->fact.pid != 0 && hash != std::string::npos &&
                                values[1]->substr(hash + 1) == std::to_string(service->fact.run);
        return {name, !is_current};
    }

    const Scene& scene_;
    std::map<int, const ProcessInfo*> by_pid_;
    std::map<int, Answer> known_;
};

int count_entries(const std::string& directory) {
    int count = 0;
    std::error_code error;
    for (fs::directory_iterator it{directory, error}, end; !error && it != end;
         it.increment(error)) {
        ++count;
    }
    return count;
}

/// Of a server with an event loop it is among the first that it opens.
bool holds_epoll(const std::string& directory) {
    constexpr int looked_at_max = 32;
    for (int descriptor = 3; descriptor < looked_at_max; ++descriptor) {
        std::error_code error;
        const fs::path target =
            fs::read_symlink(directory + "/" + std::to_string(descriptor), error);
        if (!error && target == "anon_inode:[eventpoll]") return true;
    }
    return false;
}

/// The soft limit in /proc/PID/limits.
int read_open_files_limit(int pid) {
    const std::string text = read_small("/proc/" + std::to_string(pid) + "/limits", 4096);
    const auto at = text.find("Max open files");
    if (at == text.npos) return 0;
    const auto digit = text.find_first_of("0123456789", at);
    int limit = 0;
    if (digit != text.npos) std::from_chars(text.data() + digit, text.data() + text.size(), limit);
    return limit;
}

void examine_cgroup(ProcessFact& fact) {
    const std::string text = read_small("/proc/" + std::to_string(fact.pid) + "/cgroup", 4096);
    const auto at = text.find("0::");
    if (at == text.npos) return;
    const std::string path = "/sys/fs/cgroup" + text.substr(at + 3, text.find('\n', at) - at - 3);
    const std::string limit = read_small(path + "/memory.max", 64);
    std::from_chars(limit.data(), limit.data() + limit.size(), fact.memory_limit_bytes);
    const std::string events = read_small(path + "/memory.events", 1024);
    const auto kills = events.find("oom_kill ");
    if (kills == events.npos) return;
    std::from_chars(events.data() + kills + 9, events.data() + events.size(), fact.oom_kills);
}

ProcessFact describe(const Scene& scene, const ProcessInfo& process) {
    ProcessFact fact;
    fact.pid = process.pid;
    fact.parent = process.parent;
    fact.session = process.session;
    fact.state = std::string{process.state};
    fact.name = process.name;
    const std::string words = join(platform::read_command_line({}, process.pid), " ");
    fact.command = core::doctor::redact(sane_text(words), scene.secrets).substr(0, 300);
    if (fact.command.empty()) fact.command = process.name;
    fact.working_dir = scene.shown(platform::read_working_dir({}, process.pid));
    fact.user = platform::read_user({}, process.pid);
    fact.runtime = platform::find_runtime(process.pid);
    fact.age_seconds =
        std::chrono::duration<double>(platform::read_age({}, process).value_or(Duration{})).count();
    const std::string proc = "/proc/" + std::to_string(process.pid);
    fact.threads = count_entries(proc + "/task");
    fact.wait_channel = read_small(proc + "/wchan", 64);
    fact.open_files = static_cast<int>(platform::count_descriptors({}, process.pid));
    fact.has_event_loop = holds_epoll(proc + "/fd");
    fact.open_files_limit = read_open_files_limit(process.pid);
    fact.resident_bytes = process.resident_bytes;
    examine_cgroup(fact);
    return fact;
}

std::string render_command(const Scene& scene, int pid) {
    const std::string words = join(platform::read_command_line({}, pid), " ");
    return core::doctor::redact(sane_text(words), scene.secrets).substr(0, 200);
}

void add_listeners(const Scene& scene,
                   const std::map<std::uint64_t, int>& holders,
                   const std::vector<platform::ListeningSocket>& sockets,
                   const std::map<int, Kinship::Answer>& kin,
                   Facts& facts) {
    for (const platform::ListeningSocket& socket : sockets) {
        ListenerFact fact;
        fact.port = socket.port.number;
        fact.address = socket.address;
        fact.accept_queue = static_cast<int>(socket.accept_queue);
        fact.user = platform::user_name(socket.user_id);
        const auto holder = holders.find(socket.inode);
        if (holder != holders.end()) {
            fact.pid = holder->second;
            fact.command = render_command(scene, fact.pid);
            fact.working_dir = scene.shown(platform::read_working_dir({}, fact.pid));
            const auto found = kin.find(fact.pid);
            if (found != kin.end() && !found->second.is_leftover) {
                fact.service = found->second.service;
            }
            if (const auto started = platform::read_start_time({}, fact.pid)) {
                fact.since = platform::render_local_time(*started, platform::wall_now());
            }
        }
        facts.listeners.push_back(std::move(fact));
    }
}

void find_outgoing(const Scene& scene,
                   const TcpTable& table,
                   const std::map<int, Kinship::Answer>& kin,
                   Facts& facts) {
    std::set<int> ports;
    for (const ServiceScene& service : scene.services) {
        for (const std::string& text : service.fact.ports)
            ports.insert(core::doctor::to_port(text));
    }
    add_outgoing(table, ports, facts);
    for (core::doctor::OutgoingFact& fact : facts.outgoing) {
        if (fact.pid == 0) continue;
        fact.command = render_command(scene, fact.pid);
        fact.user = platform::read_user({}, fact.pid);
        const auto found = kin.find(fact.pid);
        if (found != kin.end()) fact.service = found->second.service;
    }
}

struct CpuTime {
    Duration used{};
    /// Of each thread: used, or waited for in the queue of a core.
    std::map<int, Duration> wanted;
};

/// "ran waited slices" of a thread, in nanoseconds.
Duration read_wanted(int pid, int thread) {
    std::istringstream numbers{read_small(
        "/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) + "/schedstat", 128)};
    std::int64_t ran = 0;
    std::int64_t waited = 0;
    numbers >> ran >> waited;
    return Duration{ran + waited};
}

std::map<int, Duration> read_wanted_by_threads(int pid) {
    constexpr std::size_t threads_max = 300;
    std::map<int, Duration> wanted;
    for (const int thread : list_threads(pid)) {
        if (wanted.size() < threads_max) wanted[thread] = read_wanted(pid, thread);
    }
    return wanted;
}

/// Of the threads of one process those that have wanted anything.
void measure_threads(const ProcessFact& process,
                     const CpuTime& before,
                     double seconds,
                     std::vector<core::doctor::ThreadFact>& threads) {
    constexpr double told_min = 5;
    for (const auto& [thread, wanted] : read_wanted_by_threads(process.pid)) {
        const auto then = before.wanted.find(thread);
        if (then == before.wanted.end()) continue;
        core::doctor::ThreadFact fact;
        fact.pid = process.pid;
        fact.thread = thread;
        fact.wanted_cpu_percent =
            100.0 * std::chrono::duration<double>(wanted - then->second).count() / seconds;
        if (fact.wanted_cpu_percent >= told_min) threads.push_back(std::move(fact));
    }
}

/// CPU between two looks at the processes that matter.
void measure(Facts& facts, const std::map<int, CpuTime>& before, TimePoint since) {
    for (ProcessFact& fact : facts.processes) {
        const auto now = platform::find_process({}, fact.pid);
        const auto then = before.find(fact.pid);
        if (!now) fact.state = "X";  // It has ended meanwhile.
        if (!now || then == before.end()) continue;
        // Of one that has ended just now its parent may still take notice.
        if (now->state != 'Z') fact.state = std::string{now->state};
        const double seconds = std::chrono::duration<double>(platform::now() - since).count();
        fact.cpu_percent =
            100.0 * std::chrono::duration<double>(now->cpu_time - then->second.used).count() /
            seconds;
        measure_threads(fact, then->second, seconds, facts.threads);
        const auto main =
            std::ranges::find(facts.threads, fact.pid, &core::doctor::ThreadFact::thread);
        if (main != facts.threads.end()) fact.wanted_cpu_percent = main->wanted_cpu_percent;
    }
}

/// "TCP: inuse 59405 orphan 0 …" and the same of IPv6, which has connections to it in both.
int count_tcp_sockets() {
    int count = 0;
    for (const char* path : {"/proc/net/sockstat", "/proc/net/sockstat6"}) {
        std::istringstream lines{read_small(path, 1024)};
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words{line};
            std::string protocol;
            std::string word;
            int number = 0;
            words >> protocol >> word >> number;
            if (protocol.starts_with("TCP")) count += number;
        }
    }
    return count;
}

}  // namespace

std::map<std::uint64_t, int> find_socket_holders(
    const std::vector<platform::ListeningSocket>& sockets) {
    std::vector<std::uint64_t> inodes;
    for (const platform::ListeningSocket& it : sockets)
        inodes.push_back(it.inode);
    std::map<std::uint64_t, int> holders;
    for (const platform::SocketOwner& owner : platform::find_socket_owners({}, inodes)) {
        int& pid = holders[owner.inode];
        if (pid == 0 || owner.pid < pid) pid = owner.pid;
    }
    return holders;
}

Facts collect_activity(const Scene& scene) {
    Facts facts;
    const TimePoint begin = platform::now();
    const auto processes = platform::collect_processes({});
    const auto sockets = platform::collect_listening_sockets({});
    const auto holders = find_socket_holders(sockets);
    std::set<int> interesting;
    for (const auto& [inode, pid] : holders)
        interesting.insert(pid);
    Kinship kinship{scene, processes};
    std::map<int, Kinship::Answer> kin;
    std::map<int, CpuTime> cpu;
    for (const ProcessInfo& process : processes) {
        const Kinship::Answer answer = kinship.find(process);
        if (answer.service.empty() && !interesting.contains(process.pid)) continue;
        kin[process.pid] = answer;
        cpu[process.pid] = {process.cpu_time, read_wanted_by_threads(process.pid)};
        ProcessFact fact = describe(scene, process);
        fact.service = answer.service;
        fact.is_leftover = answer.is_leftover;
        facts.processes.push_back(std::move(fact));
    }
    add_listeners(scene, holders, sockets, kin, facts);
    // A host with very many sockets: each look at the table of all costs what others need, and what
    // its processes do matters more than who is connected.
    if (count_tcp_sockets() > tcp_sockets_max) {
        wait(window);
        measure(facts, cpu, begin);
        facts.unseen.push_back("who is connected to what: this host has too many sockets");
        return facts;
    }
    const TcpTable table;
    find_outgoing(scene, table, kin, facts);
    // Dials come later than this: what is stuck now is not of our making.
    const StuckConnections before = find_stuck(table, facts);
    wait(window);
    add_connections(before, facts);
    const bool is_suspicious = std::ranges::any_of(
        facts.connections,
        [](const core::doctor::ConnectionFact& it) { return it.state != "established"; });
    if (is_suspicious) {  // A busy server may need a moment to let go.
        wait(window);
        add_connections(before, facts);
    }
    measure(facts, cpu, begin);
    return facts;
}

}  // namespace devstack::diagnosis
