#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"

#include <memory>
#include <string>

namespace devstack::client {

/// A way to a project's daemon by 127.0.0.1, for as long as this process serves it: it carries the
/// bytes of each connection to the Unix socket and back. Who may come in is judged by the daemon,
/// request by request, by the rules of TCP and with the relay's own token (POST /v1/guard). While
/// no daemon is there, clients are told so with status 503.
class Relay {
public:
    /// Listens on a free port. The token is of this relay alone; nobody else learns it.
    static Result<std::unique_ptr<Relay>> open(std::string socket_path);
    virtual ~Relay() = default;

    virtual Port port() const = 0;
    virtual const std::string& token() const = 0;
    /// Until SIGINT, SIGTERM or SIGHUP; returns which.
    virtual int run() = 0;
};

}  // namespace devstack::client
