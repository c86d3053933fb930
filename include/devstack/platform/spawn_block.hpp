#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/spawn_request.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

/// A SpawnRequest as one flat piece of memory, so that the keeper can hand it from the daemon to
/// exec without allocating:
///
///     SpawnBlockHeader  working_dir\0  argv[0]\0 … argv[n-1]\0  environment[0]\0 …
namespace devstack::platform {

/// Larger than what any kernel accepts for argv and environment together (execve(2): 6 MiB).
inline constexpr std::size_t spawn_block_max = std::size_t{16} * 1024 * 1024;

struct SpawnBlockHeader {
    std::uint32_t argument_count = 0;
    std::uint32_t environment_count = 0;
    std::int32_t parent_death_signal = 0;
    std::uint32_t reserved = 0;
};

/// Fails (invalid) without a program or directory to start in, for a string with a zero byte in it,
/// and for more than `spawn_block_max` bytes.
Result<std::string> encode_spawn_block(const SpawnRequest& request);

/// The header, if these bytes are a whole and well-formed block; they may be anything.
std::optional<SpawnBlockHeader> check_spawn_block(const char* bytes, std::size_t size);

/// A block that was checked, as execve(2) wants it. Points into the block.
struct SpawnBlock {
    const char* working_dir = nullptr;
    char** argv = nullptr;         ///< Ends with a null pointer.
    char** environment = nullptr;  ///< Ends with a null pointer.
};

/// How many pointers `point_into_spawn_block` writes.
std::size_t spawn_block_pointers(const SpawnBlockHeader& header);

/// `bytes` is the block that `header` was checked for; `pointers` has room for
/// `spawn_block_pointers`. Allocates nothing: safe between fork and exec.
SpawnBlock point_into_spawn_block(const SpawnBlockHeader& header, char* bytes, char** pointers);

}  // namespace devstack::platform
