#include "core/doctor/haproxy_sections.hpp"

#include <algorithm>
#include <array>

namespace devstack::core::doctor {

namespace {

bool begins_section(const ConfigLine& line) {
    constexpr std::array<std::string_view, 13> kinds{"global",
                                                     "defaults",
                                                     "frontend",
                                                     "backend",
                                                     "listen",
                                                     "resolvers",
                                                     "peers",
                                                     "userlist",
                                                     "mailers",
                                                     "program",
                                                     "ring",
                                                     "cache",
                                                     "http-errors"};
    return std::ranges::find(kinds, std::string_view{line.words[0]}) != kinds.end();
}

}  // namespace

std::vector<HaproxySection> read_haproxy_sections(std::string_view text) {
    std::vector<HaproxySection> sections;
    std::vector<ConfigLine> defaults;
    for (const ConfigLine& line : read_config_lines(text)) {
        if (begins_section(line)) {
            HaproxySection& section = sections.emplace_back();
            section.kind = line.words[0];
            section.name = line.words.size() > 1 ? line.words[1] : "";
            section.line = line.number;
            const bool is_proxy =
                section.kind == "frontend" || section.kind == "backend" || section.kind == "listen";
            if (is_proxy) section.defaults = defaults;
            if (section.kind == "defaults") defaults.clear();
        } else if (!sections.empty()) {
            if (sections.back().kind == "defaults") defaults.push_back(line);
            sections.back().lines.push_back(line);
        }
    }
    return sections;
}

}  // namespace devstack::core::doctor
