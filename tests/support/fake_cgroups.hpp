#pragma once

#include "devstack/platform/cgroup.hpp"

#include "support/fake_proc.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace devstack::test {

/// Directories and files that look like a cgroup v2 hierarchy with all controllers, and a /proc
/// that says that it is mounted and that we are at its root.
class FakeCgroups {
public:
    FakeCgroups() {
        add("");
        write("/cgroup.controllers", "cpuset cpu io memory pids\n");
        proc_.write("self/cgroup", "1:name=systemd:/\n0::/\n");
        proc_.write("self/mountinfo",
                    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n41 31 0:38 / " + root() +
                        " rw,relatime - cgroup2 cgroup2 rw\n");
    }

    platform::Procfs procfs() const { return proc_.procfs(); }
    std::string root() const { return proc_.procfs().root + "/cgroups"; }

    void add(const std::string& cgroup) {
        for (const char* file : {"procs", "controllers", "subtree_control", "events", "kill"})
            write(cgroup + "/cgroup." + file, "");
        for (const char* file : {"memory.max", "cpu.max", "pids.max", "memory.events"})
            write(cgroup + "/" + file, "");
    }
    void write(const std::string& path, const std::string& content) {
        proc_.write("cgroups" + path, content);
    }
    std::string read(const std::string& path) const {
        std::ostringstream text;
        text << std::ifstream{root() + path}.rdbuf();
        return text.str();
    }

    FakeProc& proc() { return proc_; }

private:
    FakeProc proc_;
};

}  // namespace devstack::test
