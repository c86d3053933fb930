#include "devstack/base/ip_address.hpp"
#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/core/doctor/proxy_config.hpp"
#include "devstack/core/doctor/service_url.hpp"
#include "devstack/core/probes/url.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/plan_routes.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace devstack::diagnosis {

namespace {

using core::doctor::DialFact;
using core::doctor::ReferenceFact;

constexpr std::size_t dials_max = 100;
/// Of the doctor's time.
constexpr double asked_share = 0.72;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// A probe is given what its profile gives it, within what the doctor has.
double time_for(const Scene& scene, double wished) {
    const double most = seconds(scene.question.limit) * 0.5;
    return wished > 0 ? std::min(wished, most) : most;
}

Endpoint probe_endpoint(const Scene& scene, const ServiceScene& service) {
    Endpoint endpoint;
    DialFact& fact = endpoint.fact;
    fact.id = "probe of " + service.fact.name;
    fact.purpose = "probe";
    fact.timeout = time_for(scene, service.fact.probe_timeout);
    if (const auto* url = std::get_if<core::UrlProbe>(&*service.probe)) {
        fact.protocol = url->is_tls ? "https" : "http";
        fact.host = url->host;
        fact.port = url->port.number;
        fact.path = url->target;
        for (const auto& [name, value] : url->headers)
            fact.sent.push_back({name, value});
        endpoint.expect = url->expect;
        endpoint.body_contains = url->body_contains;
        endpoint.tls = url->tls;
        endpoint.ca_file = url->ca_file;
    } else if (const auto* tcp = std::get_if<core::TcpProbe>(&*service.probe)) {
        fact.protocol = "tcp";
        fact.host = tcp->host;
        fact.port = tcp->port.number;
    }
    return endpoint;
}

/// The first step of a WebSocket (RFC 6455, 4.1), which a proxy has to be told to pass on.
void make_websocket(Endpoint& endpoint) {
    DialFact& fact = endpoint.fact;
    fact.protocol = fact.protocol == "wss" ? "https" : "http";
    if (fact.path.empty()) fact.path = "/";
    fact.sent.push_back({"Connection", "Upgrade"});
    fact.sent.push_back({"Upgrade", "websocket"});
    fact.sent.push_back({"Sec-WebSocket-Version", "13"});
    fact.sent.push_back({"Sec-WebSocket-Key", "ZGV2c3RhY2sgZG9jdG9yIQ=="});
    endpoint.expect = core::StatusSet{{{101, 101}}};
    endpoint.tls = core::TlsMode::insecure;
}

bool is_websocket(const std::string& scheme) {
    return scheme == "ws" || scheme == "wss";
}

Endpoint reference_endpoint(const Scene& scene,
                            const ReferenceFact& reference,
                            const Passwords& passwords) {
    Endpoint endpoint;
    DialFact& fact = endpoint.fact;
    fact.id = reference.dial;
    fact.purpose = "reference";
    fact.host = reference.host;
    fact.port = reference.port;
    fact.timeout = time_for(scene, 0) * 0.7;
    const std::string speaks = reference.scheme == "mariadb" ? "mysql" : reference.scheme;
    const bool is_database = speaks == "postgresql" || speaks == "mysql" || speaks == "redis";
    // Of others it is enough to know that somebody is there.
    fact.protocol = is_database ? speaks : "tcp";
    if (reference.scheme == "postgresql" && reference.user.empty()) fact.protocol = "tcp";
    endpoint.user = reference.user;
    if (is_websocket(reference.scheme)) {
        fact.purpose = "websocket";
        fact.protocol = reference.scheme;
        fact.path = reference.path;
        make_websocket(endpoint);
        return endpoint;
    }
    if (!reference.path.empty()) {
        endpoint.database = reference.path.substr(1, reference.path.find('?') - 1);
    }
    const auto password = passwords.find(reference.dial);
    if (password != passwords.end()) endpoint.password = password->second;
    return endpoint;
}

Endpoint asked_endpoint(const Scene& scene) {
    Endpoint endpoint;
    const auto url = core::doctor::parse_service_url(scene.question.subject.text);
    if (!url) return endpoint;
    DialFact& fact = endpoint.fact;
    fact.id = "asked";
    fact.purpose = "asked";
    fact.protocol = url->scheme;
    fact.host = url->host;
    fact.port = url->port;
    fact.path = url->path;
    fact.sent = scene.question.headers;
    // Of what is asked about it matters whether it is slow or never comes.
    fact.timeout = seconds(scene.question.limit) * asked_share;
    endpoint.expect = core::StatusSet{{{200, 399}}};
    // A certificate that nobody trusts is told, and is no end here: what is behind it may be the
    // trouble. What somebody wants to be sent is not given to a stranger.
    if (is_loopback(fact.host) || fact.sent.empty()) endpoint.tls = core::TlsMode::insecure;
    if (is_websocket(fact.protocol)) make_websocket(endpoint);
    return endpoint;
}

class MoreDials {
public:
    MoreDials(const Scene& scene, const Facts& facts) : scene_{scene}, facts_{facts} {
        for (const DialFact& it : facts.dials)
            known_.insert(it.id);
    }

