#pragma once

#include "devstack/platform/keeper_protocol.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace devstack::keeper {

/// One message of the daemon, checked. The block points into the message.
struct Request {
    platform::keeper_protocol::Kind kind{};
    std::uint64_t token = 0;
    std::int32_t pid = 0;  ///< Of `adopt`.
    const char* block = nullptr;
    std::size_t block_size = 0;
    bool is_block_in_memfd = false;
    std::uint32_t flags = 0;                                          ///< SpawnFlags.
    std::uint32_t descriptor_count = 0;                               ///< To be passed on.
    std::array<char, platform::keeper_protocol::label_size> label{};  ///< Ends with a zero byte.
};

/// Longest message that makes sense.
inline constexpr std::size_t request_size_max =
    sizeof(platform::keeper_protocol::Spawn) + platform::keeper_protocol::inline_block_max;

/// Empty for nonsense: the bytes may be anything. What a newer daemon may have put behind the
/// fields that we know is skipped.
std::optional<Request> read_request(const char* bytes, std::size_t size);

}  // namespace devstack::keeper
