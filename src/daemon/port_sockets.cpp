#include "daemon/port_sockets.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/spawn_request.hpp"
#include "devstack/platform/tcp_listener.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace devstack::daemon {

namespace {

constexpr std::string_view label_prefix = "port:";

}  // namespace

PortSockets::PortSockets(boost::asio::io_context& loop, HeldDescriptors& held, Connected connected)
    : loop_{loop}, held_{held}, connected_{std::move(connected)} {}

PortSockets::~PortSockets() {
    while (!waiters_.empty())
        stop_waiting(std::string{waiters_.begin()->first});
}

std::string PortSockets::label_of(const std::string& service, Port port) {
    return std::string{label_prefix} + service + ":" + to_string(port);
}

Status PortSockets::open(const core::ServicePlan& plan) {
    for (const core::DeclaredPort& port : plan.ports) {
        const std::string label = label_of(plan.name, port.port);
        if (!port.is_socket() || held_.find(label) >= 0) continue;
        auto socket = platform::listen_tcp(port.socket_address, port.port);
        if (!socket) return std::move(socket).error();
        held_.add(label, std::move(*socket));
    }
    return ok();
}

std::vector<int> PortSockets::hand_out(const core::ServicePlan& plan) {
    stop_waiting(plan.name);
    std::vector<int> sockets;
    for (const core::DeclaredPort& port : plan.ports) {
        if (!port.is_socket()) continue;
        const int socket = held_.find(label_of(plan.name, port.port));
        if (socket < 0) return {};
        platform::make_blocking(socket);
        sockets.push_back(socket);
    }
    return sockets;
}

void PortSockets::await(core::ServiceId id, const core::ServicePlan& plan) {
    stop_waiting(plan.name);
    std::vector<Waiter>& waiters = waiters_[plan.name];
    for (const core::DeclaredPort& port : plan.ports) {
        if (!port.is_socket()) continue;
        const int socket = held_.find(label_of(plan.name, port.port));
        if (socket < 0) return call_now(id, plan.name);
        boost::asio::posix::stream_descriptor waiter{loop_};
        boost::system::error_code error;
        waiter.assign(socket, error);
        if (!error) waiters.push_back({std::move(waiter)});
        if (error) continue;
        const auto on_connection = [this,
                                    weak = std::weak_ptr{alive_},
                                    id,
                                    service = plan.name,
                                    number = to_string(port.port)](boost::system::error_code gone) {
            if (gone || weak.expired() || !waiters_.contains(service)) return;
            stop_waiting(service);
            connected_(id, "somebody has connected to port " + number);
        };
        waiters.back().socket.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                         on_connection);
    }
}

/// A keeper that could not hold the sockets: a start opens them again, or says why it can not.
void PortSockets::call_now(core::ServiceId id, const std::string& service) {
    stop_waiting(service);
    boost::asio::post(loop_, [this, weak = std::weak_ptr{alive_}, id] {
        if (!weak.expired()) connected_(id, "its sockets have to be opened again");
    });
}

void PortSockets::stop_waiting(const std::string& service) {
    const auto found = waiters_.find(service);
    if (found == waiters_.end()) return;
    for (Waiter& waiter : found->second)
        waiter.socket.release();
    waiters_.erase(found);
}

void PortSockets::close(const core::ServicePlan& plan) {
    stop_waiting(plan.name);
    for (const core::DeclaredPort& port : plan.ports)
        held_.close(label_of(plan.name, port.port));
}

void PortSockets::keep_only(const std::set<std::string>& labels) {
    for (const std::string& label : held_.labels(label_prefix)) {
        if (labels.contains(label)) continue;
        const std::size_t begin = label_prefix.size();
        stop_waiting(label.substr(begin, label.rfind(':') - begin));
        held_.close(label);
    }
}

std::vector<std::string> describe_handed_out(const core::ServicePlan& plan) {
    std::vector<std::string> names;
    for (const core::DeclaredPort& port : plan.ports) {
        if (port.is_socket()) names.push_back(port.name.empty() ? "port" : port.name);
    }
    return {"LISTEN_FDS=" + std::to_string(names.size()),
            "LISTEN_FDNAMES=" + join(names, ":"),
            platform::listen_pid_placeholder};
}

}  // namespace devstack::daemon