    std::vector<Endpoint> plan() {
        for (const DialFact& dial : facts_.dials) {
            const bool is_request = dial.purpose == "probe" || dial.purpose == "asked";
            if (dial.purpose == "websocket") pass_proxy(dial);
            const bool is_past =
                dial.id.starts_with("past nginx: ") || dial.id.starts_with("past proxy: ");
            if (is_past) try_other_scheme(dial);
            if (!is_request || (dial.protocol != "http" && dial.protocol != "https")) continue;
            pass_proxy(dial);
            pass_routes(dial);
            if (dial.status == 404 && dial.purpose == "probe") guess_paths(dial);
            if (dial.status >= 300 && dial.status < 400) follow(dial);
            if (dial.status == 426) upgrade(dial);
            try_other_scheme(dial);
            try_own_host(dial);
        }
        for (const ReferenceFact& reference : facts_.references)
            try_tls(reference);
        for (Endpoint& it : plan_certificates(facts_))
            add(std::move(it));
        for (const core::doctor::NginxFact& nginx : facts_.nginx)
            try_kept_connections(nginx);
        ask_for_dumps();
        return std::move(endpoints_);
    }

    std::vector<Endpoint> plan_ahead(const DialFact& asked) {
        pass_proxy(asked);
        return std::move(endpoints_);
    }

private:
    void add(Endpoint endpoint) {
        if (endpoints_.size() > dials_max || !known_.insert(endpoint.fact.id).second) return;
        endpoints_.push_back(std::move(endpoint));
    }

    void pass_proxy(const DialFact& dial) {
        for (const core::doctor::NginxFact& nginx : facts_.nginx) {
            const auto* server =
                core::doctor::find_server(nginx, dial.port, core::doctor::host_of(dial));
            if (server == nullptr) continue;
            const auto* location = core::doctor::find_location(*server, dial.path);
            if (location == nullptr) continue;
            ask_for_leave(nginx, *server, *location, dial);
            const auto target = core::doctor::find_target(nginx, *location, dial.path);
            if (!target) {
                try_other_locations(nginx, *server, dial);
                ask_by_http(nginx, *location, dial);
                continue;
            }
            Endpoint endpoint = like(dial, "compare", "past nginx: " + dial.id);
            endpoint.fact.protocol = target->scheme;
            endpoint.fact.host = target->host;
            endpoint.fact.port = target->port;
            endpoint.fact.path = target->path;
            pass_host(*location, dial, endpoint.fact);
            add(endpoint);
            pretend_tls(dial, endpoint);
            keep_host(dial, endpoint);
            pass_rewritten(*location, dial, endpoint);
            if (target->path != dial.path) {  // And as it was asked for.
                endpoint.fact.id = "past nginx, same path: " + dial.id;
                endpoint.fact.path = dial.path;
                add(endpoint);
            }
        }
    }

