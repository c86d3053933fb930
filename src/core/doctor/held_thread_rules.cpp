// A server with one thread, which reads from the connection of a client that sends nothing: nobody
// else is served as long as that one keeps it open.

#include "core/doctor/picture.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

/// The end of a connection that somebody of this machine has made: such ports are given to those
/// who ask for none, ip(7), and nobody listens there.
bool is_client(const std::string& peer, const Picture& picture) {
    constexpr int first_given = 32768;
    const int port = port_of_peer(peer);
    const auto colon = peer.rfind(':');
    return port >= first_given && colon != peer.npos && is_local(peer.substr(0, colon)) &&
           picture.listeners_on(port).empty();
}

void look_at_server(const ServiceFact& service,
                    const ProcessFact& process,
                    const DialFact& asked,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const auto listeners = picture.listeners_on(asked.port);
    const bool is_server = std::ranges::any_of(
        listeners, [&](const ListenerFact* it) { return it->pid == process.pid; });
    if (!is_server || process.threads != 1 || process.has_event_loop) return;
    for (const ThreadFact& thread : picture.facts().threads) {
        const bool is_reading = thread.system_call == "recvfrom" || thread.system_call == "read";
        if (thread.pid != process.pid || !is_reading || !is_client(thread.peer, picture)) continue;
        const std::string place = render_calls(thread.frames, 1);
        const std::string port = std::to_string(port_of_peer(thread.peer));
        Finding finding;
        finding.id = "only-thread-held";
        finding.service = service.name;
        finding.topic = "asked";
        finding.strength = 80;
        finding.what = service.name + " (pid " + std::to_string(process.pid) +
                       ") serves one connection at a time, and the client at " + thread.peer +
                       " holds it open and sends nothing: all others wait" +
                       (place.empty() ? "." : ", with its only thread in " + place + ".");
        finding.evidence = {name_of(thread) + " reads from " + thread.peer + " (" +
                            thread.system_call + "); pid " + std::to_string(process.pid) +
                            " has 1 thread"};
        finding.fix =
            "take a server with threads or an event loop (ThreadingHTTPServer in Python), "
            "or close each connection after its answer (Connection: close); ss -tnp sport "
            "= :" +
            port + " shows whose the client is";
        findings.push_back(std::move(finding));
        return;
    }
}

}  // namespace

void find_held_threads(const Picture& picture, std::vector<Finding>& findings) {
    const DialFact* const behind = picture.dial("past nginx: asked");
    const DialFact* const asked = behind != nullptr ? behind : picture.dial("asked");
    if (asked == nullptr || asked->error != "no answer" || !is_local(asked->host)) return;
    const ServiceFact* const service = picture.owner_of(asked->port);
    if (service == nullptr) return;
    const auto processes = picture.processes_of(service->name);
    const auto serving = std::ranges::count_if(processes, [&](const ProcessFact* process) {
        const auto listeners = picture.listeners_on(asked->port);
        return std::ranges::any_of(listeners,
                                   [&](const ListenerFact* it) { return it->pid == process->pid; });
    });
    if (serving != 1 || processes.size() != 1) return;
    look_at_server(*service, *processes.front(), *asked, picture, findings);
}

}  // namespace devstack::core::doctor
