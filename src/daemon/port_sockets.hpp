#pragma once

#include "devstack/core/plan/plan.hpp"

#include "daemon/held_descriptors.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace devstack::daemon {

/// The sockets that devstack listens on for services: they stay open from one run to the next, and
/// from one daemon to the next, so that nobody who connects meanwhile is refused.
class PortSockets {
public:
    /// Somebody has connected; told once for each `await`.
    using Connected = std::function<void(core::ServiceId id, std::string what)>;

    PortSockets(boost::asio::io_context& loop, HeldDescriptors& held, Connected connected);
    ~PortSockets();
    PortSockets(const PortSockets&) = delete;
    PortSockets& operator=(const PortSockets&) = delete;

    static std::string label_of(const std::string& service, Port port);

    /// Those that are not open yet.
    Status open(const core::ServicePlan& plan);
    /// In the order of the plan, as a new run wants them; empty when one is missing.
    std::vector<int> hand_out(const core::ServicePlan& plan);
    void await(core::ServiceId id, const core::ServicePlan& plan);
    void close(const core::ServicePlan& plan);
    /// Closes those that have another label.
    void keep_only(const std::set<std::string>& labels);

private:
    struct Waiter {
        boost::asio::posix::stream_descriptor socket;  ///< Owns nothing.
    };

    void call_now(core::ServiceId id, const std::string& service);
    void stop_waiting(const std::string& service);

    boost::asio::io_context& loop_;
    HeldDescriptors& held_;
    Connected connected_;
    std::map<std::string, std::vector<Waiter>> waiters_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// "LISTEN_FDS=2" and the like (sd_listen_fds(3)).
std::vector<std::string> describe_handed_out(const core::ServicePlan& plan);

}  // namespace devstack::daemon
