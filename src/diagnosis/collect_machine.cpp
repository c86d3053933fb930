#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::DiskFact;

std::uint64_t read_number(const std::string& path) {
    const std::string text = read_small(path, 64);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "MemAvailable:   123 kB", in bytes.
std::uint64_t find_meminfo(const std::string& text, const std::string& name) {
    auto at = text.find(name + ":");
    if (at == text.npos) return 0;
    at = text.find_first_of("0123456789", at);
    if (at == text.npos) return 0;
    std::uint64_t kilobytes = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), kilobytes);
    return kilobytes * 1024;
}

/// Directories that services work in, and those below them that are other file systems.
void add_disk(const Scene& scene,
              const std::string& path,
              const std::string& service,
              std::vector<DiskFact>& disks) {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) != 0 || status.f_blocks == 0) return;
    const std::string shown = scene.shown(path);
    const auto known = std::ranges::find_if(disks, [&](const DiskFact& it) {
        return it.size_bytes == status.f_blocks * status.f_frsize &&
               it.free_bytes == status.f_bavail * status.f_frsize;
    });
    if (known != disks.end()) {
        if (!service.empty() &&
            std::ranges::find(known->services, service) == known->services.end()) {
            known->services.push_back(service);
        }
        return;
    }
    DiskFact fact;
    fact.path = shown;
    fact.size_bytes = status.f_blocks * status.f_frsize;
    fact.free_bytes = status.f_bavail * status.f_frsize;
    fact.inodes = status.f_files;
    fact.free_inodes = status.f_favail;
    if (!service.empty()) fact.services = {service};
    disks.push_back(std::move(fact));
}

/// Mount points below `directory`, by mountinfo(5).
std::vector<std::string> mounts_below(const std::string& directory) {
    std::vector<std::string> mounts;
    const std::string text = read_small("/proc/self/mountinfo");
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::size_t begin = at;
        for (int field = 0; field < 4; ++field)
            begin = std::min(text.find(' ', begin), end - 1) + 1;
        const std::string mount = text.substr(begin, text.find(' ', begin) - begin);
        if (mount.starts_with(directory + "/")) mounts.push_back(mount);
        at = end + 1;
    }
    return mounts;
}

}  // namespace

Facts collect_machine(const Scene& scene) {
    Facts facts;
    core::doctor::MachineFact& machine = facts.machine;
    const std::string memory = read_small("/proc/meminfo");
    machine.memory_bytes = find_meminfo(memory, "MemTotal");
    machine.available_bytes = find_meminfo(memory, "MemAvailable");
    machine.cores = static_cast<int>(std::thread::hardware_concurrency());
    const std::string load = read_small("/proc/loadavg", 64);
    std::from_chars(load.data(), load.data() + load.size(), machine.load);
    machine.watches_max = read_number("/proc/sys/fs/inotify/max_user_watches");
    machine.instances_max = read_number("/proc/sys/fs/inotify/max_user_instances");
    machine.first_unprivileged_port =
        static_cast<int>(read_number("/proc/sys/net/ipv4/ip_unprivileged_port_start"));
    if (machine.first_unprivileged_port == 0) machine.first_unprivileged_port = 1024;
    machine.user = platform::user_name(::geteuid());
    machine.is_root = ::geteuid() == 0;
    for (const ServiceScene& service : scene.services) {
        add_disk(scene, service.working_dir, service.fact.name, facts.disks);
        for (const std::string& mount : mounts_below(service.working_dir))
            add_disk(scene, mount, service.fact.name, facts.disks);
    }
    if (scene.question.project) add_disk(scene, scene.question.project->log_dir, "", facts.disks);
    for (const char* path : {"/tmp", "/var/tmp", "/dev/shm"})
        add_disk(scene, path, "", facts.disks);
    return facts;
}

}  // namespace devstack::diagnosis
