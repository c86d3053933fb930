#pragma once

#include "devstack/core/doctor/facts.hpp"

namespace devstack::diagnosis {

/// Counts the connections to each listener of `facts`, by their state.
void add_connections(core::doctor::Facts& facts);

}  // namespace devstack::diagnosis
