#pragma once

#include "devstack/core/doctor/facts.hpp"
#include "devstack/core/doctor/finding.hpp"

#include "core/doctor/picture.hpp"

#include <vector>

namespace devstack::core::doctor {

/// Where there is no profile, nobody says what belongs together: who asks about a request or a port
/// is told what is wrong on its way, and nothing of a request that is answered well. What two
/// processes read in one file is told once.
void keep_what_is_asked(const Picture& picture, std::vector<Finding>& findings);

/// Without a daemon devstack runs none of the processes that are told of: how they are started
/// again and where their output is to be found is said in other words.
void speak_of_processes(const Facts& facts, Finding& finding);

}  // namespace devstack::core::doctor
