#include "daemon/daemon_process.hpp"

#include <chrono>
#include <set>
#include <utility>

// Sockets that outlive this daemon: those that services are handed, and those to which they say how
// they are.

namespace devstack::daemon {

using core::RunId;

namespace {

/// "NAME=value", in the place of what has that name.
void set_variable(std::vector<std::string>& environment, const std::string& variable) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    std::erase_if(environment, [&](const std::string& it) { return it.starts_with(name); });
    environment.push_back(variable);
}

}  // namespace

/// By what the plan says, also of services that are on their way out of it.
std::set<std::string> DaemonProcess::labels_in_use() const {
    std::set<std::string> labels;
    for (const core::ServicePlan& service : supervisor_.plan().services) {
        if (service.notifies()) labels.insert(NotifySockets::label_of(service.name));
        for (const core::DeclaredPort& port : service.ports) {
            if (port.is_socket()) labels.insert(PortSockets::label_of(service.name, port.port));
        }
    }
    return labels;
}

void DaemonProcess::go_on_with_held() {
    const core::Plan& plan = supervisor_.plan();
    const std::set<std::string> known = labels_in_use();
    held_.adopt(children_.take_held(),
                [&](const std::string& it) { return known.contains(it) || is_door(it); });
    for (std::size_t i = 0; i < plan.services.size(); ++i)
        notify_.go_on({i}, plan.services[i]);
}

/// The keeper that held them is dead. What services were handed they have; where they say how they
/// are, they know by its path.
void DaemonProcess::go_on_without_held() {
    if (!recalled_) return;
    for (const core::ServiceRecord& record : recalled_->services) {
        const auto id = supervisor_.plan().find(record.service);
        if (!id || !core::is_alive(record.phase) || !spec(*id).notifies()) continue;
        const auto path = notify_.prepare(*id, spec(*id));
        if (!path) notice(record.service, path.error().message);
    }
}

void DaemonProcess::perform(const core::OpenSockets& action) {
    if (!children_.can_hold()) {
        inputs_.push_back(core::SpawnFailed{
            action.run,
            "the keeper of this project is older than this devstack and can not hold sockets: take "
            "the project down and bring it up again",
            true});
        return;
    }
    const Status opened = port_sockets_.open(spec(action.run.service));
    if (opened) {
        inputs_.push_back(core::SocketsOpened{action.run});
        return;
    }
    const bool may_help =
        opened.error().kind == Error::Kind::busy || opened.error().kind == Error::Kind::system;
    inputs_.push_back(core::SpawnFailed{action.run, opened.error().message, !may_help});
}

void DaemonProcess::perform(const core::AwaitConnection& action) {
    port_sockets_.await(action.service, spec(action.service));
}

void DaemonProcess::perform(const core::CloseSockets& action) {
    port_sockets_.close(spec(action.service));
}

/// What the service is handed, and where it can say how it is.
Status DaemonProcess::add_sockets(RunId run, platform::SpawnRequest& request) {
    const core::ServicePlan& plan = spec(run.service);
    if (plan.notifies()) {
        const Result<std::string> path = notify_.prepare(run.service, plan);
        if (!path) return path.error();
        set_variable(request.environment, "NOTIFY_SOCKET=" + *path);
    }
    if (plan.watchdog > Duration::zero()) {
        const auto interval = std::chrono::ceil<std::chrono::microseconds>(plan.watchdog);
        set_variable(request.environment, "WATCHDOG_USEC=" + std::to_string(interval.count()));
    }
    if (!plan.has_sockets()) return ok();
    request.descriptors = port_sockets_.hand_out(plan);
    if (request.descriptors.empty()) {
        return Error{Error::Kind::system, "the sockets that it is handed are not open any more"};
    }
    for (const std::string& variable : describe_handed_out(plan))
        set_variable(request.environment, variable);
    return ok();
}

}  // namespace devstack::daemon
