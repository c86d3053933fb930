#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <vector>

namespace devstack::core::doctor {

/// What each thread of the service's processes is doing, for people: where it waits, for what, and
/// who holds that. Threads that do the same are one line.
std::vector<std::string> describe_threads(const Facts& facts, const std::string& service);

}  // namespace devstack::core::doctor
