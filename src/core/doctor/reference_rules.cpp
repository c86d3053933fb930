// Wiring: a variable, a proxy or a probe names an endpoint where nobody is, or somebody else.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/core/doctor/proxy_config.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/failed_requests.hpp"
#include "core/doctor/picture.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace devstack::core::doctor {

namespace {

bool is_refused(const DialFact& dial) {
    const auto refuses = [](const AddressFact& it) { return it.outcome == "refused"; };
    return !dial.addresses.empty() && std::ranges::all_of(dial.addresses, refuses);
}

/// Somebody has tried it and failed: a log line, an answer to the probe, or a request that was sent
/// past a proxy.
const LineFact* find_refusal(const ReferenceFact& reference, const Picture& picture) {
    const std::string port = ":" + std::to_string(reference.port);
    const auto tells = [&](const std::string& line) {
        const bool is_refusal = contains_word(line, "refused") || contains_word(line, "failed") ||
                                contains_word(line, "ENOTFOUND") ||
                                contains_word(line, "EAI_AGAIN") ||
                                contains_word(line, "could not connect") ||
                                contains_word(line, "timed out") || contains_word(line, "error");
        return is_refusal && (contains(line, port) || contains(line, "port: " + port.substr(1)) ||
                              contains(line, "port " + port.substr(1)) ||
                              (!is_local(reference.host) && contains(line, reference.host)));
    };
    return picture.find_line(reference.service, tells);
}

/// The only endpoint in the service's variables that refuses.
bool is_only_dead(const ReferenceFact& reference, const Picture& picture) {
    if (reference.kind != "env") return false;
    std::set<int> dead;
    for (const ReferenceFact* it : picture.references_of(reference.service)) {
        const DialFact* const dial = picture.dial(it->dial);
        if (it->kind == "env" && dial != nullptr && is_refused(*dial)) dead.insert(it->port);
    }
    return dead.size() == 1;
}

/// The service that names it has answered what was asked with an error of the server, and has
/// nothing to say of that in its log.
bool is_failed_silently(const ReferenceFact& reference, const Picture& picture) {
    const DialFact* const asked = picture.dial("asked");
    const ServiceFact* const server = asked == nullptr ? nullptr : picture.server_of(*asked);
    if (server == nullptr || !is_server_error(*asked) || server->name != reference.service)
        return false;
    if (!is_local(reference.host) || !is_only_dead(reference, picture)) return false;
    return picture.find_line(server->name, [](const std::string& line) {
        return contains_word(line, "error") || contains_word(line, "exception") ||
               contains_word(line, "traceback") || contains_word(line, "failed") ||
               contains(line, "Error") || contains(line, "ECONN") ||
               contains_word(line, "unreachable");
    }) == nullptr;
}

/// The log tells of a refusal without saying by whom, while somebody asks in vain, and nothing else
/// that the service names is dead.
const LineFact* find_nameless_refusal(const ReferenceFact& reference, const Picture& picture) {
    const DialFact* const asked = picture.dial("asked");
    if (asked == nullptr || asked->status < 500 || reference.kind != "env") return nullptr;
    if (!is_only_dead(reference, picture)) return nullptr;
    return picture.find_line(reference.service, [](const std::string& line) {
        const bool is_refusal = contains(line, "ConnectException") ||
                                contains_word(line, "connection refused") ||
                                contains(line, "ECONNREFUSED");
        return is_refusal && line.find_first_of("0123456789", line.find("onnect")) == line.npos;
    });
}

bool is_server(const ProxyRouteFact& server, const ReferenceFact& reference) {
    return server.service == reference.service && server.host == reference.host &&
           server.port == reference.port;
}

/// HAProxy has answered 503 for want of this server, which is no service's that may be stopped.
bool is_missed(const ReferenceFact& reference, const Picture& picture) {
    const auto& routes = picture.facts().proxy_routes;
    const auto route = std::ranges::find_if(routes, [&](const ProxyRouteFact& it) {
        return is_server(it, reference) && it.product == "HAProxy";
    });
    if (route == routes.end() || picture.owner_of(reference.port) != nullptr) return false;
    const std::string group = route->group.substr(route->group.find(' ') + 1);
    const std::string name = route->directive.substr(route->directive.find(' ') + 1);
    const LineFact* const failure =
        picture.find_line(reference.service, [&](const std::string& line) {
            const bool is_there = contains(line, " " + group + "/" + name + " ") ||
                                  contains(line, " " + group + "/<NOSRV> ");
            return is_there && contains(line, " 503 ") && contains(line, " SC");
        });
    // Others of its backend may have come up since.
    const LineFact* const change =
        picture.find_line(reference.service, [&](const std::string& line) {
            return contains(line, "Server " + group + "/") && contains(line, " is UP");
        });
    return failure != nullptr &&
           (change == nullptr || seconds_between(failure->time, change->time) < 0);
}

/// A request to HAProxy, Caddy or Apache that can only be passed to such servers has failed.
bool is_passed_on(const ReferenceFact& reference, const Picture& picture) {
    const auto answers = [&](const ProxyRouteFact* server) {
        return std::ranges::any_of(picture.facts().dials, [&](const DialFact& it) {
            return it.purpose == "reference" && it.host == server->host &&
                   it.port == server->port && it.error.empty();
        });
    };
    return std::ranges::any_of(picture.facts().dials, [&](const DialFact& it) {
        const bool is_request = it.purpose == "probe" || it.purpose == "asked";
        const bool fails = (it.status >= 502 && it.status <= 504) || it.error == "no answer";
        if (!is_request || !fails) return false;
        const auto servers = find_servers(picture.facts(), it.port, it.path);
        return std::ranges::none_of(servers, answers) &&
               std::ranges::any_of(servers, [&](const ProxyRouteFact* server) {
                   return is_server(*server, reference);
               });
    });
}

bool is_on_the_way(const ReferenceFact& reference, const Picture& picture) {
    if (reference.kind == "config") {
        return is_passed_on(reference, picture) || is_missed(reference, picture);
    }
    if (reference.kind != "nginx") return false;
    const std::string mark = "past nginx: ";
    return std::ranges::any_of(picture.facts().dials, [&](const DialFact& it) {
        const bool is_there = it.purpose == "compare" && it.port == reference.port &&
                              it.host == reference.host && it.id.starts_with(mark);
        if (!is_there || it.error.empty()) return false;
        const DialFact* const through = picture.dial(it.id.substr(mark.size()));
        return through != nullptr && through->status >= 500;
    });
}

/// Of a proxy that does nothing but pass on, and may write no log of it (HAProxy, Caddy, Apache).
bool is_upstream(const ReferenceFact& reference) {
    return reference.kind == "config" &&
           (reference.name.starts_with("server ") || reference.name == "reverse_proxy" ||
            reference.name.starts_with("ProxyPass") || reference.name == "BalancerMember");
}

bool differs_in_one_digit(int a, int b) {
    const std::string x = std::to_string(a);
    const std::string y = std::to_string(b);
    if (x.size() != y.size()) return false;
    int differences = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        differences += x[i] != y[i];
    return differences == 1;
}

/// "BILLING_URL" is about the service billing, "ORDER_API_URL" about order-api.
bool is_called_by(const std::string& variable, const std::string& service) {
    std::string name = service;
    std::ranges::replace(name, '-', '_');
    const auto at = static_cast<std::ptrdiff_t>(name.size());
    return variable.size() > name.size() && variable[name.size()] == '_' &&
           std::equal(name.begin(),
                      name.end(),
                      variable.begin(),
                      variable.begin() + at,
                      [](unsigned char one, unsigned char other) {
                          return std::tolower(one) == std::tolower(other);
                      });
}

/// A service of the project that was probably meant: the variable has its name, nobody else names
/// its port, or the port is one digit off.
const ListenerFact* find_meant(const ReferenceFact& reference, const Picture& picture) {
    for (const ListenerFact& it : picture.facts().listeners) {
        const ServiceFact* const service = picture.service(it.service);
        if (service == nullptr || it.service == reference.service || reference.kind != "env")
            continue;
        if (is_called_by(reference.name, it.service) && picture.declares(*service, it.port)) {
            return &it;
        }
    }
    const ListenerFact* only = nullptr;
    for (const ListenerFact& it : picture.facts().listeners) {
        if (it.service.empty() || it.service == reference.service) continue;
        if (differs_in_one_digit(it.port, reference.port)) return &it;
        const bool is_named =
            std::ranges::any_of(picture.facts().references, [&](const ReferenceFact& other) {
                return other.port == it.port && other.kind == reference.kind;
            });
        if (is_named) continue;
        if (only != nullptr && only->port != it.port) return nullptr;
        only = &it;
    }
    return only;
}

/// A service that is well has just been refused there, and one of this project's that nobody else
/// names listens elsewhere.
bool is_just_missed(const ReferenceFact& reference, const LineFact* line, const Picture& picture) {
    constexpr double recent_seconds = 20;
    if (line == nullptr || !contains_word(line->text, "refused")) return false;
    if (picture.seconds_since(line->time) > recent_seconds) return false;
    return find_meant(reference, picture) != nullptr;
}

/// The service whose name and port it has, as services of docker-compose find each other; null: it
/// is none's.
const ServiceFact* find_namesake(const ReferenceFact& reference, const Picture& picture) {
    const ServiceFact* const service = picture.service(reference.host);
    return service != nullptr && picture.declares(*service, reference.port) ? service : nullptr;
}

/// In the profile, or in a file that it names: it is not there for others.
bool is_declared(const ReferenceFact& reference, const Picture& picture) {
    const std::string file = reference.where.substr(0, reference.where.rfind(':'));
    return file == picture.facts().profile ||
           std::ranges::any_of(picture.facts().env_files, [&](const EnvFileFact& it) {
               return it.path == file && it.is_declared;
           });
}

/// A name of docker-compose can not be meant here, whether or not anybody has met it yet.
bool is_out_of_place(const ReferenceFact& reference, const DialFact& dial, const Picture& picture) {
    return dial.stage == "resolve" && reference.kind == "env" &&
           find_namesake(reference, picture) != nullptr && is_declared(reference, picture);
}

/// Whether anybody suffers from it. What nobody asks for may be down.
bool matters(const ReferenceFact& reference,
             const Picture& picture,
             std::vector<std::string>& evidence) {
    const ServiceFact* const service = picture.service(reference.service);
    // Of a proxy that is none of this project's only what one of our own requests meets.
    const bool is_foreign = service == nullptr && !picture.facts().services.empty() &&
                            picture.owner_of(reference.port) == nullptr;
    if (is_foreign) return is_on_the_way(reference, picture);
    // A service that is well may do without a collector of traces, say, and grumble about it.
    const DialFact* const asked = picture.dial("asked");
    const bool has_failed = asked != nullptr && (is_server_error(*asked) || !asked->error.empty());
    const bool is_optional = reference.kind == "env" && !is_database(reference.scheme) &&
                             service != nullptr && picture.is_well(*service) && !has_failed;
    const LineFact* line = find_refusal(reference, picture);
    if (line == nullptr) line = find_nameless_refusal(reference, picture);
    if (is_failed_silently(reference, picture)) {
        evidence.push_back(render_request(*asked) + ": " + render_outcome(*asked) +
                           ", of which the log of " + reference.service + " says nothing");
        return true;
    }
    if (is_optional && !is_just_missed(reference, line, picture)) return false;
    // "… is not available, going on without".
    const bool is_done_without = line != nullptr && says_it_goes_on(line->text) && !has_failed;
    if (is_done_without && service != nullptr && picture.is_well(*service)) return false;
    // An env file that lies beside several is not meant for the one that others find there.
    if (service != nullptr && reference.kind == "env" && picture.is_well(*service) &&
        picture.declares(*service, reference.port)) {
        return false;
    }
    if (line != nullptr) {
        evidence.push_back(render_line(reference.service, *line));
        return true;
    }
    if (is_on_the_way(reference, picture)) return true;
    if (service == nullptr) return false;
    // A client that tries again and again says nothing, and lets its callers wait.
    const bool is_waited_for = asked != nullptr && asked->error == "no answer" &&
                               is_database(reference.scheme) && picture.is_suspect(*service);
    if (is_waited_for && service->pid != 0) {
        evidence.push_back(render_request(*asked) + ": " + render_outcome(*asked));
        return true;
    }
    const bool is_hit = picture.is_troubled(*service) || picture.is_waiting(*service);
    if (picture.mentions(*service, ":" + std::to_string(reference.port))) return true;
    // A service that can not start has not come to using it.
    const bool has_ended = service->pid == 0;
    const DialFact* const probe = picture.probe(*service);
    const bool is_silent = probe != nullptr && probe->error == "no answer";
    if (is_upstream(reference)) return (is_hit || is_silent) && !has_ended;
    return is_hit && is_database(reference.scheme) && !has_ended;
}

/// " of web"; nothing where it is of none of this project's.
std::string of_whom(const ReferenceFact& reference) {
    return reference.service.empty() ? "" : " of " + reference.service;
}

/// Without a project nobody says who uses it; that a database here does not answer is told all the
/// same.
bool is_worth_telling(const ReferenceFact& reference, const Picture& picture) {
    // Of one that runs it is seen whether it misses it.
    const ServiceFact* const service = picture.service(reference.service);
    if (service != nullptr && service->pid != 0) return false;
    return !picture.has_project() && is_database(reference.scheme) && is_local(reference.host);
}

std::string what_it_does(const ReferenceFact& reference) {
    if (reference.kind == "nginx") {
        const bool is_named_so = reference.service.starts_with("nginx");
        const std::string who = is_named_so ? reference.service : "nginx";
        return who + " passes " + reference.path + (is_named_so ? "" : of_whom(reference)) +
               " to it by " + render_reference(reference);
    }
    if (reference.kind == "config") {
        return reference.service + " proxies to it by " + render_reference(reference);
    }
    return render_reference(reference) + " sends " + reference.service + " there";
}

/// All who read that variable there: env files may be shared.
std::vector<std::string> find_readers(const ReferenceFact& reference, const Picture& picture) {
    std::vector<std::string> readers;
    for (const ServiceFact& service : picture.facts().services) {
        const bool reads = std::ranges::any_of(service.variables, [&](const VariableFact& it) {
            return it.name == reference.name && it.where == reference.where;
        });
        if (reads || service.name == reference.service) readers.push_back(service.name);
    }
    return readers;
}

void tell_unresolved(const ReferenceFact& reference,
                     const DialFact& dial,
                     const Picture& picture,
                     Finding& finding) {
    finding.id = "host-does-not-resolve";
    finding.what = render_reference(reference) + of_whom(reference) + " names the host \"" +
                   reference.host + "\", which does not resolve on this machine";
    const bool is_short = reference.host.find('.') == std::string::npos;
    finding.evidence.push_back("resolving " + reference.host + ": " + dial.error);
    if (const ServiceFact* const namesake = find_namesake(reference, picture)) {
        const std::string real = "localhost:" + std::to_string(reference.port);
        const auto readers = find_readers(reference, picture);
        finding.what = render_reference(reference) + " of " + join_for_people(readers) +
                       " names the host \"" + reference.host +
                       "\", which does not resolve on this machine, as docker-compose would make "
                       "it do: the service " +
                       namesake->name + " is at " + real + ".";
        finding.fix = "write " + real + " in " + render_reference(reference) +
                      ", then devstack restart " + join(readers, " ");
        return;
    }
    if (is_short) finding.what += " (a container's name?)";
    if (const ListenerFact* real = find_product(reference.scheme, picture)) {
        finding.what += "; " + product_of(reference.scheme) +
                        " listens on localhost:" + std::to_string(real->port);
    }
    finding.what += ".";
    finding.fix = is_short ? "use localhost in " + render_reference(reference) + ", or add " +
                                 reference.host + " to /etc/hosts"
                           : "correct the host in " + render_reference(reference);
}

/// Nothing listens where it points, but what was meant listens elsewhere.
bool tell_wrong_port(const ReferenceFact& reference, const Picture& picture, Finding& finding) {
    const bool is_product = is_database(reference.scheme);
    const ListenerFact* const real =
        is_product ? find_product(reference.scheme, picture) : find_meant(reference, picture);
    if (real == nullptr || real->port == reference.port) return false;
    // One that should be there, and does not run, is who was meant.
    const ServiceFact* const absent = picture.owner_of(reference.port);
    if (absent != nullptr && !picture.is_alive(*absent) && absent->name != reference.service &&
        absent->name != real->service) {
        return false;
    }
    const std::string port = std::to_string(real->port);
    const std::string name = is_product ? product_of(reference.scheme) : real->service;
    finding.id = reference.kind == "env" ? "variable-names-dead-port" : "proxy-names-dead-port";
    finding.what = render_reference(reference) + of_whom(reference) + " points to " +
                   render_endpoint(reference.host, reference.port) + ", where nothing listens; " +
                   name + " listens on port " + port + ".";
    finding.evidence.push_back(name + " is " + describe(*real));
    const ServiceFact* const owner = picture.owner_of(reference.port);
    // It is the service that listens where nobody expects it.
    if (owner != nullptr && owner->name == real->service) finding.blames = {owner->name};
    finding.fix = "change the port to " + port + " in " +
                  (reference.where.empty() ? reference.name : reference.where);
    // Another location leads there already: it may be a service that is not in the profile.
    const auto leads_there = [&](const ReferenceFact& it) {
        return it.kind == reference.kind && it.service == reference.service &&
               it.port == real->port;
    };
    const bool is_named = reference.kind == "env" && is_called_by(reference.name, real->service);
    if (std::ranges::any_of(picture.facts().references, leads_there) && owner == nullptr &&
        !is_named) {
        finding.fix = "start what should listen on port " + std::to_string(reference.port) +
                      ", or " + finding.fix + " if " + name + " is meant";
    }
    if (reference.kind == "nginx") finding.fix += ", then nginx -t and reload";
    return true;
}

void tell_not_running(const ReferenceFact& reference, const Picture& picture, Finding& finding) {
    const std::string endpoint = render_endpoint(reference.host, reference.port);
    const ServiceFact* const owner = picture.owner_of(reference.port);
    std::string product = product_of(reference.scheme);
    if (product.empty() && reference.kind != "nginx") product = product_at(reference.port);
    if (owner != nullptr && owner->name != reference.service) finding.blames = {owner->name};
    finding.id = product.empty() ? "nothing-listens" : "server-not-running";
    if (!product.empty()) {
        finding.what =
            product + " is not running: nothing listens on " + endpoint + ", where " +
            render_reference(reference) +
            (reference.service.empty() ? " points." : " sends " + reference.service + ".");
        finding.fix = "start " + product + " on port " + std::to_string(reference.port);
    } else {
        finding.what = "Nothing listens on " + endpoint +
                       ": what should be there is not running; " + what_it_does(reference) + ".";
        finding.fix = "start what should listen on port " + std::to_string(reference.port) +
                      ", name it in the profile so that it is started too, or correct " +
                      render_reference(reference);
    }
}

/// Of a service that waits: what it will be refused as soon as it is started. "backend 3002", as
/// the profile declares it; empty: nothing tells that another port was meant.
std::string find_planned(const ReferenceFact& reference, const Picture& picture) {
    const ServiceFact* const service = picture.service(reference.service);
    const bool may_be = service != nullptr && picture.is_waiting(*service) &&
                        is_local(reference.host) && picture.owner_of(reference.port) == nullptr;
    if (!may_be) return "";
    for (const ServiceFact& it : picture.facts().services) {
        if (!picture.needs(*service, it)) continue;
        for (const std::string& port : it.ports) {
            if (differs_in_one_digit(to_port(port), reference.port)) {
                return it.name + " declares port " + port;
            }
        }
    }
    return "";
}

void look_at_plan(const ReferenceFact& reference,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const std::string planned = find_planned(reference, picture);
    if (planned.empty()) return;
    const std::string endpoint = render_endpoint(reference.host, reference.port);
    Finding finding;
    finding.id = reference.kind == "env" ? "variable-names-dead-port" : "proxy-names-dead-port";
    finding.service = reference.service;
    finding.topic = "endpoint " + endpoint;
    finding.strength = cause_strength_min + 1;
    finding.what = render_reference(reference) + of_whom(reference) + " points to " + endpoint +
                   ", where no service is to listen; " + planned +
                   ". It will be refused there once it is started.";
    finding.evidence = {"connect to " + endpoint + ": connection refused"};
    finding.fix =
        "change the port in " + (reference.where.empty() ? reference.name : reference.where);
    findings.push_back(std::move(finding));
}

void look_at_reference(const ReferenceFact& reference,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    const DialFact* const dial = picture.dial(reference.dial);
    if (dial == nullptr || dial->error.empty() || picture.find_blocked(*dial) != nullptr) return;
    const bool is_unresolved = dial->stage == "resolve";
    const bool is_unreachable = dial->stage == "connect" && !is_refused(*dial);
    if (!is_unresolved && !is_refused(*dial) && !is_unreachable) return;
    Finding finding;
    finding.service = reference.service;
    finding.topic = "endpoint " + render_endpoint(reference.host, reference.port);
    // A check of the proxy's that fails is a consequence.
    finding.strength = is_upstream(reference) ? 87 : 85;
    const bool is_met = matters(reference, picture, finding.evidence);
    if (!is_met && !is_worth_telling(reference, picture) &&
        !is_out_of_place(reference, *dial, picture)) {
        if (is_refused(*dial)) look_at_plan(reference, picture, findings);
        return;
    }
    // Nobody has said that it is this; it is all that is wrong.
    const bool is_guessed =
        is_failed_silently(reference, picture) && find_refusal(reference, picture) == nullptr;
    const ServiceFact* const service = picture.service(reference.service);
    const bool is_missed = is_out_of_place(reference, *dial, picture) && service != nullptr &&
                           picture.is_suspect(*service);
    finding.confidence =
        (is_met && !is_guessed) || is_missed ? Confidence::sure : Confidence::probable;
    finding.evidence.insert(finding.evidence.begin(),
                            "connect to " + render_endpoint(reference.host, reference.port) + ": " +
                                render_outcome(*dial));
    if (is_unresolved) {
        tell_unresolved(reference, *dial, picture, finding);
    } else if (is_unreachable) {
        finding.id = "endpoint-unreachable";
        finding.what = render_endpoint(reference.host, reference.port) + ", where " +
                       render_reference(reference) + " sends " + reference.service +
                       ", can not be reached: " + dial->error + ".";
        finding.fix = "correct " + render_reference(reference) + ", or look for a firewall";
    } else if (!tell_wrong_port(reference, picture, finding)) {
        tell_not_running(reference, picture, finding);
    }
    findings.push_back(std::move(finding));
}

/// A URL says https, and the service that is meant is one of this project that is probed by http.
void look_at_scheme(const ReferenceFact& reference,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const ServiceFact* const owner = picture.owner_of(reference.port);
    const ServiceFact* const service = picture.service(reference.service);
    if (owner == nullptr || service == nullptr || owner == service) return;
    const DialFact* const probe = picture.probe(*owner);
    const bool is_plain = probe != nullptr && probe->protocol == "http" && probe->status != 0 &&
                          probe->port == reference.port && is_local(reference.host);
    if (reference.kind != "env" || reference.scheme != "https" || !is_plain) return;
    const LineFact* const line = picture.find_line(service->name, [](const std::string& it) {
        return contains(it, "WRONG_VERSION_NUMBER") || contains(it, "wrong version number") ||
               contains(it, "HTTP response to HTTPS client") ||
               contains(it, "packet length too long");
    });
    constexpr double recent_seconds = 120;
    if (line == nullptr || picture.seconds_since(line->time) > recent_seconds) {
        return;
    }
    Finding finding;
    finding.id = "variable-wrong-scheme";
    finding.service = service->name;
    finding.topic = "endpoint " + render_endpoint(reference.host, reference.port);
    finding.strength = 84;
    finding.confidence = Confidence::sure;
    finding.what = render_reference(reference) + " of " + service->name + " says https, and " +
                   owner->name + " speaks plain http on port " + std::to_string(reference.port) +
                   ".";
    finding.evidence = {render_request(*probe) + ": status " + std::to_string(probe->status),
                        render_line(service->name, *line)};
    finding.fix = "write http:// in " + render_reference(reference) + ", then devstack restart " +
                  service->name;
    findings.push_back(std::move(finding));
}

/// It was started before what it calls was ready, since nobody said that it needs it.
void find_missing_dependencies(const Picture& picture, std::vector<Finding>& findings) {
    for (const ReferenceFact& reference : picture.facts().references) {
        const ServiceFact* const service = picture.service(reference.service);
        const ServiceFact* const owner = picture.owner_of(reference.port);
        if (service == nullptr || owner == nullptr || owner == service ||
            reference.kind == "origin")
            continue;
        const bool has_ended = service->has_exited && service->exit_code != 0 && service->pid == 0;
        const bool is_coming = owner->pid != 0 || owner->phase == "ready";
        if (!has_ended || !is_coming || !is_local(reference.host)) continue;
        if (picture.needs(*service, *owner)) continue;
        const LineFact* const line = find_refusal(reference, picture);
        if (line == nullptr) continue;
        Finding finding;
        finding.id = "dependency-missing";
        finding.service = service->name;
        finding.topic = "endpoint " + render_endpoint(reference.host, reference.port);
        finding.strength = 92;
        finding.confidence = Confidence::sure;
        finding.what = service->name + " was started before " + owner->name +
                       " was ready on port " + std::to_string(reference.port) +
                       ", and does not depend on it: it was refused, "
                       "and ended with code " +
                       std::to_string(service->exit_code) + ".";
        finding.evidence = {render_line(service->name, *line),
                            owner->name + " is " + owner->phase + " now"};
        finding.fix = "let it wait: depends_on = { " + owner->name + " = \"ready\" } for " +
                      service->name + declared_at(*service);
        findings.push_back(std::move(finding));
    }
}

}  // namespace

void find_dead_references(const Picture& picture, std::vector<Finding>& findings) {
    for (const ReferenceFact& reference : picture.facts().references) {
        // Of several servers one that is away may be left out: rules about proxies know.
        if (reference.kind == "upstream") continue;
        if (!reference.dial.empty()) look_at_reference(reference, picture, findings);
        look_at_scheme(reference, picture, findings);
    }
    find_missing_dependencies(picture, findings);
}

}  // namespace devstack::core::doctor
