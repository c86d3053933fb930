#pragma once

#include "core/doctor/log_knowledge.hpp"
#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

#include <algorithm>
#include <regex>
#include <span>
#include <string>

namespace devstack::test {

/// A line of a service that has ended, and what is said first of it.
struct Told {
    const char* line;
    const char* id;
    const char* what;
};

inline void check_told(std::span<const Told> examples) {
    for (const Told& example : examples) {
        INFO(example.line);
        World world;
        world.end("api", 1);
        world.say("api", example.line);
        const auto findings = world.findings();
        REQUIRE_FALSE(findings.empty());
        CHECK(findings[0].id == example.id);
        CHECK(findings[0].what == example.what);
        CHECK_FALSE(findings[0].fix.empty());
    }
}

/// Lines that nothing is known of.
inline void check_harmless(std::span<const char* const> lines) {
    for (const std::string line : lines) {
        INFO(line);
        CHECK(std::ranges::none_of(log_knowledge(), [&](const LogKnowledge& known) {
            return line.find(known.part) != std::string::npos &&
                   std::regex_search(line, std::regex{known.pattern.data(), known.pattern.size()});
        }));
    }
}

}  // namespace devstack::test
