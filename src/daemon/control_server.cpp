#include "devstack/daemon/control_server.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/tcp_listener.hpp"
#include "devstack/platform/unix_socket.hpp"

#include "daemon/control_session.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

/// Without descriptors the listener stays readable: look again after this time, not at once.
constexpr auto accept_again_after = 100ms;
/// Taken at once, so that a flood of connections does not hold up the rest of the loop.
constexpr int accept_turn_max = 16;

/// Accepts, checks who it is, and hands over to a session.
class Server final : public ControlServer {
public:
    /// `path` is that of a Unix socket, "" for TCP, which has a guard.
    Server(asio::io_context& loop,
           std::string path,
           platform::FileDescriptor listener,
           ControlHandler& handler,
           std::optional<DoorGuard> guard)
        : path_{std::move(path)},
          listener_{std::move(listener)},
          watcher_{loop, listener_.get()},
          retry_{loop},
          hub_{std::make_shared<ControlHub>(
              ControlHub{loop, &handler, false, 0, {}, std::move(guard)})} {
        error_code ignored;
        watcher_.non_blocking(true, ignored);
        await_connection();
    }

    ~Server() override {
        close();
        hub_->handler = nullptr;
    }

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::size_t connections() const override { return hub_->sessions.size(); }

    Status listen_again() override {
        Result<platform::FileDescriptor> listener = platform::listen_unix(path_);
        if (!listener) return std::move(listener).error();
        watcher_.release();
        listener_ = std::move(*listener);
        error_code ignored;
        watcher_.assign(listener_.get(), ignored);
        watcher_.non_blocking(true, ignored);
        await_connection();
        return ok();
    }

    void close() override {
        if (hub_->is_closing) return;
        hub_->is_closing = true;
        retry_.cancel();
        watcher_.release();  // The descriptor is ours.
        listener_.reset();
        if (!path_.empty()) std::remove(path_.c_str());
        close_idle_sessions(*hub_);
    }

private:
    void await_connection() {
        watcher_.async_wait(asio::posix::stream_descriptor::wait_read,
                            [this, hub = hub_](error_code code) {
                                if (!code && !hub->is_closing) accept_some();
                            });
    }

    void accept_some() {
        for (int i = 0; i < accept_turn_max; ++i) {
            auto accepted = platform::accept_unix(listener_);
            if (!accepted) {
                retry_.expires_after(accept_again_after);
                retry_.async_wait([this, hub = hub_](error_code code) {
                    if (!code && !hub->is_closing) await_connection();
                });
                return;
            }
            if (!*accepted) break;
            admit(std::move(**accepted));
        }
        await_connection();
    }

    void admit(platform::FileDescriptor connection) {
        if (!hub_->guard && !is_known_peer(connection)) return;
        const std::size_t count = hub_->sessions.size();
        if (count >= core::limits::control_connections_max && !make_room(*hub_)) {
            // Those that are told so take places as well, for as long as they take to hear it.
            if (count >= 2 * core::limits::control_connections_max) return;
            refuse_session(hub_,
                           std::move(connection),
                           503,
                           "there are " + std::to_string(count) +
                               " connections already, which is as many as there may be");
            return;
        }
        start_session(hub_, std::move(connection));
    }

    /// Tells a stranger why not.
    bool is_known_peer(platform::FileDescriptor& connection) {
        const Result<platform::Peer> peer = platform::peer_of(connection);
        if (!peer || !platform::is_own_or_root(*peer)) {
            const std::string who =
                peer ? "user " + std::to_string(peer->user_id) : std::string{"an unknown user"};
            refuse_session(hub_,
                           std::move(connection),
                           403,
                           "this socket belongs to another user: " + who + " may not use it");
            return false;
        }
        return true;
    }

    std::string path_;
    platform::FileDescriptor listener_;
    asio::posix::stream_descriptor watcher_;
    asio::steady_timer retry_;
    std::shared_ptr<ControlHub> hub_;
};

}  // namespace

std::string_view ControlRequest::parameter(std::string_view name) const {
    const auto it = std::ranges::find(
        parameters, name, [](const auto& pair) -> std::string_view { return pair.first; });
    return it == parameters.end() ? std::string_view{} : std::string_view{it->second};
}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(asio::io_context& loop,
                                                             const std::string& socket_path,
                                                             ControlHandler& handler) {
    Result<platform::FileDescriptor> listener = platform::listen_unix(socket_path);
    if (!listener) return std::move(listener).error();
    return std::unique_ptr<ControlServer>{
        std::make_unique<Server>(loop, socket_path, std::move(*listener), handler, std::nullopt)};
}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(asio::io_context& loop,
                                                             const ControlDoor& door,
                                                             ControlHandler& handler) {
    Result<platform::FileDescriptor> listener = platform::listen_tcp(door.address, door.port);
    if (!listener) return std::move(listener).error();
    return serve(loop, door, std::move(*listener), handler);
}

std::unique_ptr<ControlServer> ControlServer::serve(asio::io_context& loop,
                                                    const ControlDoor& door,
                                                    platform::FileDescriptor listener,
                                                    ControlHandler& handler) {
    return std::make_unique<Server>(loop, "", std::move(listener), handler, DoorGuard{door});
}

}  // namespace devstack::daemon
