#pragma once

#include "devstack/base/diagnostic.hpp"
#include "devstack/core/plan/accounts.hpp"
#include "devstack/core/profile/profile.hpp"

#include "scope.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::core {

/// What `user`, `group` and `group_add` of a service mean on this machine.
struct ServiceAccount {
    std::optional<Identity> identity;  ///< Empty: it is who devstack is.
    std::optional<UserAccount> user;   ///< If `user` was written: who that is.
};

/// Finds them among the accounts; notes in `missing` what has to be looked up first.
class AccountFinder {
public:
    AccountFinder(const Accounts& accounts,
                  MissingAccounts& missing,
                  std::vector<Diagnostic>& diagnostics)
        : accounts_{accounts}, missing_{missing}, diagnostics_{diagnostics} {}

    ServiceAccount find(const ProcessSetting& setting, const Scope& scope);

private:
    struct Written;

    std::optional<Written> read(const ProcessSetting& setting, const Scope& scope);
    std::optional<UserAccount> find_user(const Written& written, const Scope& scope);
    std::optional<std::uint32_t> find_group(const SourceText& name, const Scope& scope);
    bool may_become(const Identity& identity) const;
    void report_need_of_root(const ProcessSetting& setting, const Scope& scope);

    const Accounts& accounts_;
    MissingAccounts& missing_;
    std::vector<Diagnostic>& diagnostics_;
};

}  // namespace devstack::core
