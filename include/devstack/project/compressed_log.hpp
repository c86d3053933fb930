#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>

// Rotated log files may be compressed where they are, under the name that they have: what rotates,
// counts and removes them need not know. Such a file is a zstd frame behind a skippable one (RFC
// 8878, 3.1.2), which says what it is and how long it was; zstdcat(1) shows it.
namespace devstack::project {

/// How long the log was, if this file is a compressed one.
std::optional<std::uint64_t> find_compressed_size(int file);

/// Its text, in a file without a name. What is damaged ends where the damage begins.
Result<platform::FileDescriptor> decompress_log(int file, std::uint64_t size);

/// Compresses the oldest rotated file of the service that is not, into a file beside it, with the
/// same time. Returns the inode of the one that it may replace; nothing when all are.
Result<std::optional<std::uint64_t>> compress_rotated_log(const std::string& log_dir,
                                                          const std::string& service);

/// Puts it in the place of that file, whatever number that has by now, at once or not at all. False
/// when that file has gone; then so has the compressed one.
bool put_compressed_log(const std::string& log_dir,
                        const std::string& service,
                        std::uint64_t inode);
/// It is not wanted any more.
void drop_compressed_log(const std::string& log_dir, const std::string& service);

}  // namespace devstack::project
