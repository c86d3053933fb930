#include "devstack/version.hpp"

#include "cli/commands.hpp"

#include <string>

namespace devstack::cli {

int run_version(const VersionOptions& options) {
    const std::string text = version;
    return print(options.json ? "{\"version\":\"" + text + "\"}\n" : "devstack " + text + "\n")
               ? exit_done
               : exit_failed;
}

}  // namespace devstack::cli
