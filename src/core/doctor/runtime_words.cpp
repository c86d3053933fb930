#include "core/doctor/runtime_words.hpp"

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace devstack::core::doctor {

namespace {

bool begins_with_one_of(std::string_view name, std::span<const std::string_view> beginnings) {
    return std::ranges::any_of(beginnings,
                               [&](std::string_view it) { return name.starts_with(it); });
}

/// As HotSpot and .NET call them, the first 15 bytes. The serial collector works in the VM's own.
bool collects_garbage(const ThreadFact& thread) {
    constexpr std::array<std::string_view, 10> names{"GC Thread",
                                                     "G1 ",
                                                     "VM Thread",
                                                     "ParGC",
                                                     "Shenandoah",
                                                     "ZWorker",
                                                     "XWorker",
                                                     "ZDirector",
                                                     ".NET Server GC",
                                                     ".NET BGC"};
    return begins_with_one_of(thread.name, names);
}

bool compiles(const ThreadFact& thread) {
    constexpr std::array<std::string_view, 4> names{
        "C1 Compiler", "C2 Compiler", "JVMCI", ".NET Tiered"};
    return begins_with_one_of(thread.name, names);
}

/// Its threads run one at a time.
bool has_global_lock(const ProcessFact& process) {
    return process.runtime == "ruby" || process.runtime == "python";
}

std::string percent_text(double percent) {
    return std::to_string(static_cast<int>(std::min(percent, 100.0))) + " %";
}

}  // namespace

bool suffers(const ServiceFact& service, const Picture& picture) {
    const DialFact* const probe = picture.probe(service);
    if (service.phase == "unhealthy" || (probe != nullptr && probe->error == "no answer")) {
        return true;
    }
    const bool is_left =
        std::ranges::any_of(picture.facts().connections, [&](const ConnectionFact& it) {
            return it.service == service.name && it.state == "close-wait";
        });
    const DialFact* const asked = picture.dial("asked");
    return is_left || (asked != nullptr && asked->error == "no answer");
}

std::string profiler_for(const ProcessFact& process) {
    const std::string pid = std::to_string(process.pid);
    if (process.runtime == "python") return "py-spy dump --pid " + pid;
    if (process.runtime == "node") return "kill -USR1 " + pid + " and node inspect -p " + pid;
    if (process.runtime == "java") {
        return "jstack " + pid + " (or kill -QUIT " + pid + ", which writes it to its log)";
    }
    if (process.runtime == "ruby") return "rbspy dump --pid " + pid;
    if (process.runtime == "go") {
        return "kill -QUIT " + pid + " (which writes its goroutines to its log, and ends it)";
    }
    if (process.name.starts_with("php")) return "phpspy -p " + pid;
    if (process.name == "dotnet") return "dotnet-stack report -p " + pid;
    if (process.name.starts_with("beam")) {
        return "iex --remsh NODE, and Process.info(pid, :current_stacktrace) of each of "
               "Process.list(): a GenServer.call in a circle, or a receive that nothing ends";
    }
    if (process.name == "perl") return "strace -p " + pid;
    return "gdb -p " + pid + ", or perf top -p " + pid;
}

std::vector<const ThreadFact*> find_busy_threads(const ProcessFact& process,
                                                 const Picture& picture) {
    constexpr double share_min = 20;
    std::vector<const ThreadFact*> busy;
    double together = 0;
    for (const ThreadFact& it : picture.facts().threads) {
        const double least = has_global_lock(process) ? share_min : busy_percent;
        const bool is_busy = it.pid == process.pid && it.wanted_cpu_percent >= least;
        if (!is_busy || collects_garbage(it) || compiles(it)) continue;
        busy.push_back(&it);
        together += it.wanted_cpu_percent;
    }
    if (together < busy_percent) return {};
    std::ranges::stable_sort(
        busy, std::ranges::greater{}, [](const ThreadFact* it) { return it->wanted_cpu_percent; });
    return busy;
}

double percent_wanted(const ProcessFact& process, const Picture& picture) {
    double percent = 0;
    for (const ThreadFact* it : find_busy_threads(process, picture)) {
        percent = has_global_lock(process) ? percent + it->wanted_cpu_percent
                                           : std::max(percent, it->wanted_cpu_percent);
    }
    return std::max(process.wanted_cpu_percent, percent);
}

std::string describe_busy(const ProcessFact& process, const Picture& picture) {
    if (process.wanted_cpu_percent >= busy_percent) {
        return "its main thread wants " + percent_text(process.wanted_cpu_percent) + " of a CPU";
    }
    const auto busy = find_busy_threads(process, picture);
    if (busy.empty()) return "";
    const bool is_in_turns = has_global_lock(process);
    const std::string percent = percent_text(is_in_turns ? percent_wanted(process, picture)
                                                         : busy.back()->wanted_cpu_percent);
    if (busy.size() == 1)
        return "its " + name_of(*busy.front()) + " wants " + percent + " of a CPU";
    std::vector<std::string> names;
    for (const ThreadFact* it : busy) {
        constexpr std::size_t shown_max = 3;
        if (names.size() < shown_max) names.push_back(name_of(*it).substr(7));  // "thread "
    }
    return "its threads " + join_for_people(names) +
           (names.size() < busy.size() ? " and others" : "") + " want " + percent + " of a CPU" +
           (is_in_turns ? " together" : " each");
}

double percent_of_collectors(const ProcessFact& process, const Picture& picture) {
    double percent = 0;
    for (const ThreadFact& it : picture.facts().threads) {
        if (it.pid == process.pid && collects_garbage(it)) percent += it.wanted_cpu_percent;
    }
    return percent;
}

}  // namespace devstack::core::doctor