    /// As nginx asks for it after its rewrites; and with one part of that path less, since these
    /// put one there that is too much, as a rule.
    void pass_rewritten(const core::doctor::NginxLocationFact& location,
                        const DialFact& dial,
                        Endpoint endpoint) {
        constexpr int not_found = 404;
        const std::string path = core::doctor::rewritten_path(location, dial.path);
        if (path.empty() || dial.status != not_found || dial.purpose != "asked") return;
        endpoint.fact.id = "past nginx, rewritten: " + dial.id;
        endpoint.fact.path = path;
        add(endpoint);
        for (std::size_t at = 0; at != path.npos && path.find('/', at + 1) != path.npos;) {
            const std::size_t next = path.find('/', at + 1);
            endpoint.fact.path = path.substr(0, at) + path.substr(next);
            endpoint.fact.id = "past nginx, instead " + endpoint.fact.path + ": " + dial.id;
            add(endpoint);
            at = next;
        }
    }

    /// Of a server that nginx speaks gRPC to: does it answer HTTP/1.1?
    void ask_by_http(const core::doctor::NginxFact& nginx,
                     const core::doctor::NginxLocationFact& location,
                     const DialFact& dial) {
        if (!location.other_pass.starts_with("grpc_pass")) return;
        const auto target = core::doctor::find_other_target(nginx, location);
        if (!target) return;
        Endpoint endpoint = like(dial, "compare", "grpc by http: " + dial.id);
        endpoint.fact.protocol = "http";
        endpoint.fact.host = target->host;
        endpoint.fact.port = target->port;
        add(std::move(endpoint));
    }

    /// What auth_request asks first, the same.
    void ask_for_leave(const core::doctor::NginxFact& nginx,
                       const core::doctor::NginxServerFact& server,
                       const core::doctor::NginxLocationFact& location,
                       const DialFact& dial) {
        const auto setting = std::ranges::find(
            location.settings, std::string{"auth_request"}, &core::doctor::NginxSettingFact::name);
        if (setting == location.settings.end() || !dial.is_unexpected) return;
        const auto* leave = core::doctor::find_location(server, setting->value);
        if (leave == nullptr) return;
        const auto target = core::doctor::find_target(nginx, *leave, setting->value);
        if (!target) return;
        Endpoint endpoint = like(dial, "compare", "auth of " + dial.id);
        endpoint.fact.protocol = target->scheme;
        endpoint.fact.host = target->host;
        endpoint.fact.port = target->port;
        endpoint.fact.path = target->path;
        add(std::move(endpoint));
    }

    /// A path that nginx looks for among files, and does not find: would one of its upstreams know
    /// it?
    void try_other_locations(const core::doctor::NginxFact& nginx,
                             const core::doctor::NginxServerFact& server,
                             const DialFact& dial) {
        constexpr int not_found = 404;
        const bool is_safe = dial.purpose == "asked" &&
                             (dial.status == not_found || core::doctor::is_page_for_api(dial));
        for (const core::doctor::NginxLocationFact& other : server.locations) {
            const auto target = core::doctor::find_target(nginx, other, dial.path);
            if (!is_safe || !target || other.modifier == "=") continue;
            Endpoint endpoint = like(dial, "compare", "past " + other.where + ": " + dial.id);
            endpoint.fact.protocol = target->scheme;
            endpoint.fact.host = target->host;
            endpoint.fact.port = target->port;
            add(std::move(endpoint));
        }
    }

    static std::string own_host(const DialFact& dial) {
        return dial.host.find(':') == dial.host.npos ? dial.host : "[" + dial.host + "]";
    }
    /// The host that nginx tells its upstream, where it is not that one's own.
    static void pass_host(const core::doctor::NginxLocationFact& location,
                          const DialFact& dial,
                          DialFact& passed) {
        const auto url = core::doctor::parse_service_url(location.proxy_pass);
        const auto setting = std::ranges::find(location.settings,
                                               std::string{"proxy_set_header Host"},
                                               &core::doctor::NginxSettingFact::name);
        // By default it is what proxy_pass names, the name of an upstream, too.
        if (setting == location.settings.end()) {
            if (url && url->host != passed.host) set_host(url->host, passed);
            return;
        }
        std::string host = setting->value;
        const std::string own = own_host(dial);
        const std::string port = std::to_string(dial.port);
        const auto replace = [&](const std::string& name, const std::string& value) {
            const auto at = host.find(name);
            if (at != host.npos) host.replace(at, name.size(), value);
        };
        replace("$http_host", own + ":" + port);
        replace("$host", own);
        replace("$server_port", port);
        set_host(host, passed);
    }
    /// Unless somebody wants another one to be sent.
    static void set_host(const std::string& host, DialFact& fact) {
        const bool is_set = std::ranges::any_of(
            fact.sent, [](const auto& it) { return it.name == "Host" || it.name == "host"; });
        if (!is_set && !host.empty() && host.find('$') == host.npos) {
            fact.sent.push_back({"Host", host});
        }
    }

