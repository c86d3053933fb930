#pragma once

#include "devstack/core/plan/accounts.hpp"

namespace devstack::project {

/// Who devstack is, and nobody else yet.
core::Accounts load_accounts();

/// Looks up what is missing, so that it is known one way or the other.
void look_up(const core::MissingAccounts& missing, core::Accounts& accounts);

}  // namespace devstack::project
