#pragma once

#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace devstack::project {

struct FileState {
    std::uint64_t size = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    WallTime modified{};

    bool is_same_file(const FileState& other) const {
        return device == other.device && inode == other.inode;
    }
};

/// For reading; never waits (FIFO). An empty descriptor: there is no such file.
Result<platform::FileDescriptor> open_to_read(const std::string& path);
std::optional<FileState> find_file_state(int file);
std::optional<FileState> find_file_state(const std::string& path);

/// Replaces `bytes` by up to `count` bytes from `offset` on; fewer at the end of the file.
void read_at(int file, std::uint64_t offset, std::size_t count, std::string& bytes);

}  // namespace devstack::project
