#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::platform {

/// An entry of passwd(5), and the groups that the user is in.
struct UserRecord {
    std::string name;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::string home;
    std::string shell;
    std::vector<std::uint32_t> groups;  ///< Besides `group`.
};

// Empty: there is none, or it could not be found out. They ask what nsswitch.conf(5) names, which
// may be a server; a statically linked devstack asks only /etc/passwd and /etc/group.
std::optional<UserRecord> find_user(const std::string& name);
std::optional<UserRecord> find_user(std::uint32_t user);
std::optional<std::uint32_t> find_group(const std::string& name);

/// Who this process is, with the groups that it really has; its number for a name if it has none.
UserRecord own_user();

/// What this process may do, one bit for each capability (capabilities(7)).
std::uint64_t own_capabilities();

}  // namespace devstack::platform
