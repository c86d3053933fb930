#pragma once

#include "core/doctor/config_words.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// "frontend web" and what is said in it.
struct HaproxySection {
    std::string kind;
    std::string name;  ///< Often empty for "defaults" and "global".
    int line = 0;
    std::vector<ConfigLine> defaults;  ///< Of the last "defaults" section before it.
    std::vector<ConfigLine> lines;
};

/// All sections in their order; of the HAProxy configuration manual, chapter 2.
std::vector<HaproxySection> read_haproxy_sections(std::string_view text);

}  // namespace devstack::core::doctor