    /// Does the server refuse the host that nginx tells it, and not the one that was asked for?
    void keep_host(const DialFact& dial, Endpoint endpoint) {
        const bool is_refused = dial.status == 400 || dial.status == 403 || dial.status == 421;
        if (!is_refused) return;
        std::erase_if(endpoint.fact.sent, [](const auto& it) { return it.name == "Host"; });
        endpoint.fact.id = "past nginx, same host: " + dial.id;
        set_host(own_host(dial) + ":" + std::to_string(dial.port), endpoint.fact);
        add(endpoint);
    }

    /// Does the server redirect to https because nobody says that this is what the client speaks?
    void pretend_tls(const DialFact& dial, Endpoint endpoint) {
        const auto location = std::ranges::find(
            dial.headers, std::string{"location"}, &core::doctor::HeaderFact::name);
        const bool is_redirect = dial.status >= 300 && dial.status < 400 &&
                                 location != dial.headers.end() &&
                                 location->value.starts_with("https://");
        if (!is_redirect) return;
        endpoint.fact.id = "past nginx, as https: " + dial.id;
        endpoint.fact.sent.push_back({"X-Forwarded-Proto", "https"});
        add(endpoint);
    }

    /// Does a server close connections under requests, so that nginx should keep none to it?
    void try_kept_connections(const core::doctor::NginxFact& nginx) {
        const bool has_failed =
            std::ranges::any_of(facts_.logs, [&](const core::doctor::LogFact& log) {
                return log.service == nginx.service &&
                       std::ranges::any_of(log.lines, [](const core::doctor::LineFact& it) {
                           return it.text.find("prematurely closed connection") != it.text.npos;
                       });
            });
        for (const core::doctor::NginxUpstreamFact& upstream : nginx.upstreams) {
            const bool is_one = upstream.servers.size() == 1;
            if (!has_failed || upstream.keepalive == 0 || !is_one || nginx.service.empty()) {
                continue;
            }
            const auto url = core::doctor::parse_service_url("http://" + upstream.servers[0]);
            if (!url || url->host == "unix") continue;
            Endpoint endpoint;
            endpoint.fact.id = "kept connection of " + upstream.name;
            endpoint.fact.purpose = "kept";
            endpoint.fact.protocol = "http";
            endpoint.fact.host = url->host;
            endpoint.fact.port = url->port;
            endpoint.fact.path = "/";
            endpoint.fact.sent = {{"Connection", "keep-alive"}};
            endpoint.fact.timeout = 0.5;
            endpoint.asks_twice = true;
            add(endpoint);
        }
    }

    /// Past HAProxy, Caddy or Apache: to the first of its servers that is there.
    void pass_routes(const DialFact& dial) {
        for (Endpoint& it : plan_other_routes(facts_, dial))
            add(std::move(it));
        const auto servers = core::doctor::find_servers(facts_, dial.port, dial.path);
        if (servers.empty()) return;
        const auto there =
            std::ranges::find_if(servers, [&](const auto* it) { return is_there(*it); });
        const core::doctor::ProxyRouteFact& route =
            **(there == servers.end() ? servers.begin() : there);
        if (route.scheme != "http" && route.scheme != "https") return;
        Endpoint endpoint = like(dial, "compare", "past proxy: " + dial.id);
        endpoint.fact.protocol = route.scheme;
        endpoint.fact.host = route.host;
        endpoint.fact.port = route.port;
        endpoint.fact.path = core::doctor::passed_path(route, dial.path);
        if (route.keeps_host)
            set_host(own_host(dial) + ":" + std::to_string(dial.port), endpoint.fact);
        add(endpoint);
        if (endpoint.fact.path != dial.path) {
            endpoint.fact.id = "past proxy, same path: " + dial.id;
            endpoint.fact.path = dial.path;
            add(endpoint);
        }
        if (dial.status != 503 || route.check_path.empty()) return;
        endpoint.fact.id = "check past proxy: " + dial.id;
        endpoint.fact.path = route.check_path;
        add(endpoint);
    }
    bool is_there(const core::doctor::ProxyRouteFact& route) const {
        return std::ranges::any_of(facts_.dials, [&](const DialFact& it) {
            return it.purpose == "reference" && it.port == route.port && it.host == route.host &&
                   it.error.empty();
        });
    }

