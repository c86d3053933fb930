#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <vector>

namespace devstack::core::doctor {

/// How sure a finding is. What is less than `probable` is not told.
enum class Confidence { doubtful, probable, sure };

/// One cause, for people.
struct Finding {
    std::string id;       ///< Stable, kebab-case: "port-held-by-stranger".
    std::string service;  ///< Whose trouble it is; empty: nobody's alone.
    std::string what;     ///< One sentence that names the cause.
    std::vector<std::string> evidence;
    std::vector<std::string> explains;  ///< Sentences about what follows from it.
    std::vector<std::string> affects;   ///< Services that suffer from it, besides its own.
    std::string fix;                    ///< A command or an edit.
    Confidence confidence = Confidence::probable;

    // For the ordering alone: of several findings about one trouble the strongest stays.
    int strength = 50;  ///< Facts of the kernel are above what programs say in their logs.
    std::string topic;  ///< What it is about: "port 3101", "variable JWT_SECRET".
    /// The service or endpoint ("host:port") whose trouble is the real cause, if it has any.
    std::vector<std::string> blames;
    bool is_open = false;     ///< No cause, but where one is to be looked for.
    bool is_minor = false;    ///< Not worth an alarm.
    bool is_symptom = false;  ///< A service that this one calls may be the cause.
};

/// Weaker than this a finding only repeats the symptom.
inline constexpr int cause_strength_min = 50;

struct Diagnosis {
    std::vector<Finding> findings;  ///< Root causes first.
    std::vector<std::string> ruled_out;
    /// What was looked at where there is no project, or for a port: who listens, what is named.
    std::vector<std::string> seen;
    std::vector<std::string> unseen;
    /// Of something that is in `unseen` it may yet turn out that it does not work.
    bool is_open = false;
    bool is_healthy() const { return findings.empty(); }
};

/// Facts -> findings. Pure: the same facts always have the same diagnosis.
Diagnosis diagnose(const Facts& facts);

}  // namespace devstack::core::doctor
