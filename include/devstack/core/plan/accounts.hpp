#pragma once

#include "devstack/core/plan/process_settings.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace devstack::core {

/// A user as passwd(5) has it.
struct UserAccount {
    std::string name;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::string home;
    std::string shell;
    std::vector<std::uint32_t> groups;  ///< Others that it is a member of.
};

/// What is known of the users and groups of this machine.
struct Accounts {
    UserAccount self;                ///< Who devstack runs as.
    CapabilitySet capabilities = 0;  ///< What devstack itself may do.
    // By what a profile says: a name, or for users also a number. Without a value: there is none.
    std::map<std::string, std::optional<UserAccount>> users;
    std::map<std::string, std::optional<std::uint32_t>> groups;
};

/// Users and groups that a profile asks for and Accounts does not know about, one way or the other.
struct MissingAccounts {
    std::set<std::string> users;
    std::set<std::string> groups;
    bool is_empty() const { return users.empty() && groups.empty(); }
};

}  // namespace devstack::core
