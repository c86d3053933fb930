// Locks on files and pid files, as far as services may be kept waiting or from starting by them.
//
// Source: proc(5), /proc/locks: "1: FLOCK ADVISORY WRITE 4711 00:2b:5678 0 EOF", and below it who
// is blocked by it, "1: -> FLOCK …". The pid is of who took it, which may have left it to a child.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ClaimFact;
using core::doctor::ProcessFact;

struct KernelLock {
    std::string number;
    bool is_waiting = false;
    bool is_write = false;
    int pid = 0;
    std::uint64_t inode = 0;
};

std::vector<KernelLock> read_locks() {
    std::vector<KernelLock> locks;
    std::istringstream lines{read_small("/proc/locks")};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        KernelLock lock;
        std::string word;
        words >> lock.number >> word;
        lock.is_waiting = word == "->";
        if (lock.is_waiting) words >> word;
        std::string file;
        words >> word >> word >> lock.pid >> file;
        const auto colon = file.rfind(':');
        if (!words || colon == file.npos) continue;
        lock.is_write = word == "WRITE";
        std::from_chars(file.data() + colon + 1, file.data() + file.size(), lock.inode);
        locks.push_back(lock);
    }
    return locks;
}

/// What a process has open under that number of inode; empty: nothing that we may see.
std::string find_open_path(int pid, std::uint64_t inode) {
    const std::string root = "/proc/" + std::to_string(pid) + "/fd";
    std::error_code error;
    for (fs::directory_iterator it{root, error}; !error && it != fs::directory_iterator{};
         it.increment(error)) {
        struct stat status {};
        const bool is_it = ::stat(it->path().c_str(), &status) == 0 && status.st_ino == inode &&
                           S_ISREG(status.st_mode);
        std::error_code unreadable;
        if (is_it) return fs::read_symlink(it->path(), unreadable).string();
    }
    return "";
}

bool is_alive(int pid) {
    const auto process = platform::find_process({}, pid);
    return process && process->state != 'Z';
}

const ProcessFact* find_process(const Facts& facts, int pid) {
    const auto found = std::ranges::find(facts.processes, pid, &ProcessFact::pid);
    return found == facts.processes.end() ? nullptr : &*found;
}

class Claims {
public:
    Claims(const Scene& scene, Facts& facts) : scene_{scene}, facts_{facts} {}

    void collect() {
        const auto locks = read_locks();
        add_waits(locks);
        if (is_any_database_locked()) add_database_locks(locks);
        for (const core::doctor::ServiceFact& service : facts_.services) {
            if (service.has_exited) look_for(service, locks);
        }
    }

private:
    void add(ClaimFact claim) {
        claim.path = scene_.shown(claim.path);
        const bool is_known = std::ranges::any_of(facts_.claims, [&](const ClaimFact& it) {
            return it.path == claim.path && it.kind == claim.kind && it.waiter == claim.waiter;
        });
        constexpr std::size_t claims_max = 20;
        if (is_known || facts_.claims.size() >= claims_max) return;
        claim.is_alive = is_alive(claim.pid);
        if (claim.is_alive) {
            const std::string words = join(platform::read_command_line({}, claim.pid), " ");
            claim.command = core::doctor::redact(sane_text(words), scene_.secrets).substr(0, 200);
            const ProcessFact* const process = find_process(facts_, claim.pid);
            if (process != nullptr) claim.service = process->service;
        }
        facts_.claims.push_back(std::move(claim));
    }

    void add_waits(const std::vector<KernelLock>& locks) {
        for (const KernelLock& wait : locks) {
            const ProcessFact* const waiter =
                wait.is_waiting ? find_process(facts_, wait.pid) : nullptr;
            if (waiter == nullptr || waiter->service.empty()) continue;
            const auto held = std::ranges::find_if(locks, [&](const KernelLock& it) {
                return it.number == wait.number && !it.is_waiting;
            });
            if (held == locks.end()) continue;
            ClaimFact claim;
            claim.kind = "lock";
            claim.waiter = wait.pid;
            claim.waiter_service = waiter->service;
            claim.path = find_open_path(wait.pid, wait.inode);
            claim.pid = is_alive(held->pid) ? held->pid : find_heir(wait);
            if (!claim.path.empty() && claim.pid > 0) add(std::move(claim));
        }
    }

    bool is_any_database_locked() const {
        return std::ranges::any_of(facts_.logs, [](const core::doctor::LogFact& log) {
            return std::ranges::any_of(log.lines, [](const core::doctor::LineFact& it) {
                return it.text.find("database is locked") != it.text.npos;
            });
        });
    }

    /// Of SQLite, which does not wait in the kernel: on the file, or on the one beside it that a
    /// write-ahead log needs (sqlite.org/lockingv3.html, walformat.html).
    void add_database_locks(const std::vector<KernelLock>& locks) {
        for (const KernelLock& lock : locks) {
            if (lock.is_waiting || !lock.is_write || lock.pid <= 0) continue;
            std::string path = find_open_path(lock.pid, lock.inode);
            if (path.ends_with("-shm")) path.resize(path.size() - 4);
            constexpr std::string_view magic = "SQLite format 3";
            if (path.empty() || read_small(path, magic.size()) != magic) continue;
            ClaimFact claim;
            claim.kind = "database lock";
            claim.pid = lock.pid;
            claim.path = path;
            add(std::move(claim));
        }
    }

