#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace devstack::project {

/// FNV-1a of a text, in decimal: for names that must differ where long texts do.
inline std::string hash_of_path(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return std::to_string(hash);
}

}  // namespace devstack::project
