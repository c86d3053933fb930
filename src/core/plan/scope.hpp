#pragma once

#include "devstack/base/diagnostic.hpp"
#include "devstack/core/profile/interpolate.hpp"
#include "devstack/core/profile/profile.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// What `${…}` stands for at one place of a profile.
struct Scope {
    const Profile* profile = nullptr;
    const ServiceSetting* service = nullptr;  ///< Empty in [project].
    std::string project_dir;
    std::map<std::string, std::string> variables;

    VariableAnswer find(std::string_view name) const;
    std::string home() const;
};

/// The text with its variables replaced; reports those that are missing, at their place in the
/// profile.
std::string expand(const SourceText& text,
                   const Scope& scope,
                   std::vector<Diagnostic>& diagnostics);

}  // namespace devstack::core
