#include "account_lookup.hpp"

#include "devstack/platform/accounts.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace devstack::project {

namespace {

core::UserAccount account_of(platform::UserRecord record) {
    return {std::move(record.name),
            record.user,
            record.group,
            std::move(record.home),
            std::move(record.shell),
            std::move(record.groups)};
}

/// By name first: a name may consist of digits.
std::optional<core::UserAccount> find_account(const std::string& name) {
    auto record = platform::find_user(name);
    std::uint32_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data(), end, number);
    const bool is_number = error == std::errc{} && rest == end;
    if (!record && is_number) record = platform::find_user(number);
    if (!record) return std::nullopt;
    return account_of(std::move(*record));
}

}  // namespace

core::Accounts load_accounts() {
    return {account_of(platform::own_user()), platform::own_capabilities(), {}, {}};
}

void look_up(const core::MissingAccounts& missing, core::Accounts& accounts) {
    for (const std::string& name : missing.users)
        accounts.users.emplace(name, find_account(name));
    for (const std::string& name : missing.groups)
        accounts.groups.emplace(name, platform::find_group(name));
}

}  // namespace devstack::project
