#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace devstack::daemon {

/// Removes the oldest rotated log files of whichever service, with their indexes, until all files
/// in `log_dir` together have at most `size_max` bytes; never a file that is written. Returns what
/// was removed, as a sentence for people; nothing when nothing was.
std::optional<std::string> remove_oldest_logs(const std::string& log_dir, std::uint64_t size_max);

}  // namespace devstack::daemon