    /// Who answers 426 wants to be asked for a WebSocket.
    void upgrade(const DialFact& dial) {
        Endpoint endpoint = like(dial, "websocket", "websocket: " + dial.id);
        make_websocket(endpoint);
        endpoint.fact.protocol = dial.protocol;
        add(std::move(endpoint));
    }

    void guess_paths(const DialFact& dial) {
        for (const char* path : {"/health",
                                 "/healthz",
                                 "/api/health",
                                 "/api/healthz",
                                 "/api/v1/health",
                                 "/status",
                                 "/ready",
                                 "/ping",
                                 "/_health",
                                 "/"}) {
            if (path == dial.path) continue;
            Endpoint endpoint = like(dial, "guess", dial.id + " at " + path);
            endpoint.fact.path = path;
            add(endpoint);
        }
    }

    /// One step further than what has been followed so far.
    void follow(const DialFact& dial) {
        const DialFact* last = &dial;
        std::set<std::string> seen{dial.path};
        int steps = 0;
        for (const DialFact& it : facts_.dials) {
            if (it.purpose != "redirect" || !it.id.ends_with(" " + dial.id)) continue;
            last = &it;
            ++steps;
            if (!seen.insert(it.path).second) return;
        }
        const auto location = std::ranges::find(
            last->headers, std::string{"location"}, &core::doctor::HeaderFact::name);
        if (last->status < 300 || last->status >= 400 || location == last->headers.end()) return;
        if (steps >= redirects_max) return;
        Endpoint endpoint =
            like(dial, "redirect", "redirect " + std::to_string(steps + 1) + " of " + dial.id);
        if (location->value.starts_with('/')) {
            endpoint.fact.path = location->value;
        } else if (const auto url = core::doctor::parse_service_url(location->value)) {
            endpoint.fact.protocol = url->scheme;
            endpoint.fact.host = url->host;
            endpoint.fact.port = url->port;
            endpoint.fact.path = url->path.empty() ? "/" : url->path;
        } else {
            return;
        }
        add(endpoint);
    }

    void try_other_scheme(const DialFact& dial) {
        const bool is_tls_failure =
            dial.protocol == "https" && dial.stage == "tls" && dial.tls_problem.empty();
        const bool is_plain_failure =
            dial.protocol == "http" &&
            (dial.status == 400 || (dial.stage == "first byte" && dial.error != "no answer"));
        // Of an answer that was too long for us the beginning is there.
        if (dial.body.starts_with("HTTP/")) return;
        if (!is_tls_failure && !is_plain_failure) return;
        Endpoint endpoint = like(dial, "compare", "other scheme: " + dial.id);
        endpoint.fact.protocol = is_tls_failure ? "http" : "https";
        add(endpoint);
    }

    /// Of a PostgreSQL whose client wants TLS, or that does not let us in without.
    void try_tls(const ReferenceFact& reference) {
        const auto dial = std::ranges::find(facts_.dials, reference.dial, &DialFact::id);
        if (reference.scheme != "postgresql" || dial == facts_.dials.end()) return;
        const bool is_refused =
            dial->code == "28000" && dial->error.find("no encryption") != dial->error.npos;
        const bool is_there = dial->stage == "done" && !reference.user.empty();
        const bool is_wanted = core::doctor::insists_on_tls(reference.path);
        if (!is_there || (!is_refused && !is_wanted)) return;
        Endpoint endpoint = like(*dial, "compare", "tls of " + dial->id);
        endpoint.fact.protocol = "postgresql by TLS";
        if (is_wanted) endpoint.tls = core::TlsMode::verify;
        endpoint.user = reference.user;
        endpoint.database = reference.path.substr(std::min<std::size_t>(1, reference.path.size()),
                                                  reference.path.find('?') - 1);
        add(endpoint);
    }

