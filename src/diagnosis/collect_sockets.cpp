// What is taken, and is no port and no lock: Unix sockets that earlier runs have left (bind(2)
// refuses the path, and nobody listens there), and inotify instances, of which a user has few.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collect_goroutines.hpp"
#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <regex>
#include <set>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;

bool tells_in_use(const std::string& line) {
    return line.find("EADDRINUSE") != line.npos || line.find("ddress already in use") != line.npos;
}

/// Nobody listens, and nobody else is disturbed by the question.
bool is_left(const std::string& path) {
    struct stat status {};
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path || ::stat(path.c_str(), &status) != 0 ||
        !S_ISSOCK(status.st_mode)) {
        return false;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const platform::FileDescriptor socket{
        ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);  // NOLINT
    return socket.is_open() && ::connect(socket.get(), to, sizeof address) != 0 &&
           errno == ECONNREFUSED;
}

std::set<std::string> find_sockets(const fs::path& folder, const std::string& line) {
    static const std::regex named{
        R"((?:^|[\s"'(:])((?:/|\.{0,2}[\w.-]*/)[\w./+-]+)(?=$|[\s"'):]))"};
    std::set<std::string> paths;
    for (std::sregex_iterator it{line.begin(), line.end(), named}, end; it != end; ++it)
        paths.insert((folder / (*it)[1].str()).lexically_normal().string());
    for (const fs::path& place : {folder, folder / "tmp", folder / "run", folder / "tmp/sockets"}) {
        std::error_code error;
        constexpr int entries_max = 200;
        int count = 0;
        for (fs::directory_iterator it{place, error}; !error && it != fs::directory_iterator{};
             it.increment(error)) {
            if (++count > entries_max) break;
            std::error_code unknown;
            if (it->is_socket(unknown)) paths.insert(it->path().string());
        }
    }
    return paths;
}

bool tells_no_instance(const std::string& line) {
    return line.find("EMFILE: too many open files, watch") != line.npos ||
           line.find("inotify instance") != line.npos || line.find("inotify_init") != line.npos;
}

int count_instances(int pid) {
    int count = 0;
    std::error_code error;
    for (fs::directory_iterator it{"/proc/" + std::to_string(pid) + "/fd", error};
         !error && it != fs::directory_iterator{};
         it.increment(error)) {
        std::error_code unreadable;
        if (fs::read_symlink(it->path(), unreadable) == "anon_inode:inotify") ++count;
    }
    return count;
}

/// Who has most of them.
void collect_instances(const Scene& scene, Facts& facts) {
    core::doctor::ClaimFact claim;
    claim.kind = "inotify instances";
    int most = 0;
    for (const platform::ProcessInfo& it : platform::collect_processes({})) {
        const int count = count_instances(it.pid);
        if (count <= most) continue;
        most = count;
        claim.pid = it.pid;
    }
    constexpr int many = 16;
    if (most < many) return;
    claim.path = std::to_string(most);
    claim.is_alive = true;
    const std::string words = join(platform::read_command_line({}, claim.pid), " ");
    claim.command = core::doctor::redact(sane_text(words), scene.secrets).substr(0, 200);
    const auto process =
        std::ranges::find(facts.processes, claim.pid, &core::doctor::ProcessFact::pid);
    if (process != facts.processes.end()) claim.service = process->service;
    facts.claims.push_back(std::move(claim));
}

bool is_at_limit(const core::doctor::ProcessFact& process) {
    constexpr int few = 2;
    return !process.service.empty() && process.open_files_limit > 0 &&
           process.open_files + few >= process.open_files_limit;
}

/// Of a server that has no descriptors left: who has so many connections.
void collect_peers(Facts& facts) {
    if (std::ranges::none_of(facts.processes, is_at_limit)) return;
    constexpr std::size_t processes_max = 16;
    std::size_t looked_at = 0;
    // And to whom it has made them itself.
    for (const core::doctor::ProcessFact& process : facts.processes) {
        if (!is_at_limit(process) || ++looked_at > processes_max) continue;
        for (core::doctor::PeerFact& it : count_peers(process.pid))
            facts.peers.push_back(std::move(it));
    }
    looked_at = 0;
    for (const core::doctor::ProcessFact& process : facts.processes) {
        // Those of Go programs are counted with their goroutines.
        if (process.service.empty() || process.runtime == "go" || is_at_limit(process)) continue;
        if (++looked_at > processes_max) return;
        for (core::doctor::PeerFact& it : count_peers(process.pid))
            facts.peers.push_back(std::move(it));
    }
}

}  // namespace

void collect_sockets(const Scene& scene, Facts& facts) {
    const bool has_none = std::ranges::any_of(facts.logs, [](const core::doctor::LogFact& log) {
        return std::ranges::any_of(
            log.lines, [](const core::doctor::LineFact& it) { return tells_no_instance(it.text); });
    });
    if (has_none) collect_instances(scene, facts);
    collect_peers(facts);
    for (const core::doctor::LogFact& log : facts.logs) {
        const ServiceScene* const service = scene.find(log.service);
        const auto line = std::ranges::find_if(
            log.lines.rbegin(), log.lines.rend(), [](const core::doctor::LineFact& it) {
                return tells_in_use(it.text) && core::doctor::port_in_use(it.text) == 0;
            });
        if (service == nullptr || line == log.lines.rend()) continue;
        for (const std::string& path : find_sockets(service->working_dir, line->text)) {
            if (!is_left(path)) continue;
            core::doctor::ClaimFact claim;
            claim.kind = "unix socket";
            claim.path = scene.shown(path);
            claim.waiter_service = service->fact.name;
            facts.claims.push_back(std::move(claim));
        }
    }
}

}  // namespace devstack::diagnosis
