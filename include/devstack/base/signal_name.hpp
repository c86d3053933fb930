#pragma once

#include "devstack/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace devstack {

/// "SIGTERM" -> 15; also "TERM", "term" and "15". See signal(7).
Result<int> parse_signal(std::string_view text);

/// 15 -> "SIGTERM"; "signal 64" when it has no name.
std::string signal_name(int signal);

/// All that have one: "SIGHUP", "SIGINT", …
std::vector<std::string> signal_names();

}  // namespace devstack
