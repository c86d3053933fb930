#include "devstack/base/shown_path.hpp"
#include "devstack/core/probes/url.hpp"
#include "devstack/platform/tcp_listener.hpp"
#include "devstack/project/api_token.hpp"

#include "daemon/daemon_process.hpp"

#include <utility>

// The way to the API by TCP. The keeper holds its socket too: while a daemon is dead nobody else
// can listen there and be told the token, and whoever connects waits for the next daemon.

namespace devstack::daemon {

namespace {

constexpr const char* door_label = "api-door";

}  // namespace

bool DaemonProcess::is_door(const std::string& label) const {
    return label == door_label && supervisor_.plan().api;
}

/// Fails when the first daemon of a project can not open it. A later one goes on without it: the
/// services matter more.
Status DaemonProcess::open_door() {
    const auto& api = supervisor_.plan().api;
    if (!api) return ok();
    const std::string file = project::api_token_file(paths_.state_dir);
    const std::string shown_file = shown_path(file, paths_.project_dir);
    Result<std::string> token = project::ensure_api_token(paths_.state_dir);
    if (!token) return with_context("[api]", token.error());
    const int held = held_.find(door_label);
    Result<platform::FileDescriptor> listener =
        held >= 0 ? platform::duplicate(held) : platform::listen_tcp(api->address, api->port);
    if (listener && listener->is_open()) {
        if (held < 0) unheld_door_ = platform::duplicate(listener->get());
        api_token_ = *token;
        const ControlDoor door{
            api->address, api->port, api->is_remote, std::move(*token), shown_file};
        door_ = ControlServer::serve(loop_, door, std::move(*listener), api_);
        if (held >= 0) return ok();
        notice("",
               "the API is served at http://" +
                   core::render_host_and_port(api->address, api->port) + ", token in " +
                   shown_file);
        return ok();
    }
    const Error error = with_context(
        "[api]", listener ? Error{Error::Kind::system, "no descriptor is left"} : listener.error());
    if (!recalled_) return error;
    notice("", error.message + "; it is served by its Unix socket alone");
    return ok();
}

void DaemonProcess::have_door_held() {
    if (unheld_door_.is_open() && children_.can_hold()) {
        held_.add(door_label, std::move(unheld_door_));
    }
}

void DaemonProcess::close_door() {
    unheld_door_.reset();
    held_.close(door_label);
    if (door_) door_->close();
}

/// As somebody on this machine writes it, also when it listens on all addresses.
std::string DaemonProcess::door_url() const {
    const auto& api = supervisor_.plan().api;
    if (!api) return "";
    std::string address = api->address;
    if (address == "0.0.0.0") address = "127.0.0.1";
    if (address == "::") address = "::1";
    return "http://" + core::render_host_and_port(address, api->port);
}

}  // namespace devstack::daemon
