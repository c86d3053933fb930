#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// The script of a command that starts a shell, as people write it: "sh -c '…'" is read, too.
std::string script_of(const std::string& command);

/// Whose status a script ends with, where that is not the program's: "tee, the last of its pipe",
/// "|| true". Empty: it is the program's, or it can not be told.
std::string find_hidden_status(std::string_view script);

/// The files that a script sends what it writes to, past who reads its output: "2>err.log".
std::vector<std::string> find_output_files(std::string_view script);

}  // namespace devstack::core::doctor
