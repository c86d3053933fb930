#pragma once

#include "devstack/core/plan/plan.hpp"
#include "devstack/core/supervisor/input.hpp"
#include "devstack/platform/notify_socket.hpp"
#include "devstack/project/project_paths.hpp"

#include "daemon/children.hpp"
#include "daemon/held_descriptors.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace devstack::daemon {

/// Where services say how they are (sd_notify(3)): one socket for each that wants one, for all its
/// runs. The keeper holds it, so that nothing is lost while there is no daemon.
class NotifySockets {
public:
    struct Sink {
        std::function<void(core::Notified)> told;
        /// After each burst of what was told.
        std::function<void()> burst_ended;
        std::function<void(const std::string& service, const std::string& what)> noticed;
        std::function<std::optional<core::RunId>(core::ServiceId)> find_run;
    };

    NotifySockets(boost::asio::io_context& loop,
                  HeldDescriptors& held,
                  const Children& children,
                  const project::ProjectPaths& paths,
                  Sink sink);
    ~NotifySockets();
    NotifySockets(const NotifySockets&) = delete;
    NotifySockets& operator=(const NotifySockets&) = delete;

    static std::string label_of(const std::string& service);

    /// Before a run is spawned: what is still there was meant by an earlier one. Returns the value
    /// of NOTIFY_SOCKET.
    Result<std::string> prepare(core::ServiceId id, const core::ServicePlan& plan);
    /// Goes on with the socket that an earlier daemon has made, if it has.
    void go_on(core::ServiceId id, const core::ServicePlan& plan);
    /// Makes those anew that somebody has removed from disk.
    void bind_again(const core::Plan& plan);
    /// What is there now is told before anything else of the service.
    void receive(const std::string& service);
    /// Everything is over.
    void remove_all();

private:
    struct Socket {
        core::ServiceId id;
        std::string path;
        std::uint32_t user = 0;
        boost::asio::posix::stream_descriptor waiter;  ///< Owns nothing.
        std::string last_trusted;                      ///< Pid and start of a process.
        int last_refused = 0;
    };

    Result<std::string> make_path(const core::ServicePlan& plan) const;
    void watch(core::ServiceId id, const core::ServicePlan& plan, std::string path, int socket);
    void wait(const std::string& service);
    bool take_all(const std::string& service);
    bool is_believed(Socket& socket, core::RunId run, const platform::NotifyDatagram& datagram);
    void refuse(const std::string& service,
                Socket& socket,
                const platform::NotifyDatagram& datagram);

    boost::asio::io_context& loop_;
    HeldDescriptors& held_;
    const Children& children_;
    const project::ProjectPaths& paths_;
    Sink sink_;
    std::map<std::string, Socket> sockets_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace devstack::daemon
