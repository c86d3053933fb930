#pragma once

#include "devstack/core/plan/accounts.hpp"

#include <set>
#include <string>

namespace devstack::test {

/// Who lives on the machine that plans are made for, as seen by root, who may do everything.
inline core::Accounts accounts_of_root() {
    core::Accounts accounts;
    accounts.self = {"root", 0, 0, "/root", "/bin/bash", {}};
    accounts.capabilities = (core::CapabilitySet{1} << core::capability_names.size()) - 1;
    accounts.users = {
        {"root", accounts.self},
        {"0", accounts.self},
        {"chi", core::UserAccount{"chi", 1000, 1000, "/home/chi", "/bin/zsh", {27, 1001}}},
        {"nobody", core::UserAccount{"nobody", 65534, 65534, "/", "/usr/sbin/nologin", {}}},
        {"postgres",
         core::UserAccount{"postgres", 110, 115, "/var/lib/postgresql", "/bin/sh", {116}}}};
    accounts.users["1000"] = accounts.users["chi"];
    accounts.groups = {{"www-data", 33}, {"docker", 999}, {"chi", 1000}, {"video", 44}};
    return accounts;
}

/// The same as seen by somebody who may do nothing.
inline core::Accounts accounts_of_chi() {
    core::Accounts accounts = accounts_of_root();
    accounts.self = *accounts.users["chi"];
    accounts.capabilities = 0;
    return accounts;
}

/// Nobody else does.
inline void add_missing(const core::MissingAccounts& missing, core::Accounts& accounts) {
    for (const std::string& name : missing.users)
        accounts.users.emplace(name, std::nullopt);
    for (const std::string& name : missing.groups)
        accounts.groups.emplace(name, std::nullopt);
}

}  // namespace devstack::test
