#include "cli/builtin_profiles.hpp"

// From builtin_profiles.S, which takes in the file at build time.
extern "C" const char devstack_demo_profile[];
extern "C" const char devstack_demo_profile_end[];

namespace devstack::cli {

std::optional<std::string> find_builtin_profile(const std::string& name) {
    if (name != "demo") return std::nullopt;
    return std::string{devstack_demo_profile, devstack_demo_profile_end};
}

}  // namespace devstack::cli
