#include "proc_file.hpp"

#include <algorithm>

#include <unistd.h>

namespace devstack::platform {

namespace {

/// Fields of /proc/PID/stat behind the state, by their number in proc(5).
class StatFields {
public:
    explicit StatFields(std::string_view text) : rest_{text} {}

    /// Fields are asked for in rising order; 0 for one that is not there.
    unsigned long long field(int number) {
        unsigned long long value = 0;
        for (; next_ <= number; ++next_)
            value = take_field();
        return value;
    }

private:
    unsigned long long take_field() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
        const bool is_negative = rest_.starts_with('-');  // The terminal's group, priorities.
        if (is_negative) rest_.remove_prefix(1);
        const auto value = take_number(rest_);
        return is_negative ? 0 : value.value_or(0);
    }

    std::string_view rest_;
    int next_ = 4;
};

Duration ticks_to_duration(unsigned long long ticks) {
    static const auto ticks_per_second = static_cast<unsigned long long>(::sysconf(_SC_CLK_TCK));
    return std::chrono::nanoseconds{ticks * (1'000'000'000ULL / ticks_per_second)};
}

/// The name stands in parentheses and may itself contain any of them, blanks and line ends: what
/// counts is the last one that closes.
std::optional<ProcessInfo> parse_stat(int pid, std::string_view text) {
    static const auto page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == text.npos || close == text.npos || close < open) return std::nullopt;
    if (text.size() < close + 4) return std::nullopt;

    ProcessInfo process;
    process.pid = pid;
    process.name = text.substr(open + 1, close - open - 1);
    process.state = text[close + 2];
    StatFields stat{text.substr(close + 3)};
    process.parent = static_cast<int>(stat.field(4));
    process.group = static_cast<int>(stat.field(5));
    process.session = static_cast<int>(stat.field(6));
    const unsigned long long user_ticks = stat.field(14);
    process.cpu_time = ticks_to_duration(user_ticks + stat.field(15));
    process.start_ticks = stat.field(22);
    process.resident_bytes = stat.field(24) * page_size;
    return process;
}

std::optional<ProcessInfo> read_process(ProcDirectory& proc, int pid) {
    const auto text = proc.read_short(pid, "stat");
    return text ? parse_stat(pid, *text) : std::nullopt;
}

}  // namespace

std::optional<ProcessInfo> find_process(const Procfs& procfs, int pid) {
    ProcDirectory proc{procfs};
    return read_process(proc, pid);
}

std::vector<ProcessInfo> collect_processes(const Procfs& procfs) {
    ProcDirectory proc{procfs};
    std::vector<ProcessInfo> processes;
    for (const int pid : proc.pids()) {
        if (auto process = read_process(proc, pid)) processes.push_back(std::move(*process));
    }
    return processes;
}

std::optional<std::vector<int>> collect_children(const Procfs& procfs, int pid) {
    const std::string path = std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
    const auto text = ProcDirectory{procfs}.read_all(path.c_str());
    if (!text) return std::nullopt;
    std::vector<int> children;
    std::string_view rest = *text;
    while (const auto child = take_number(rest))
        children.push_back(static_cast<int>(*child));
    return children;
}

std::optional<Duration> read_age(const Procfs& procfs, const ProcessInfo& process) {
    ProcDirectory proc{procfs};
    const auto text = proc.read_short("uptime");
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    const auto seconds = take_number(rest);
    if (!seconds || !rest.starts_with('.')) return std::nullopt;
    rest.remove_prefix(1);
    const auto hundredths = take_number(rest);
    if (!hundredths) return std::nullopt;
    const Duration uptime =
        std::chrono::seconds{*seconds} + std::chrono::milliseconds{*hundredths * 10};
    return std::max(Duration::zero(), uptime - ticks_to_duration(process.start_ticks));
}

std::optional<WallTime> read_start_time(const Procfs& procfs, int pid) {
    const auto process = find_process(procfs, pid);
    const auto text = ProcDirectory{procfs}.read_all("stat");
    if (!process || !text) return std::nullopt;
    static constexpr std::string_view key = "\nbtime ";
    const std::size_t at = text->find(key);
    if (at == text->npos) return std::nullopt;
    std::string_view rest = std::string_view{*text}.substr(at + key.size());
    const auto boot_seconds = take_number(rest);
    if (!boot_seconds) return std::nullopt;
    return WallTime{std::chrono::seconds{*boot_seconds}} + ticks_to_duration(process->start_ticks);
}

}  // namespace devstack::platform
