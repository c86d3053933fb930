#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/api/query.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace devstack::client {

/// An answer to one request.
struct Reply {
    int status = 0;
    std::string body;
};

/// One HTTP/1.1 keep-alive connection to a project's daemon, over its Unix socket. Blocking, each
/// request with a deadline. Errors: not_found (no socket), busy (connection refused: a stale
/// socket), not_permitted, timed_out, system. A connection that the daemon has closed because it
/// was idle is opened anew; after any other error it must not be used further.
class Connection {
public:
    /// Long paths work: the socket is reached through its directory's descriptor.
    static Result<Connection> open(const std::string& socket_path);
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    Result<Reply> get(const std::string& target, Duration timeout);
    Result<Reply> post(const std::string& target, const std::string& body, Duration timeout);

    /// For poll(2), by who waits for several things: send now, collect when readable.
    int fd() const;
    Status send_get(const std::string& target);
    Status send_post(const std::string& target, const std::string& body);
    /// The whole reply if it is there; empty when more must be awaited.
    Result<std::optional<Reply>> try_receive();

private:
    class Implementation;
    explicit Connection(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

/// The API as functions. An answer of 400 or more becomes an Error with the daemon's message: kind
/// not_found for "no-such-service", busy for "shutting-down", invalid for other 4xx, system for
/// 5xx.
Result<core::api::StateMessage> fetch_state(Connection& connection,
                                            const core::api::StateRequest& request = {});
Result<core::api::EventsMessage> fetch_events(Connection& connection,
                                              std::optional<std::uint64_t> after,
                                              Duration wait);
Result<core::api::EventsMessage> fetch_events(Connection& connection,
                                              const core::api::EventRequest& request);
Result<core::api::LogsMessage> fetch_logs(Connection& connection,
                                          const core::api::LogRequest& request);
Result<std::vector<core::api::ListeningPort>> fetch_ports(Connection& connection,
                                                          std::optional<Port> port);
Result<core::api::CommandReply> send_command(Connection& connection,
                                             const core::api::CommandRequest& request);

/// What `reply` says if it is a refusal; for who sends requests by hand.
Status check_reply(const Reply& reply);

}  // namespace devstack::client
