#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/doctor/facts.hpp"
#include "devstack/project/project_paths.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// What the doctor is asked.
struct Question {
    std::string directory;  ///< Where the person stands; absolute.
    std::optional<project::ProjectPaths> project;
    core::doctor::SubjectFact subject;
    std::vector<core::doctor::HeaderFact> headers;  ///< To be sent to the URL that is asked about.
    /// The subject is a service that hangs and is to be restarted: its threads are looked at
    /// whether or not it answers now, and what it writes down of itself is waited for.
    bool is_evidence = false;
    /// All there is to be waited for may take so long.
    Duration limit{};
};

/// Looks at everything that may matter, at once and each with its own deadline. Changes nothing,
/// and asks nothing of a service but its probe, and GETs like it. What could not be seen in time is
/// told in `unseen`.
core::doctor::Facts collect_facts(const Question& question);

/// What no text about the project may show, the longest first.
std::vector<std::string> find_secrets(const Question& question);

}  // namespace devstack::diagnosis
