#pragma once

#include "devstack/client/connection.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/plan/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::cli {

std::vector<std::string> names_of(const core::api::StateMessage& state);
std::vector<std::string> names_of(const core::Plan& plan);

/// Null when there is no such service.
const core::api::ServiceState* find_service(const core::api::StateMessage& state,
                                            const std::string& name);

/// "api is backing-off: exited with code 3": all there is to say of it in one sentence.
std::string sentence_of(const core::api::ServiceState& service);
/// The part of it after the colon: "exited with code 3".
std::string reason_of(const core::api::ServiceState& service);

/// What to say about the first of `wished` that is not `known`: "there is no service or task ap
/// (did you mean `api`?); known are api and web".
std::optional<std::string> find_unknown(const std::vector<std::string>& wished,
                                        const std::vector<std::string>& known);

/// Complains about services that a running project does not have. Returns the exit code if the
/// command is to end there.
std::optional<int> refuse_unknown(client::Connection& connection,
                                  const std::vector<std::string>& wished);

}  // namespace devstack::cli
