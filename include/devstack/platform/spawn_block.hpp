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
///     SpawnBlockHeader  [SpawnBlockSettings  groups  cgroup\0]  working_dir\0  argv[0]\0 …
///     argv[n-1]\0
///         environment[0]\0 …
///
/// Settings are there only if there are any, and have grown when they are longer than we know: what
/// we do not know must be zero, and is refused otherwise, since it may be what makes a process
/// harmless. A keeper that knows of no settings refuses every block with some: their zero bytes
/// make too many strings.
namespace devstack::platform {

/// Larger than what any kernel accepts for argv and environment together (execve(2): 6 MiB).
inline constexpr std::size_t spawn_block_max = std::size_t{16} * 1024 * 1024;

struct SpawnBlockHeader {
    std::uint32_t argument_count = 0;
    std::uint32_t environment_count = 0;
    std::int32_t parent_death_signal = 0;
    std::uint32_t settings_size = 0;  ///< With groups and cgroup; 0: none.
};

/// SpawnSettings on their way. What is not in `has` is zero and left as it is.
struct SpawnBlockSettings {
    enum Has : std::uint32_t {
        identity = 1U << 0,
        umask = 1U << 1,
        nice = 1U << 2,
        oom_score_adj = 1U << 3,
        capabilities = 1U << 4,
        no_new_privileges = 1U << 5,
        terminal = 1U << 6,
        open_input = 1U << 7,
        cgroup_needed = 1U << 8,
    };
    static constexpr std::uint32_t limit_count = 16;  // RLIM_NLIMITS.
    struct Limit {
        std::uint64_t soft = 0;
        std::uint64_t hard = 0;
    };

    std::uint32_t size = sizeof(SpawnBlockSettings);  ///< Without groups and cgroup.
    std::uint32_t has = 0;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::uint32_t group_count = 0;
    std::uint32_t file_mode_mask = 0;
    std::int32_t nice_value = 0;
    std::int32_t oom_score = 0;
    std::uint64_t bounding = 0;
    std::uint64_t ambient = 0;
    std::uint16_t rows = 0;
    std::uint16_t columns = 0;
    std::uint32_t has_limit = 0;  ///< A bit for each resource.
    Limit limits[limit_count] = {};
    std::uint32_t cgroup_size = 0;  ///< Of the path of its cgroup.procs, with its end; 0: none.
    std::uint32_t reserved = 0;

    bool has_any(std::uint32_t these) const { return (has & these) != 0; }
};

/// Fails (invalid) without a program or directory to start in, for a string with a zero byte in it,
/// for a limit that does not exist, and for more than `spawn_block_max` bytes.
Result<std::string> encode_spawn_block(const SpawnRequest& request);

/// The header, if these bytes are a whole and well-formed block; they may be anything.
std::optional<SpawnBlockHeader> check_spawn_block(const char* bytes, std::size_t size);

/// The settings in a block that was checked, all absent if it has none; their `group_count` groups
/// stand at `groups_of_spawn_block`, four bytes each, at no particular alignment.
SpawnBlockSettings read_spawn_settings(const SpawnBlockHeader& header, const char* bytes);
const char* groups_of_spawn_block(const SpawnBlockSettings& settings, const char* bytes);
/// The path behind them, if there is one.
const char* cgroup_of_spawn_block(const SpawnBlockSettings& settings, const char* bytes);

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
