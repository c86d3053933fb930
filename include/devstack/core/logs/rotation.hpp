#pragma once

#include "devstack/core/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace devstack::core {

/// When a log file has become long enough, and where it may be cut.
struct RotationRule {
    std::uint64_t log_size_max = limits::log_file_size_max;
    std::uint64_t index_size_max = limits::log_index_size_max;
    std::uint64_t slack_max = limits::log_line_slack_max;

    /// How many bytes may be added without looking at them. 0: rotation is due at a line end.
    std::uint64_t room(std::uint64_t log_size, std::uint64_t index_size) const;

    /// Rotation is due, and `next` would be added: how many of its bytes still belong into this
    /// file. Nothing: all of them, and the line end is still to come.
    std::optional<std::size_t> find_cut(std::uint64_t log_size,
                                        std::uint64_t index_size,
                                        std::string_view next) const;
};

}  // namespace devstack::core
