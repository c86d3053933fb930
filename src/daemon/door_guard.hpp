#pragma once

#include "devstack/daemon/control_server.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace devstack::daemon {

/// Who may come in by TCP: whoever knows the token, and whom no web page of another origin has
/// sent. A browser can be made to send requests to loopback addresses by any page (DNS rebinding:
/// the page's own name in Host; cross-site: its origin in Origin).
class DoorGuard {
public:
    /// The headers that count.
    struct Visitor {
        std::string_view path;
        std::string_view host;
        std::string_view origin;
        std::string_view authorization;
        std::string_view cookie;
        std::string_view token;  ///< Parameter `token`.
    };
    struct Refusal {
        int status = 403;
        std::string message;
    };

    explicit DoorGuard(ControlDoor door) : door_{std::move(door)} {}

    /// Empty: let in. /healthz and the files of the dashboard need no token.
    std::optional<Refusal> check(const Visitor& visitor) const;

private:
    bool is_our_name(std::string_view host) const;
    bool knows_token(const Visitor& visitor) const;

    ControlDoor door_;
};

}  // namespace devstack::daemon
