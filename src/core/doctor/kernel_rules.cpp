// What the kernel has logged. It logs for the whole host, containers too, so that a message is told
// only where something of the project agrees with it.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace devstack::core::doctor {

namespace {

constexpr double recent_seconds = 600;
constexpr int sigkill = 9;

bool is_kill(const KernelFact& message) {
    return message.kind == "out of memory" || message.kind == "memory limit";
}

bool has_ended_by(const CrashFact& crash, std::initializer_list<int> signals) {
    return std::ranges::find(signals, end_signal(crash.code, crash.signal)) != signals.end();
}

bool may_be_of(const KernelFact& message, const CrashFact& crash) {
    if (is_kill(message) ? !has_ended_by(crash, {sigkill})
                         : message.kind != "fault" || !has_ended_by(crash, {4, 5, 6, 7, 8, 11})) {
        return false;
    }
    const bool is_same = message.pid != 0 && message.pid == crash.pid;
    // A thread that faults has a number of its own; who is killed has that of its process.
    if (is_kill(message) && crash.signal == sigkill && message.pid != 0 && !is_same) return false;
    constexpr double apart_max = 2;
    return is_same || std::abs(seconds_between(message.time, crash.time)) <= apart_max;
}

void add_evidence(const KernelFact& message, Finding& finding) {
    finding.evidence.push_back(render_message(message));
}

/// A worker that is gone: the service says its number, or has another in its place since.
const ServiceFact* find_master(const KernelFact& message,
                               const Picture& picture,
                               Finding& finding) {
    for (const ServiceFact& service : picture.facts().services) {
        const std::string pid = std::to_string(message.pid);
        const LineFact* const line = picture.find_line(service.name, [&](const std::string& text) {
            const auto at = text.find(pid);
            if (message.pid == 0 || at == text.npos) return false;
            const bool is_whole =
                (at == 0 || std::isdigit(static_cast<unsigned char>(text[at - 1])) == 0) &&
                (at + pid.size() == text.size() ||
                 std::isdigit(static_cast<unsigned char>(text[at + pid.size()])) == 0);
            return is_whole && contains_word(text, "kill");
        });
        if (line != nullptr) {
            finding.confidence = Confidence::sure;
            finding.evidence.push_back(render_line(service.name, *line));
            return &service;
        }
        for (const ProcessFact* process : picture.processes_of(service.name)) {
            constexpr double replaced_within = 5;
            const double later = message.age_seconds - process->age_seconds;
            if (process->name != message.program || process->pid == service.pid) continue;
            if (process->state != "Z" && (later < 0 || later > replaced_within)) continue;
            finding.evidence.push_back(
                process->state == "Z"
                    ? process->name + " (pid " + std::to_string(process->pid) + ") is a zombie"
                    : process->command + " (pid " + std::to_string(process->pid) +
                          ") has been started " + seconds_text(later) + " later");
            return &service;
        }
    }
    return nullptr;
}

void look_at_worker(const KernelFact& message,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const bool is_main = std::ranges::any_of(picture.facts().crashes, [&](const CrashFact& it) {
        return picture.kernel_message(it) == &message;
    });
    if (is_main) return;
    Finding finding;
    add_evidence(message, finding);
    const ServiceFact* const service = find_master(message, picture, finding);
    if (service == nullptr) return;
    finding.id = "worker-killed-for-memory";
    finding.service = service->name;
    finding.topic = "memory";
    finding.strength = 86;
    finding.what = "A process of " + service->name + " (" + message.program +
                   ") was killed by the kernel's OOM killer, " + describe_kill(message) +
                   ": what it was working on got no answer.";
    finding.fix = "look for what " + service->name + " keeps in memory, " +
                  (message.kind == "memory limit" ? "or raise the memory limit of its cgroup"
                                                  : "run fewer workers, or add memory");
    findings.push_back(std::move(finding));
}

/// A server that is no service of the project: what others call it is in the name of its program.
void explain_missing_server(const KernelFact& message, std::vector<Finding>& findings) {
    std::string name = message.program.substr(0, message.program.find_first_of("-. 0123456789"));
    if (name.ends_with('d')) name.pop_back();
    constexpr std::size_t name_size_min = 4;
    if (name.size() < name_size_min) return;
    for (Finding& it : findings) {
        if (it.id != "server-not-running" || !contains_word(it.what, name)) continue;
        it.what.pop_back();
        it.what += "; the kernel's OOM killer has ended a " + message.program + ", " +
                   describe_kill(message) + ".";
        add_evidence(message, it);
        return;
    }
}

bool is_program_of(const ServiceFact& service, const KernelFact& message, const Picture& picture) {
    constexpr std::size_t name_size_max = 15;
    if (!service.words.empty() &&
        base_of(service.words.front()).substr(0, name_size_max) == message.program) {
        return true;
    }
    return std::ranges::any_of(picture.processes_of(service.name),
                               [&](const ProcessFact* it) { return it->name == message.program; });
}

void look_at_denial(const KernelFact& message,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const auto& services = picture.facts().services;
    const auto service = std::ranges::find_if(services, [&](const ServiceFact& it) {
        return is_program_of(it, message, picture) && picture.is_troubled(it);
    });
    // An nginx that is the host's, in front of what is here.
    const bool is_proxy = message.port != 0 && picture.owner_of(message.port) != nullptr;
    if (service == services.end() && !is_proxy) return;
    Finding finding;
    finding.id = "denied-by-kernel";
    finding.service = service == services.end() ? "" : service->name;
    finding.topic = "denied";
    finding.strength = 88;
    finding.what = "The kernel has denied " + message.program +
                   (finding.service.empty() ? "" : " of " + finding.service) + ": " +
                   message.detail + "; owners and modes of files do not matter for that.";
    add_evidence(message, finding);
    const bool is_apparmor = contains(message.detail, "AppArmor");
    const bool is_connect = contains(message.detail, "name_connect");
    finding.fix = is_apparmor  ? "allow it in the profile's file in /etc/apparmor.d and load it "
                                 "(apparmor_parser -r FILE); to try: aa-complain"
                  : is_connect ? "setsebool -P httpd_can_network_connect on"
                               : "see ausearch -m avc -ts recent; restorecon -Rv on the path, or a "
                                 "rule by audit2allow";
    findings.push_back(std::move(finding));
}

void look_at_connections(const KernelFact& message,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    if (message.port != 0) {  // It is told once for a socket: no cause, but worth to know.
        const ServiceFact* const service = picture.owner_of(message.port);
        if (service == nullptr) return;
        const auto found = std::ranges::find(findings, service->name, &Finding::service);
        if (found != findings.end()) add_evidence(message, *found);
        return;
    }
    Finding finding;
    finding.id = "connection-table-full";
    finding.topic = "connections";
    finding.strength = 86;
    finding.what = "The kernel drops packets: its table of connections (" + message.detail +
                   ") is full, so that new connections time out although the servers listen.";
    add_evidence(message, finding);
    finding.fix =
        "compare sysctl net.netfilter.nf_conntrack_count with nf_conntrack_max; raise the latter, "
        "and see who opens so many (ss -s)";
    findings.push_back(std::move(finding));
}

void look_at_storage(const KernelFact& message,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const bool is_disk = message.kind == "disk error";
    Finding finding;
    for (const ServiceFact& service : picture.facts().services) {
        const LineFact* const line = picture.find_line(service.name, [](const std::string& text) {
            return contains_word(text, "input/output error") || contains(text, "EIO") ||
                   contains_word(text, "read-only file system") || contains(text, "EROFS");
        });
        const auto processes = picture.processes_of(service.name);
        const bool waits =
            std::ranges::any_of(processes, [](const ProcessFact* it) { return it->state == "D"; });
        if (is_disk ? line == nullptr : !waits) continue;
        if (line != nullptr) finding.evidence.push_back(render_line(service.name, *line));
        finding.service = service.name;
        break;
    }
    if (finding.service.empty()) return;
    finding.id = is_disk ? "disk-fails" : "file-server-silent";
    finding.topic = is_disk ? "disk" : "process";
    finding.strength = 94;
    finding.what = is_disk ? "The disk " + message.detail + ", which " + finding.service +
                                 " works on, fails: the kernel reports errors of it."
                           : "The file server " + message.detail +
                                 " does not answer: " + finding.service +
                                 " waits for a file on it and can not be ended.";
    add_evidence(message, finding);
    finding.fix = is_disk
                      ? "save what is on it, see smartctl -a /dev/" + message.detail + " and dmesg"
                      : "see whether it is up and reachable (showmount -e " + message.detail + ")";
    findings.push_back(std::move(finding));
}

}  // namespace

