#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace devstack {

/// A TCP port, 1 to 65535.
struct Port {
    std::uint16_t number = 0;
    auto operator<=>(const Port&) const = default;
};

inline std::string to_string(Port port) {
    return std::to_string(port.number);
}

}  // namespace devstack
