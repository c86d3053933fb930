#include "devstack/core/profile/schema.hpp"

#include "cli/commands.hpp"

namespace devstack::cli {

int run_schema() {
    return print(core::profile_schema()) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
