#pragma once

#include "devstack/daemon/control_server.hpp"

#include <optional>

namespace devstack::daemon {

/// True for what anybody may have who comes in by TCP: the page's files, in which is nothing of the
/// project. The page then asks with its token.
bool is_dashboard_path(std::string_view path);

/// The page at "/" and its files below "/dashboard/". Empty when there is no such file.
std::optional<ControlReply> dashboard_reply(std::string_view path);

}  // namespace devstack::daemon
