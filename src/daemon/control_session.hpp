#pragma once

#include "devstack/daemon/control_server.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include "daemon/door_guard.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_set>

namespace devstack::daemon {

class ControlSession;

/// What all sessions of one server share. It outlives the server if a reply is still kept.
struct ControlHub {
    boost::asio::io_context& loop;
    ControlHandler* handler = nullptr;  ///< Null once the server has been destroyed.
    bool is_closing = false;
    std::uint64_t requests = 0;
    std::unordered_set<ControlSession*> sessions = {};
    std::optional<DoorGuard> guard = {};  ///< Of TCP.
};

/// Serves one connection until it ends. It keeps itself alive while something is under way on it.
void start_session(std::shared_ptr<ControlHub> hub, platform::FileDescriptor connection);
/// Tells the client why it is not served, and hangs up.
void refuse_session(std::shared_ptr<ControlHub> hub,
                    platform::FileDescriptor connection,
                    int status,
                    const std::string& message);
/// When there are as many connections as there may be: hangs up on the one that has been silent for
/// longest, waits for no answer and reads none. Returns false if there is none such.
bool make_room(ControlHub& hub);
/// Hangs up where nothing is under way; the others end with the reply that they are at.
void close_idle_sessions(ControlHub& hub);

}  // namespace devstack::daemon
