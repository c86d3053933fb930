#include "daemon/notify_sockets.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/daemon/run_processes.hpp"
#include "devstack/platform/procfs.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <unistd.h>

namespace devstack::daemon {

namespace {

const platform::Procfs procfs;

std::uint32_t user_of(const core::ServicePlan& plan) {
    return plan.process.identity ? plan.process.identity->user : ::geteuid();
}

}  // namespace

NotifySockets::NotifySockets(boost::asio::io_context& loop,
                             HeldDescriptors& held,
                             const Children& children,
                             const project::ProjectPaths& paths,
                             Sink sink)
    : loop_{loop}, held_{held}, children_{children}, paths_{paths}, sink_{std::move(sink)} {}

NotifySockets::~NotifySockets() {
    for (auto& [service, socket] : sockets_)
        socket.waiter.release();
}

std::string NotifySockets::label_of(const std::string& service) {
    return "notify:" + service;
}

Result<std::string> NotifySockets::make_path(const core::ServicePlan& plan) const {
    return project::create_notify_path(paths_, plan.name, user_of(plan) != ::geteuid());
}

Result<std::string> NotifySockets::prepare(core::ServiceId id, const core::ServicePlan& plan) {
    const auto known = sockets_.find(plan.name);
    if (known != sockets_.end()) {
        while (platform::receive_notification(known->second.waiter.native_handle())) {
        }
        return known->second.path;
    }
    Result<std::string> path = make_path(plan);
    if (!path) return path;
    auto socket = platform::bind_notify_socket(*path, user_of(plan));
    if (!socket) return std::move(socket).error();
    const int number = socket->get();
    held_.add(label_of(plan.name), std::move(*socket));
    watch(id, plan, *path, number);
    return path;
}

void NotifySockets::go_on(core::ServiceId id, const core::ServicePlan& plan) {
    const int socket = held_.find(label_of(plan.name));
    if (socket < 0) return;
    const Result<std::string> path = make_path(plan);
    if (path) watch(id, plan, *path, socket);
}

void NotifySockets::bind_again(const core::Plan& plan) {
    std::vector<core::ServiceId> removed;
    for (const auto& [service, socket] : sockets_) {
        if (::access(socket.path.c_str(), F_OK) != 0) removed.push_back(socket.id);
    }
    for (const core::ServiceId id : removed) {
        const core::ServicePlan& service = plan.services[id.index];
        receive(service.name);
        const auto old = sockets_.find(service.name);
        old->second.waiter.release();
        sockets_.erase(old);
        held_.close(label_of(service.name));
        const Result<std::string> made = prepare(id, service);
        if (!made) sink_.noticed(service.name, made.error().message);
    }
}

void NotifySockets::watch(core::ServiceId id,
                          const core::ServicePlan& plan,
                          std::string path,
                          int socket) {
    boost::asio::posix::stream_descriptor waiter{loop_};
    boost::system::error_code error;
    waiter.assign(socket, error);
    if (error) return sink_.noticed(plan.name, "cannot hear what it says: " + error.message());
    sockets_.emplace(plan.name,
                     Socket{id, std::move(path), user_of(plan), std::move(waiter), "", 0});
    wait(plan.name);
}

void NotifySockets::wait(const std::string& service) {
    sockets_.at(service).waiter.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this, weak = std::weak_ptr{alive_}, service](boost::system::error_code error) {
            if (error || weak.expired() || !sockets_.contains(service)) return;
            const bool has_told = take_all(service);
            wait(service);
            if (has_told) sink_.burst_ended();
        });
}

void NotifySockets::receive(const std::string& service) {
    if (sockets_.contains(service)) take_all(service);
}

bool NotifySockets::take_all(const std::string& service) {
    Socket& socket = sockets_.at(service);
    bool has_told = false;
    for (std::size_t taken = 0; taken < core::limits::notifications_a_turn; ++taken) {
        const auto datagram = platform::receive_notification(socket.waiter.native_handle());
        if (!datagram) break;
        const auto run = sink_.find_run(socket.id);
        if (!run) continue;
        if (!is_believed(socket, *run, *datagram)) {
            refuse(service, socket, *datagram);
            continue;
        }
        sink_.told(core::Notified{*run, core::parse_notification(datagram->text)});
        has_told = true;
    }
    return has_told;
}

/// Who has gone since can not be looked at: helpers such as systemd-notify(1) say one thing and
/// end. That it could write to the socket has to do then.
bool NotifySockets::is_believed(Socket& socket,
                                core::RunId run,
                                const platform::NotifyDatagram& datagram) {
    if (datagram.sender == 0) return false;
    const auto find = [&] { return platform::find_process(procfs, datagram.sender); };
    const auto sender = find();
    const auto is_gone = [](const auto& process) { return !process || process->state == 'Z'; };
    if (is_gone(sender)) return datagram.user == socket.user || datagram.user == 0;
    const std::string name = std::to_string(sender->pid) + "@" +
                             std::to_string(sender->start_ticks) + "#" + std::to_string(run.number);
    if (name == socket.last_trusted) return true;
    const std::vector<RunMark> living = children_.living();
    const Kinship kinship = find_kinship(procfs, children_.project(), living, datagram.sender);
    const bool is_its = kinship.run && living[*kinship.run].run == run;
    if (is_its) socket.last_trusted = name;
    return is_its || is_gone(find());
}

void NotifySockets::refuse(const std::string& service,
                           Socket& socket,
                           const platform::NotifyDatagram& datagram) {
    if (std::exchange(socket.last_refused, datagram.sender) == datagram.sender) return;
    const std::string who = datagram.sender == 0
                                ? "a process in another pid namespace"
                                : sane_text(platform::read_program_name(procfs, datagram.sender)) +
                                      " (pid " + std::to_string(datagram.sender) + ", user " +
                                      platform::user_name(datagram.user) + ")";
    sink_.noticed(service,
                  who +
                      " has written to its notify socket and is none of its processes: it is not "
                      "believed");
}

void NotifySockets::remove_all() {
    for (auto& [service, socket] : sockets_) {
        ::unlink(socket.path.c_str());
        // Gone with the last one in it.
        ::rmdir(socket.path.substr(0, socket.path.rfind('/')).c_str());
        socket.waiter.release();
        held_.close(label_of(service));
    }
    sockets_.clear();
}

}  // namespace devstack::daemon
