#pragma once

#include "devstack/core/plan/plan.hpp"

#include "support/accounts.hpp"

#include <map>
#include <string>

namespace devstack::test {

using Variables = std::map<std::string, std::string>;

/// The plan of a profile at /home/chi/shop/devstack.toml; fails the test if it has errors. `files`
/// are the env files that exist, by absolute path.
core::Plan plan_of(const std::string& text,
                   const Variables& environment = {},
                   const Variables& files = {},
                   const core::Accounts& accounts = accounts_of_root());

/// Everything that is wrong with it, as people see it; "" for nothing.
std::string mistakes_of(const std::string& text,
                        const Variables& environment = {},
                        const Variables& files = {},
                        const core::Accounts& accounts = accounts_of_root());

/// The value of a variable of a service; "(not set)" if it has none.
std::string variable(const core::Plan& plan, const std::string& service, const std::string& name);

}  // namespace devstack::test
