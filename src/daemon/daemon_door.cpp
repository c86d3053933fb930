#include "devstack/base/shown_path.hpp"
#include "devstack/core/probes/url.hpp"
#include "devstack/project/api_token.hpp"

#include "daemon/daemon_process.hpp"

#include <utility>

// The way to the API by TCP.

namespace devstack::daemon {

/// Fails when the first daemon of a project can not open it. A later one goes on without it: the
/// services matter more.
Status DaemonProcess::open_door() {
    const auto& api = supervisor_.plan().api;
    if (!api) return ok();
    const std::string file = project::api_token_file(paths_.state_dir);
    const std::string shown_file = shown_path(file, paths_.project_dir);
    Result<std::string> token = project::ensure_api_token(paths_.state_dir);
    if (!token) return with_context("[api]", token.error());
    auto door = ControlServer::listen(
        loop_, {api->address, api->port, api->is_remote, std::move(*token), shown_file}, api_);
    if (door) {
        door_ = std::move(*door);
        notice("",
               "the API is served at http://" +
                   core::render_host_and_port(api->address, api->port) + ", token in " +
                   shown_file);
        return ok();
    }
    const Error error = with_context("[api]", door.error());
    if (!recalled_) return error;
    notice("", error.message + "; it is served by its Unix socket alone");
    return ok();
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