std::string describe_kill(const KernelFact& message) {
    return (message.kind == "memory limit" ? "which found the memory limit of its cgroup reached"
                                           : "because the machine had no memory left") +
           (message.resident_bytes == 0 ? std::string{}
                                        : ", at " + render_bytes(message.resident_bytes));
}

std::string describe_fault(const KernelFact& message) {
    constexpr std::string_view prefix = "segfault at ";
    if (!message.detail.starts_with(prefix)) {
        return message.detail == "invalid opcode"
                   ? "it came to an instruction that this processor does not have (invalid "
                     "opcode): a trap in its code, or it was built for a newer processor"
                   : message.detail;
    }
    std::uint64_t address = 0;
    const char* const end = message.detail.data() + message.detail.size();
    std::from_chars(message.detail.data() + prefix.size(), end, address, 16);
    constexpr std::uint64_t first_page = 4096;
    return address < first_page ? "it used a null pointer (address " + std::to_string(address) + ")"
                                : "it used the address 0x" + message.detail.substr(prefix.size()) +
                                      ", where it has nothing";
}

std::string render_message(const KernelFact& message) {
    const bool is_stamp = message.time.size() > 19 && message.time[10] == 'T';
    return "kernel log " + (is_stamp ? message.time.substr(11, 8) : message.time) + ": " +
           message.text;
}

const KernelFact* Picture::kernel_message(const CrashFact& crash) const {
    const ServiceFact* const service = this->service(crash.service);
    std::vector<const KernelFact*> candidates;
    for (const KernelFact& it : facts_.kernel) {
        if (may_be_of(it, crash)) candidates.push_back(&it);
    }
    for (const KernelFact* it : candidates) {
        if (it->pid != 0 && it->pid == crash.pid) return it;
    }
    for (const KernelFact* it : candidates) {
        if (service != nullptr && is_program_of(*service, *it, *this)) return it;
    }
    return candidates.size() == 1 ? candidates.front() : nullptr;
}

void find_what_the_kernel_logs(const Picture& picture, std::vector<Finding>& findings) {
    // The last of a kind says it best.
    for (auto it = picture.facts().kernel.rbegin(); it != picture.facts().kernel.rend(); ++it) {
        const bool is_recent = it->age_seconds <= recent_seconds;
        if (is_kill(*it)) {
            if (is_recent) look_at_worker(*it, picture, findings);
            explain_missing_server(*it, findings);
        }
        if (!is_recent) continue;
        if (it->kind == "denied") look_at_denial(*it, picture, findings);
        if (it->kind == "connections dropped") look_at_connections(*it, picture, findings);
        if (it->kind == "disk error" || it->kind == "file server silent") {
            look_at_storage(*it, picture, findings);
        }
    }
}

}  // namespace devstack::core::doctor
