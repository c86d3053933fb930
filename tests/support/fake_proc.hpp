#pragma once

#include "devstack/platform/procfs.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace devstack::test {

/// A directory that looks like /proc as far as it was filled.
class FakeProc {
public:
    FakeProc() {
        std::string pattern = std::filesystem::temp_directory_path() / "devstack_proc.XXXXXX";
        root_ = ::mkdtemp(pattern.data());
    }
    FakeProc(const FakeProc&) = delete;
    FakeProc& operator=(const FakeProc&) = delete;
    ~FakeProc() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }

    platform::Procfs procfs() const { return {root_.string()}; }

    void write(const std::string& path, const std::string& content) {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream{root_ / path, std::ios::binary} << content;
    }
    void link(const std::string& path, const std::string& target) {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::filesystem::create_symlink(target, root_ / path);
    }
    /// The kernel's line with the fields that matter; CPU in ticks, memory in pages.
    void add_process(int pid, const std::string& name, int parent, int group, int session) {
        write(std::to_string(pid) + "/stat",
              std::to_string(pid) + " (" + name + ") S " + std::to_string(parent) + " " +
                  std::to_string(group) + " " + std::to_string(session) +
                  " 0 -1 4194560 500 900 1 2 150 50 7 8 20 0 3 0 123456 9999999 25 0 0 0\n");
    }

private:
    std::filesystem::path root_;
};

}  // namespace devstack::test
