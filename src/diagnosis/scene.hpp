#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/core/doctor/facts.hpp"
#include "devstack/core/plan/plan.hpp"
#include "devstack/core/profile/profile.hpp"
#include "devstack/diagnosis/collect_facts.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// A service as far as its profile could be read.
struct ServiceScene {
    core::doctor::ServiceFact fact;
    std::string working_dir;             ///< Absolute; where its command has gone by cd, if any.
    std::string declared_dir;            ///< Where it is started; env files begin there.
    std::vector<std::string> env_files;  ///< Absolute; those it names itself.
    std::map<std::string, std::string> environment;
    std::optional<core::Probe> probe;
    std::string output;               ///< Of a stand-in: the file that it writes to; absolute.
    std::uintmax_t output_begin = 0;  ///< How much of that was there before anybody was asked.
};

/// What all collectors start from: the profile and what the daemon says. Not changed any more once
/// they run.
struct Scene {
    Question question;
    std::string project_dir;  ///< Absolute.
    std::string profile_path;
    std::vector<std::string> env_files;  ///< Of the project; absolute.
    std::vector<ServiceScene> services;
    std::vector<std::string> secrets;
    std::vector<core::doctor::ProfileProblemFact> problems;
    std::vector<core::doctor::KnowledgeFact> knowledge;
    std::string project;
    std::string daemon = "none";
    std::string daemon_problem;
    std::optional<core::api::StateMessage> state;

    /// As a person in the project's directory knows the path.
    std::string shown(const std::string& path) const;
    const ServiceScene* find(const std::string& name) const;
};

Scene set_scene(const Question& question);

}  // namespace devstack::diagnosis
