// Disks, descriptors, memory: what the machine has too little of.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>

namespace devstack::core::doctor {

namespace {

constexpr std::uint64_t megabyte = 1024ULL * 1024;

bool is_full(const DiskFact& disk) {
    const bool has_space = disk.free_bytes >= std::min(16 * megabyte, disk.size_bytes / 100 + 1);
    const bool has_inodes = disk.inodes == 0 || disk.free_inodes > 0;
    return !has_space || !has_inodes;
}

/// Of one where nobody works, /tmp as a rule, it may be anybody.
std::vector<std::string> users_of(const DiskFact& disk, const Picture& picture) {
    std::vector<std::string> names = disk.services;
    if (!names.empty()) return names;
    for (const ServiceFact& it : picture.facts().services)
        names.push_back(it.name);
    return names;
}

void look_at_disks(const Picture& picture, std::vector<Finding>& findings) {
    for (const DiskFact& disk : picture.facts().disks) {
        if (!is_full(disk)) continue;
        Finding finding;
        finding.id = "disk-full";
        finding.topic = "disk-full";
        finding.strength = 84;
        finding.confidence = Confidence::sure;
        const bool is_space = disk.free_bytes < std::min(16 * megabyte, disk.size_bytes / 100 + 1);
        finding.what = is_space ? "The disk with " + disk.path +
                                      " is full: " + render_bytes(disk.free_bytes) + " of " +
                                      render_bytes(disk.size_bytes) + " are free (no space left)."
                                : "The disk with " + disk.path + " has no inodes left: all " +
                                      std::to_string(disk.inodes) +
                                      " are used by files, so that none can be made, although " +
                                      render_bytes(disk.free_bytes) + " are free.";
        finding.fix = is_space ? "free space there: du -xah " + disk.path + " | sort -h | tail"
                               : "remove files there: du -x --inodes " + disk.path +
                                     " | sort -n | tail shows where they are";
        for (const std::string& name : users_of(disk, picture)) {
            const ServiceFact* const service = picture.service(name);
            if (service == nullptr) continue;
            const LineFact* line = picture.find_line(name, [](const std::string& text) {
                return contains(text, "ENOSPC") || contains_word(text, "no space left");
            });
            if (line != nullptr) finding.evidence.push_back(render_line(name, *line));
            if (picture.is_troubled(*service) && finding.service.empty()) finding.service = name;
        }
        // A full disk that nobody complains of is worth a word, no more.
        finding.is_minor = finding.evidence.empty();
        findings.push_back(std::move(finding));
    }
}

/// Where a program puts temporary files, unless TMPDIR says otherwise.
std::string temporary_directory(const ServiceFact& service) {
    for (const VariableFact& it : service.variables) {
        if (it.name == "TMPDIR" && !it.value.empty()) return it.value;
    }
    return "/tmp";
}

/// Where the service had no space left, by its last words; empty: they do not tell.
std::string find_full_place(const ServiceFact& service, const LineFact& line, const LogFact& log) {
    static const std::regex path{R"re(['"](/[^'"]+)['"])re"};
    std::smatch found;
    if (std::regex_search(line.text, found, path)) return found[1].str();
    // The frames above it: Python's, and those of others that make files with names of their own.
    constexpr std::ptrdiff_t lines_max = 12;
    const auto at = static_cast<std::ptrdiff_t>(&line - log.lines.data());
    for (std::ptrdiff_t i = at; i >= 0 && at - i < lines_max; --i) {
        const std::string& text = log.lines[static_cast<std::size_t>(i)].text;
        const bool is_temporary = contains(text, "tempfile") || contains(text, "mkstemp") ||
                                  contains(text, "createTemp") || contains(text, "os.CreateTemp") ||
                                  contains(text, "here-document") || contains(text, "mktemp");
        if (is_temporary) return temporary_directory(service);
    }
    return "";
}

const DiskFact* find_disk(const std::string& path, const Picture& picture) {
    const DiskFact* best = nullptr;
    for (const DiskFact& it : picture.facts().disks) {
        const bool is_on_it = path == it.path || path.starts_with(it.path + "/");
        if (is_on_it && (best == nullptr || it.path.size() > best->path.size())) best = &it;
    }
    return best;
}

/// It had no space, and has removed what it had written: the disk is full no more, but too small.
void look_at_small_disks(const ServiceFact& service,
                         const LogFact& log,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    constexpr std::uint64_t small = 1024 * megabyte;
    if (log.service != service.name || !picture.is_troubled(service)) return;
    const auto line = std::find_if(log.lines.rbegin(), log.lines.rend(), [](const LineFact& it) {
        return contains(it.text, "ENOSPC") || contains_word(it.text, "no space left");
    });
    if (line == log.lines.rend()) return;
    const std::string place = find_full_place(service, *line, log);
    const DiskFact* const disk = place.empty() ? nullptr : find_disk(place, picture);
    if (disk == nullptr || disk->size_bytes > small || is_full(*disk)) return;
    Finding finding;
    finding.id = "disk-full";
    finding.service = service.name;
    finding.topic = "disk-full";
    finding.strength = 80;
    finding.what = service.name + " has found no space left in " + disk->path + ", which has " +
                   render_bytes(disk->size_bytes) + " in all (" + render_bytes(disk->free_bytes) +
                   " are free now that it has ended): what it writes there is larger.";
    finding.evidence = {render_line(service.name, *line)};
    finding.fix = "let it write elsewhere (TMPDIR=… in the env of " + service.name +
                  ", if these are temporary files), or make " + disk->path +
                  " larger (mount -o remount,size=1G " + disk->path + " for a tmpfs)";
    findings.push_back(std::move(finding));
}

/// Most of them are connections that it has made to one other.
void tell_leaking_peer(const ProcessFact& process, const Picture& picture, Finding& finding) {
    // A proxy has as many as it has clients.
    if (process.runtime.empty()) return;
    for (const PeerFact& it : picture.facts().peers) {
        if (it.pid != process.pid || it.count * 2 <= process.open_files) continue;
        int port = 0;
        const std::string digits = it.peer.substr(it.peer.rfind(':') + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
        const ServiceFact* const owner = picture.owner_of(port);
        const auto reference =
            std::ranges::find_if(picture.facts().references, [&](const ReferenceFact& that) {
                return that.service == process.service && that.kind == "env" && that.port == port;
            });
        const std::string where = reference == picture.facts().references.end()
                                      ? ""
                                      : ", where " + render_reference(*reference) + " leads";
        finding.what.replace(finding.what.rfind(" (too many"),
                             std::string::npos,
                             " (too many open files), of which " + std::to_string(it.count) +
                                 " are connections to " +
                                 (owner == nullptr ? "" : owner->name + " at ") + it.peer + where +
                                 ", which it does not close.");
        finding.fix = "close each response of " + (owner == nullptr ? it.peer : owner->name) +
                      " when it is read (defer res.Body.Close(), with, dispose), and make one "
                      "client or pool for all requests; devstack restart " +
                      process.service + " for now";
        return;
    }
}

void look_at_open_files(const Picture& picture, std::vector<Finding>& findings) {
    for (const ProcessFact& process : picture.facts().processes) {
        if (process.service.empty() || process.open_files_limit == 0) continue;
        // A process at its limit: the last few are what it needs for a moment.
        const int left = process.open_files_limit - process.open_files;
        if (left > std::max(2, process.open_files_limit / 50)) continue;
        Finding finding;
        finding.id = "too-many-open-files";
        finding.service = process.service;
        finding.topic = "too-many-open-files";
        finding.strength = 89;
        finding.confidence = Confidence::sure;
        finding.what =
            process.service + " (" + process.command + ", pid " + std::to_string(process.pid) +
            ") has reached its limit of open files: " + std::to_string(process.open_files) +
            " file descriptors of " + std::to_string(process.open_files_limit) +
            " (too many open files).";
        const LineFact* line = picture.find_line(process.service, [](const std::string& text) {
            return contains(text, "EMFILE") || contains_word(text, "too many open files");
        });
        if (line != nullptr) finding.evidence.push_back(render_line(process.service, *line));
        finding.evidence.push_back("ls /proc/" + std::to_string(process.pid) +
                                   "/fd | wc -l: " + std::to_string(process.open_files));
        finding.fix = "see what it does not close (ls -l /proc/" + std::to_string(process.pid) +
                      "/fd); for now raise ulimits = { nofile = … } and devstack restart " +
                      process.service;
        tell_leaking_peer(process, picture, finding);
        findings.push_back(std::move(finding));
    }
}

/// What programs, runtimes and shells say when fork(2) or clone(2) fails with EAGAIN.
bool is_told_no_task(const std::string& text) {
    constexpr std::array words{"can't start new thread",
                               "unable to create native thread",
                               "unable to create new native thread",
                               "failed to create new OS thread",
                               "can't create Thread",
                               "pthread_create failed",
                               "fork failed",
                               "fork: retry",
                               "can't fork",
                               "cannot fork",
                               "BlockingIOError: [Errno 11]"};
    if (std::ranges::any_of(words, [&](const char* it) { return contains(text, it); })) return true;
    const bool is_again =
        contains(text, "EAGAIN") || contains_word(text, "resource temporarily unavailable");
    constexpr std::array calls{"fork", "spawn", "clone", "thread", "exec", "process"};
    return is_again &&
           std::ranges::any_of(calls, [&](const char* it) { return contains(text, it); });
}

void look_at_task_limits(const Picture& picture, std::vector<Finding>& findings) {
    for (const TaskLimitFact& limit : picture.facts().task_limits) {
        Finding finding;
        for (const std::string& name : limit.services) {
            const LineFact* const line = picture.find_line(name, is_told_no_task);
            if (line == nullptr) continue;
            finding.evidence.push_back(render_line(name, *line));
            if (name != limit.services.front()) finding.affects.push_back(name);
        }
        // The last few are what comes and goes.
        const bool is_reached = limit.used >= limit.limit;
        if (!is_reached && finding.evidence.empty()) continue;
        const std::string& first = limit.services.front();
        const bool is_of_user = limit.from.starts_with("ulimit");
        finding.id = "too-many-processes";
        finding.service = first;
        finding.topic = "tasks " + limit.from;
        finding.strength = 89;
        finding.confidence = Confidence::sure;
        finding.is_minor = finding.evidence.empty();
        finding.what =
            "No more processes and threads can be started: " + std::to_string(limit.used) + " of " +
            std::to_string(limit.limit) + " are there (" + limit.from + "), " +
            std::to_string(limit.first_uses) + " of them of " + first + ".";
        finding.evidence.push_back(
            is_of_user ? "ps -L -u " + limit.from.substr(limit.from.rfind(' ') + 1) + " | wc -l"
                       : "cat " + limit.from + ": " + std::to_string(limit.limit));
        finding.fix = "see what " + first +
                      " starts and does not end (ps -eLf), and devstack restart " + first +
                      "; if all of them are needed raise " +
                      (is_of_user ? "ulimits = { nproc = … }"
                                  : "pids_limit, TasksMax= of the unit or the container's limit");
        findings.push_back(std::move(finding));
    }
}

void look_at_memory(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        const CrashFact* const crash = picture.last_crash(service.name);
        const bool is_down = service.pid == 0 && service.has_exited;
        const bool is_current = crash != nullptr && (is_down || service.restarts > 0);
        constexpr int sigkill = 9;
        if (!is_current) continue;
        if (end_signal(crash->code, crash->signal) != sigkill) continue;
        // devstack kills too, what does not end when it has to: it says why.
        const bool is_by_devstack = !crash->why.empty() && crash->why != crash->ended &&
                                    !contains(crash->why, "OOM killer");
        const KernelFact* const message = picture.kernel_message(*crash);
        if (is_by_devstack || (crash->oom_kills == 0 && message == nullptr)) continue;
        Finding finding;
        finding.id = "killed-for-memory";
        finding.service = service.name;
        finding.topic = "end";
        finding.strength = 90;
        finding.evidence = {service.name + " " + crash->ended + " at " + crash->time};
        if (message != nullptr) {
            finding.confidence = Confidence::sure;
            finding.what = service.name + " was killed (SIGKILL) by the kernel's OOM killer, " +
                           describe_kill(*message) + ".";
            finding.evidence.push_back(render_message(*message));
        } else {
            finding.what = service.name +
                           " was killed (SIGKILL), most probably by the kernel's OOM killer: out "
                           "of memory, at " +
                           render_bytes(crash->peak_memory_bytes) + ".";
            finding.evidence.push_back("the kernel has ended " + std::to_string(crash->oom_kills) +
                                       " for want of memory meanwhile");
        }
        const bool is_limit = message == nullptr || message->kind == "memory limit";
        finding.fix = "look for what " + service.name + " keeps in memory, " +
                      (is_limit ? "or raise the memory limit of its cgroup"
                                : "see who else uses it (ps -eo rss,pid,args --sort -rss | head), "
                                  "or add memory or swap");
        findings.push_back(std::move(finding));
    }
    const MachineFact& machine = picture.facts().machine;
    const bool is_short =
        machine.memory_bytes > 0 && machine.available_bytes < machine.memory_bytes / 50;
    if (!is_short) return;
    Finding finding;
    finding.id = "memory-short";
    finding.topic = "memory";
    finding.strength = 60;
    finding.what =
        "This machine has hardly any memory left: " + render_bytes(machine.available_bytes) +
        " of " + render_bytes(machine.memory_bytes) + ".";
    finding.fix = "see who uses it: ps -eo rss,pid,args --sort -rss | head";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_lack_of_resources(const Picture& picture, std::vector<Finding>& findings) {
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        if (service != nullptr) look_at_small_disks(*service, log, picture, findings);
    }
    look_at_disks(picture, findings);
    look_at_open_files(picture, findings);
    look_at_task_limits(picture, findings);
    look_at_memory(picture, findings);
}

}  // namespace devstack::core::doctor
