#include "devstack/core/probes/probe.hpp"

#include "devstack/base/match.hpp"
#include "devstack/core/probes/url.hpp"

namespace devstack::core {

std::string describe(const Probe& probe) {
    return match(
        probe,
        [](const UrlProbe& it) { return "GET " + it.url; },
        [](const TcpProbe& it) { return "connect to " + render_host_and_port(it.host, it.port); },
        [](const CommandProbe& it) { return "run " + it.command.text(); });
}

}  // namespace devstack::core
