#pragma once

#include "devstack/base/diagnostic.hpp"
#include "devstack/core/plan/accounts.hpp"
#include "devstack/core/plan/plan.hpp"
#include "devstack/core/profile/profile.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace devstack::core {

/// An env file as it was found.
struct EnvFile {
    std::string shown_name;           ///< As the person knows it.
    std::optional<std::string> text;  ///< Empty: it could not be read …
    std::string problem;              ///< … for this reason: "no such file".
};

/// What a plan depends on besides the profile.
struct Surroundings {
    std::string project_dir;                         ///< Absolute.
    std::map<std::string, std::string> environment;  ///< devstack's own.
    std::map<std::string, EnvFile> env_files;        ///< By absolute path.
    Accounts accounts = {};
};

/// Absolute paths of the env files that the profile asks for and `surroundings` does not hold. The
/// files found so far can decide what else is wanted: read and ask again until nothing is.
std::vector<std::string> find_missing_env_files(const Profile& profile,
                                                const Surroundings& surroundings);

/// Users and groups that the profile asks for and `surroundings` knows nothing about. Depends on
/// the env files that are in there, as these depend on users with their home directories.
MissingAccounts find_missing_accounts(const Profile& profile, const Surroundings& surroundings);

/// Fills in every default, checks every reference and replaces every variable. Reports all
/// mistakes, also for a profile that was read with errors. The surroundings must hold every env
/// file that find_missing_env_files asks for, and every account that find_missing_accounts does, if
/// only to say that it is not there.
Checked<Plan> make_plan(const Profile& profile, const Surroundings& surroundings);

}  // namespace devstack::core
