#pragma once

#include "diagnosis/scene.hpp"

#include <string>
#include <vector>

namespace devstack::diagnosis {

/// A database of SQLite that a variable or a source of the service names.
struct DatabasePath {
    std::string path;   ///< Absolute.
    std::string where;  ///< "api.py:3", "devstack.toml:7".
};

/// By the endings that such files have as a rule: .db, .sqlite, .sqlite3.
std::vector<DatabasePath> find_database_paths(const Scene& scene, const ServiceScene& service);

}  // namespace devstack::diagnosis
