#include "devstack/core/logs/rotation.hpp"

namespace devstack::core {

std::uint64_t RotationRule::room(std::uint64_t log_size, std::uint64_t index_size) const {
    if (log_size >= log_size_max || index_size >= index_size_max) return 0;
    return log_size_max - log_size;
}

std::optional<std::size_t> RotationRule::find_cut(std::uint64_t log_size,
                                                  std::uint64_t index_size,
                                                  std::string_view next) const {
    const std::size_t line_end = next.rfind('\n');
    if (line_end != std::string_view::npos) return line_end + 1;
    const std::uint64_t cut_at = log_size_max + slack_max;
    if (log_size >= cut_at || index_size >= index_size_max + slack_max) return 0;
    if (log_size + next.size() < cut_at) return std::nullopt;
    return static_cast<std::size_t>(cut_at - log_size);
}

}  // namespace devstack::core
