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
    /// Seen where `variables` has nothing. Outlives the scope; may be null.
    const std::map<std::string, std::string>* inherited = nullptr;
    std::map<std::string, std::string> variables;

    /// Null when it is not set.
    const std::string* find_variable(const std::string& name) const;
    VariableAnswer find(std::string_view name) const;
    std::string home() const;
};

/// The text with its variables replaced; reports those that are missing, at their place in the
/// profile.
std::string expand(const SourceText& text,
                   const Scope& scope,
                   std::vector<Diagnostic>& diagnostics);

}  // namespace devstack::core