    /// Who has taken it has ended, and left the open file to somebody.
    static int find_heir(const KernelLock& lock) {
        for (const platform::ProcessInfo& it : platform::collect_processes({})) {
            if (it.pid == lock.pid || find_open_path(it.pid, lock.inode).empty()) continue;
            if (!waits(it.pid, lock)) return it.pid;
        }
        return 0;
    }
    static bool waits(int pid, const KernelLock& lock) {
        const auto locks = read_locks();
        return std::ranges::any_of(locks, [&](const KernelLock& it) {
            return it.is_waiting && it.pid == pid && it.inode == lock.inode;
        });
    }

    /// Of a service that has ended: who has a lock on a file in its directory or that it speaks of,
    /// and pid files there.
    void look_for(const core::doctor::ServiceFact& service, const std::vector<KernelLock>& locks) {
        const ServiceScene* const scene = scene_.find(service.name);
        if (scene == nullptr) return;
        for (const KernelLock& lock : locks) {
            if (lock.is_waiting || lock.pid <= 0) continue;
            const int holder = is_alive(lock.pid) ? lock.pid : find_heir(lock);
            const std::string path = find_open_path(holder, lock.inode);
            const bool is_near = path.starts_with(scene->working_dir + "/");
            if (path.empty() || (!is_near && !is_spoken_of(service.name, path))) continue;
            ClaimFact claim;
            claim.kind = "lock";
            claim.pid = holder;
            claim.path = path;
            add(std::move(claim));
        }
        if (speaks_of_lock(service.name)) add_locks_below(scene->working_dir);
        for (const std::string& path : find_pid_files(service.name, scene->working_dir)) {
            const std::string text = read_small(path, 64);
            ClaimFact claim;
            claim.kind = "pid file";
            claim.path = path;
            std::from_chars(text.data(), text.data() + text.size(), claim.pid);
            if (claim.pid > 0) add(std::move(claim));
        }
    }

    /// /proc/locks does not list what somebody has taken who has ended, or is of another PID
    /// namespace; beside the open file it stands all the same (proc(5), fdinfo).
    void add_locks_below(const std::string& folder) {
        for (const platform::ProcessInfo& process : platform::collect_processes({})) {
            const std::string root = "/proc/" + std::to_string(process.pid);
            std::error_code error;
            for (fs::directory_iterator it{root + "/fd", error};
                 !error && it != fs::directory_iterator{};
                 it.increment(error)) {
                std::error_code unreadable;
                const std::string path = fs::read_symlink(it->path(), unreadable).string();
                if (unreadable || !path.starts_with(folder + "/")) continue;
                const std::string info =
                    read_small(root + "/fdinfo/" + it->path().filename().string(), 1024);
                if (info.find("\nlock:\t") == info.npos) continue;
                ClaimFact claim;
                claim.kind = "lock";
                claim.pid = process.pid;
                claim.path = path;
                add(std::move(claim));
            }
        }
    }

    /// To look at all open files is worth it only then.
    bool speaks_of_lock(const std::string& service) const {
        static const std::regex words{R"(\block|already|another|in use|temporarily unavailable)",
                                      std::regex::icase};
        return std::ranges::any_of(facts_.logs, [&](const core::doctor::LogFact& log) {
            return log.service == service &&
                   std::ranges::any_of(log.lines, [](const core::doctor::LineFact& it) {
                       return std::regex_search(it.text, words);
                   });
        });
    }

    bool is_spoken_of(const std::string& service, const std::string& path) const {
        const std::string name = fs::path{path}.filename().string();
        return std::ranges::any_of(facts_.logs, [&](const core::doctor::LogFact& log) {
            return log.service == service &&
                   std::ranges::any_of(log.lines, [&](const core::doctor::LineFact& it) {
                       return it.text.find(name) != it.text.npos;
                   });
        });
    }

    std::vector<std::string> find_pid_files(const std::string& service,
                                            const fs::path& folder) const {
        static const std::regex named{R"((/[\w./+-]+\.pid)\b)"};
        std::set<std::string> files;
        for (const fs::path& place :
             {folder, folder / "tmp/pids", folder / "tmp", folder / "run", folder / "var/run"}) {
            std::error_code error;
            for (fs::directory_iterator it{place, error}; !error && it != fs::directory_iterator{};
                 it.increment(error)) {
                if (it->path().extension() == ".pid") files.insert(it->path().string());
            }
        }
        for (const core::doctor::LogFact& log : facts_.logs) {
            if (log.service != service) continue;
            for (const core::doctor::LineFact& line : log.lines) {
                std::smatch found;
                if (line.text.find(".pid") != line.text.npos &&
                    std::regex_search(line.text, found, named)) {
                    files.insert(found[1].str());
                }
            }
        }
        return {files.begin(), files.end()};
    }

    const Scene& scene_;
    Facts& facts_;
};

}  // namespace

void collect_claims(const Scene& scene, Facts& facts) {
    Claims{scene, facts}.collect();
}

}  // namespace devstack::diagnosis
