#pragma once

#include "devstack/core/doctor/finding.hpp"
#include "devstack/diagnosis/collect_facts.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

/// What somebody else needs to help with a project.
struct SupportBundle {
    std::string archive;  ///< The bytes of a tar file.
    std::size_t files = 0;
    std::vector<std::string> hidden;  ///< Where secrets were hidden: "profile.toml: line 9".
};

/// Profile, names of the variables in env files, state, events, ends of the logs, crash records,
/// facts and diagnosis, and a list of what was hidden, all without the secrets that are known.
/// Works without a daemon: what is not there is left out.
SupportBundle make_support_bundle(const diagnosis::Question& question,
                                  const core::doctor::Facts& facts);

}  // namespace devstack::cli
