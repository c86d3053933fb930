#pragma once

namespace devstack::cli {

/// Whether terminfo(5) describes a terminal of that name. Newterm(3) leaves memory behind when it
/// is asked for one that it does not know.
bool is_known_terminal(const char* name);

}  // namespace devstack::cli
