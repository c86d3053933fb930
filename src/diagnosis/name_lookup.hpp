#pragma once

#include "devstack/base/time.hpp"

#include <map>
#include <string>
#include <vector>

namespace devstack::diagnosis {

struct LookUp {
    std::vector<std::string> addresses;  ///< Numeric, in the order in which clients try them.
    std::string problem;                 ///< "does not resolve: Name or service not known".
};

/// Looks up each name, all at once, for `limit` at the most.
std::map<std::string, LookUp> look_up_all(const std::vector<std::string>& names, Duration limit);

}  // namespace devstack::diagnosis
