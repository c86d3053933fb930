#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <set>
#include <string>

namespace devstack::diagnosis {

/// Of Python source: the lines that are named, what they stand in (`with lock:`, `def handle():`,
/// by their indentation), and where locks are taken and given up.
core::doctor::SourceFact pick_python_lines(const std::string& path,
                                           const std::string& source,
                                           const std::set<int>& named);

}  // namespace devstack::diagnosis
