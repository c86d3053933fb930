#pragma once

#include "devstack/core/doctor/facts.hpp"

#include "diagnosis/scene.hpp"

#include <string>

namespace devstack::diagnosis {

/// package.json, lock file and node_modules of the package that `directory` is in, as Node.js finds
/// them: in it or above, not above `project_dir`.
void examine_node_package(const std::string& directory,
                          const std::string& project_dir,
                          core::doctor::FolderFact& folder);

/// The command of a script in package.json; empty when there is none of that name.
std::string find_package_script(const std::string& directory, const std::string& name);
/// Of the script that "npm run dev" or "yarn dev" runs, what its command is; empty: the service
/// runs no script, or one that is not there.
std::string find_run_script(const ServiceScene& service);

/// The programs that a service's command starts: the program itself, the script that it
/// interprets, the command of an npm script.
void examine_programs(const Scene& scene,
                      const ServiceScene& service,
                      const core::doctor::FolderFact& folder,
                      core::doctor::Facts& facts);

}  // namespace devstack::diagnosis
