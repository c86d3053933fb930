#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <functional>
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

/// "${DB_USER}" and "$DB_USER" with what `value_of` has for the name, as dotenv libraries put it
/// in; what has no value stays.
std::string expand_names(
    const std::string& text,
    const std::function<std::optional<std::string>(const std::string& name)>& value_of);

}  // namespace devstack::diagnosis