    /// Servers refuse names that they do not know.
    void try_own_host(const DialFact& dial) {
        const auto is_host = [](const core::doctor::HeaderFact& it) {
            return it.name == "Host" || it.name == "host";
        };
        const bool is_refused = dial.status == 400 || dial.status == 403 || dial.status == 421;
        if (!is_refused || std::ranges::none_of(dial.sent, is_host)) return;
        Endpoint endpoint = like(dial, "compare", "own host: " + dial.id);
        std::erase_if(endpoint.fact.sent, is_host);
        add(endpoint);
    }

    /// Go's profiler tells what every goroutine waits for. As a rule it listens on a port of its
    /// own, on this machine alone.
    void ask_for_dumps() {
        for (const core::doctor::ListenerFact& listener : facts_.listeners) {
            const auto process =
                std::ranges::find(facts_.processes, listener.pid, &core::doctor::ProcessFact::pid);
            const bool is_go = process != facts_.processes.end() && process->runtime == "go";
            if (!is_go || !is_loopback(listener.address) || listener.service.empty()) continue;
            const ServiceScene* const service = scene_.find(listener.service);
            const auto& ports = service->fact.ports;
            const std::string port = std::to_string(listener.port);
            if (std::ranges::find(ports, port) != ports.end()) continue;
            Endpoint endpoint;
            endpoint.fact.id = "dump of " + listener.service;
            endpoint.fact.purpose = "dump";
            endpoint.fact.protocol = "http";
            endpoint.fact.host = listener.address;
            endpoint.fact.port = listener.port;
            endpoint.fact.path = "/debug/pprof/goroutine?debug=2";
            endpoint.fact.timeout = 0.4;
            add(endpoint);
        }
    }

    const Scene& scene_;
    const Facts& facts_;
    std::set<std::string> known_;
    std::vector<Endpoint> endpoints_;
};

}  // namespace

std::vector<Endpoint> plan_dials(const Scene& scene, Facts& facts, const Passwords& passwords) {
    std::vector<Endpoint> endpoints;
    std::set<std::string> known;
    const auto add = [&](Endpoint endpoint) {
        if (endpoint.fact.port == 0 || endpoints.size() >= dials_max) return;
        if (known.insert(endpoint.fact.id).second) endpoints.push_back(std::move(endpoint));
    };
    if (scene.question.subject.kind == "url") {
        const Endpoint asked = asked_endpoint(scene);
        // Also past a proxy at once: there is no time left for it when the first gets no answer.
        for (Endpoint& it : MoreDials{scene, facts}.plan_ahead(asked.fact))
            add(std::move(it));
        add(asked);
        for (Endpoint& it : plan_compressed(asked))
            add(std::move(it));
    }
    for (const ServiceScene& service : scene.services) {
        if (service.probe) add(probe_endpoint(scene, service));
    }
    for (const ReferenceFact& reference : facts.references) {
        if (!reference.dial.empty()) add(reference_endpoint(scene, reference, passwords));
    }
    return endpoints;
}

std::vector<Endpoint> plan_second_dumps(const Facts& facts) {
    std::vector<Endpoint> endpoints;
    for (const DialFact& dial : facts.dials) {
        const bool has_waiting = dial.body.find("[semacquire") != std::string::npos ||
                                 dial.body.find("[sync.") != std::string::npos;
        if (dial.purpose != "dump" || !has_waiting) continue;
        endpoints.push_back(like(dial, "dump", "second " + dial.id));
    }
    return endpoints;
}

std::vector<Endpoint> plan_more_dials(const Scene& scene,
                                      const Facts& facts,
                                      const Passwords& passwords) {
    auto endpoints = MoreDials{scene, facts}.plan();
    for (Endpoint& it : plan_store_questions(facts, passwords))
        endpoints.push_back(std::move(it));
    for (Endpoint& it : plan_config_dials(facts))
        endpoints.push_back(std::move(it));
    for (Endpoint& it : plan_browser_dials(facts))
        endpoints.push_back(std::move(it));
    for (Endpoint& it : plan_upgrade_dials(facts))
        endpoints.push_back(std::move(it));
    for (Endpoint& it : plan_socket_dials(scene, facts))
        endpoints.push_back(std::move(it));
    return endpoints;
}

}  // namespace devstack::diagnosis
