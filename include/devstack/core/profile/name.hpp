#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devstack::core {

/// What is wrong with a name of a project, service or task; empty if nothing is. Completes
/// "\"a b\" …". Names become names of files, so only [A-Za-z0-9_.-] and no "." or "-" in front.
std::optional<std::string> find_name_problem(std::string_view name);

/// A valid name that resembles the last part of `path`; "project" if nothing is left of it.
std::string make_name_from_path(std::string_view path);

}  // namespace devstack::core
