#pragma once

#include "devstack/base/result.hpp"

#include <string>

namespace devstack::project {

/// Where the token of the API by TCP is kept.
std::string api_token_file(const std::string& state_dir);
/// The token, of 256 random bits in hexadecimal digits; made at the first time (0600), and the same
/// from then on.
Result<std::string> ensure_api_token(const std::string& state_dir);

/// Writes it where it was, when the file has been removed.
Status keep_api_token(const std::string& state_dir, const std::string& token);

}  // namespace devstack::project
