#pragma once

#include "core/profile/section.hpp"

#include <functional>
#include <string>
#include <vector>

namespace devstack::test {

/// A table of a profile whose keys are ours: "service.example.health".
struct SectionOfGrammar {
    std::string path;
    std::vector<core::KeyView> keys;
    /// A whole profile with only this in the section, as the inside of an inline table:
    /// `url = "x", retries = 3`.
    std::function<std::string(const std::string& inside)> profile_with;
};

/// All sections that the tables of keys know, the profile itself first.
std::vector<SectionOfGrammar> all_sections();

/// `inside` with what else the section cannot do without.
std::string completed(const SectionOfGrammar& section,
                      const core::KeyView& key,
                      const std::string& inside);

/// Values of all kinds, and those at the borders of what the form allows.
std::vector<std::string> samples_for(const core::Form& form);

}  // namespace devstack::test
