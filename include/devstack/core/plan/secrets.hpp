#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// What must not be shown of `NAME=value`: the value if the name says so, line by line if it has
/// several, else the password of a URL in it. Short ones are left out: hiding them would hide half
/// of every text.
std::vector<std::string> find_secrets(std::string_view name, std::string_view value);

/// Those of both, each once, the longest first.
std::vector<std::string> join_secrets(const std::vector<std::string>& some,
                                      const std::vector<std::string>& others);

/// Puts "***" in the place of each secret in `text`. `secrets`: as in Plan, the longest first, so
/// that one which holds another goes as a whole.
std::string hide_secrets(std::string text, const std::vector<std::string>& secrets);

}  // namespace devstack::core
