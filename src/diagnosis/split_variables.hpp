#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// One endpoint that several variables name: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME.
struct SplitUrl {
    core::doctor::ReferenceFact fact;  ///< Without `service`.
    const core::doctor::VariableFact* password = nullptr;
};

/// What belongs to the variable `host`, whose name ends with HOST; nullopt where nothing tells
/// which port that is. `database` is the scheme of the one database server that the project runs,
/// or empty.
std::optional<SplitUrl> join_variables(const core::doctor::VariableFact& host,
                                       const std::vector<core::doctor::VariableFact>& variables,
                                       const std::string& database);

/// The scheme of the only database server among the services; empty when there is none, or several.
std::string find_database_scheme(const std::vector<core::doctor::ServiceFact>& services);

}  // namespace devstack::diagnosis
