// Somebody else listens where a service wants to; a service listens elsewhere than it should.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

namespace devstack::core::doctor {

namespace {

/// Words of the command that the service's own does not have, but for the interpreter of a script.
int count_other_words(const std::string& command, const ServiceFact& service) {
    std::istringstream words{command};
    int others = 0;
    for (std::string word; words >> word;) {
        const bool is_own = std::ranges::any_of(service.words, [&](const std::string& it) {
            return it == word || base_of(it) == base_of(word);
        });
        if (!is_own) ++others;
    }
    return others;
}

/// The same program in the same place: what an earlier run has left.
bool is_like(const ListenerFact& listener, const ServiceFact& service, const Picture& picture) {
    const ProcessFact* const process = picture.process(listener.pid);
    if (process != nullptr && process->is_leftover && process->service == service.name) return true;
    if (listener.working_dir.empty() || listener.working_dir != service.working_dir) return false;
    const std::string& command = listener.command;
    return !service.words.empty() &&
           (command == service.command ||
            (contains(command, service.words.back()) && count_other_words(command, service) <= 1));
}

/// It came while we looked: the service's own process, spawned after its state was read.
bool has_just_come(const ListenerFact& listener,
                   const ServiceFact& service,
                   const Picture& picture) {
    constexpr double longer_than_a_look = 3;
    const ProcessFact* const process = picture.process(listener.pid);
    return process != nullptr && process->age_seconds < longer_than_a_look &&
           service.phase != "blocked" && is_like(listener, service, picture);
}

const LineFact* complains_of_port(const ServiceFact& service, const Picture& picture) {
    return picture.find_line(service.name, [](const std::string& line) {
        return contains(line, "EADDRINUSE") || contains_word(line, "already in use") ||
               contains_word(line, "is in use");
    });
}

Finding name_holder(const ServiceFact& service,
                    int port,
                    const ListenerFact& listener,
                    const Picture& picture) {
    Finding finding;
    finding.service = service.name;
    finding.topic = "port " + std::to_string(port);
    finding.strength = 95;
    finding.confidence = Confidence::sure;
    finding.evidence.push_back(render_endpoint(listener.address, port) + " is listened on by " +
                               describe(listener));
    const std::string number = std::to_string(port);
    const std::string pid = std::to_string(listener.pid);
    if (is_like(listener, service, picture)) {
        finding.id = "port-held-by-leftover";
        finding.what = "Port " + number + " of " + service.name +
                       " is still held by a leftover of an earlier run of the same service: " +
                       describe(listener) + ".";
        finding.fix = "kill " + pid + "; then devstack restart " + service.name;
        const DialFact* const answer = picture.probe(service);
        if (answer != nullptr && answer->error.empty() && answer->port == port) {
            finding.evidence.push_back("it is the leftover that answers " +
                                       render_request(*answer) + ": " + render_outcome(*answer));
        }
    } else {
        finding.id = "port-held-by-stranger";
        finding.what = "Port " + number + ", which " + service.name + " needs, is held by " +
                       describe(listener) + ".";
        finding.fix = listener.pid == 0
                          ? "find it with sudo ss -ltnp 'sport = :" + number + "' and stop it"
                          : "stop it (kill " + pid + "), or give " + service.name +
                                " another port; devstack up --free-ports does the first";
    }
    return finding;
}

/// Another service listens where this one should, which listens on ports that it does not declare.
bool listens_elsewhere(const ServiceFact& service,
                       const ListenerFact& holder,
                       const Picture& picture) {
    const auto own = picture.listeners_of(service.name);
    return !holder.service.empty() && holder.service != service.name && !own.empty() &&
           std::ranges::none_of(
               own, [&](const ListenerFact* it) { return picture.declares(service, it->port); });
}

/// Each of them listens where the other should.
bool tell_swapped(const ServiceFact& service,
                  const ListenerFact& holder,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const ServiceFact* const other = picture.service(holder.service);
    if (other == nullptr || !listens_elsewhere(service, holder, picture)) return false;
    const auto own = picture.listeners_of(service.name);
    const auto back = std::ranges::find_if(
        own, [&](const ListenerFact* it) { return picture.declares(*other, it->port); });
    if (back == own.end()) return false;
    const std::string ours = std::to_string(holder.port);
    const std::string theirs = std::to_string((*back)->port);
    const bool is_told = std::ranges::any_of(findings, [&](const Finding& it) {
        return it.id == "ports-swapped" && it.service == other->name;
    });
    if (is_told) return true;
    Finding finding;
    finding.id = "ports-swapped";
    finding.service = service.name;
    finding.affects = {other->name};
    finding.topic = "ports " + ours + " " + theirs;
    finding.strength = 96;
    finding.confidence = Confidence::sure;
    finding.what = service.name + " and " + other->name +
                   " have each other's port: " + service.name + " listens on " + theirs +
                   ", which is declared for " + other->name + declared_at(*other) + ", and " +
                   other->name + " on " + ours + ", which is declared for " + service.name +
                   declared_at(service) + ".";
    finding.evidence = {
        render_endpoint((*back)->address, (*back)->port) + " is listened on by " + describe(**back),
        render_endpoint(holder.address, holder.port) + " is listened on by " + describe(holder)};
    std::vector<std::string> variables;
    for (const ServiceFact* it : {&service, other}) {
        for (const VariableFact& variable : it->variables) {
            const bool is_port = variable.value == ours || variable.value == theirs;
            if (is_port)
                variables.push_back(variable.name + " of " + it->name + " (" + variable.where +
                                    ")");
        }
    }
    finding.fix = "exchange " +
                  (variables.empty() ? "the ports in their commands or settings"
                                     : join_for_people(variables)) +
                  ", or the ports in the profile";
    findings.push_back(std::move(finding));
    return true;
}

void look_at_port(const ServiceFact& service,
                  int port,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const auto listeners = picture.listeners_on(port);
    const bool is_own = std::ranges::any_of(
        listeners, [&](const ListenerFact* it) { return it->service == service.name; });
    if (is_own || listeners.empty() || service.phase == "stopped") return;
    // Whoever listens there answers its probe: that tells nothing of the service itself.
    const bool is_elsewhere = listens_elsewhere(service, *listeners.front(), picture);
    if (picture.is_well(service) && !is_elsewhere) return;
    const ListenerFact& listener = *listeners.front();
    if (tell_swapped(service, listener, picture, findings)) return;
    // Nobody's socket: it was just about to be closed, unless something tells that it stays.
    if (listener.pid == 0 && service.phase != "blocked" && !complains_of_port(service, picture)) {
        return;
    }
    const ServiceFact* const other =
        listener.service.empty() ? nullptr : picture.service(listener.service);
    if (other == nullptr) {
        if (has_just_come(listener, service, picture)) return;
        findings.push_back(name_holder(service, port, listener, picture));
        return;
    }
    Finding finding;
    const std::string number = std::to_string(port);
    const bool both = picture.declares(*other, port) && picture.declares(service, port);
    finding.id = both ? "port-declared-twice" : "port-held-by-service";
    finding.service = service.name;
    finding.topic = "port " + number;
    finding.strength = 96;
    finding.confidence = Confidence::sure;
    finding.what = both ? other->name + " and " + service.name + " both declare port " + number +
                              ": " + other->name + " listens there already, so " + service.name +
                              " can not."
                        : "Port " + number + ", which " + service.name + " needs, is held by " +
                              other->name + ", another service of this project.";
    finding.evidence = {render_endpoint(listener.address, port) + " is listened on by " +
                        describe(listener)};
    finding.fix = "give " + service.name + " a port of its own" + declared_at(service);
    findings.push_back(std::move(finding));
}

/// A port from which somebody has connected to elsewhere, as the system hands them out
/// (ip_local_port_range, ip(7)): who wants to listen there is refused.
void look_at_outgoing(const ServiceFact& service,
                      const OutgoingFact& held,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    const std::string number = std::to_string(held.port);
    const LineFact* const line = complains_of_port(service, picture);
    if (!picture.declares(service, held.port) || picture.is_well(service) || line == nullptr) {
        return;
    }
    Finding finding;
    finding.id = "port-held-by-connection";
    finding.service = service.name;
    finding.topic = "port " + number;
    finding.strength = 95;
    finding.confidence = Confidence::sure;
    const std::string pid = std::to_string(held.pid);
    const std::string who =
        held.pid == 0 ? "somebody's connection"
                      : "a connection of " + held.command + " (pid " + pid + ", user " + held.user +
                            (held.service.empty() ? "" : ", of " + held.service) + ")";
    finding.what = "Port " + number + ", which " + service.name + " needs, is the near end of " +
                   who + " to " + held.peer + ". Nobody listens there, and nobody can meanwhile.";
    finding.evidence = {"ss -tnp sport = :" + number, render_line(service.name, *line)};
    if (!held.service.empty()) finding.affects = {held.service};
    finding.fix =
        (held.pid == 0 ? "end that connection"
                       : "end that connection (kill " + pid + ", or restart what it belongs to)") +
        ", then devstack restart " + service.name +
        "; that it does not come again: sysctl -w net.ipv4.ip_local_reserved_ports=" + number;
    findings.push_back(std::move(finding));
}

/// A port that no profile declares, but its log names.
void look_at_complaint(const ServiceFact& service,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    const LineFact* const line = picture.find_line(
        service.name, [](const std::string& text) { return port_in_use(text) != 0; });
    if (line == nullptr) return;
    const int port = port_in_use(line->text);
    if (picture.declares(service, port)) return;
    const auto before = findings.size();
    look_at_port(service, port, picture, findings);
    if (findings.size() == before) return;
    Finding& finding = findings.back();
    finding.evidence.push_back(render_line(service.name, *line));
    const std::string places = places_of_port(service.name, port, picture);
    if (finding.id == "port-held-by-service") {
        finding.fix = "let one of them listen elsewhere" +
                      (places.empty() ? ": the profile does not name this port"
                                      : ": the port stands in " + places);
    }
}

void compare_declarations(const Picture& picture, std::vector<Finding>& findings) {
    const auto& services = picture.facts().services;
    for (std::size_t i = 0; i < services.size(); ++i) {
        for (std::size_t j = i + 1; j < services.size(); ++j) {
            for (const std::string& port : services[i].ports) {
                if (!picture.declares(services[j], to_port(port))) continue;
                Finding finding;
                finding.id = "port-declared-twice";
                finding.service = services[j].name;
                finding.topic = "port " + port;
                finding.strength = 96;
                finding.confidence = Confidence::sure;
                finding.what = services[i].name + " and " + services[j].name +
                               " both declare port " + port +
                               ": only one of them can listen there.";
                finding.evidence = {services[i].name + " is declared at " + services[i].declared_at,
                                    services[j].name + " at " + services[j].declared_at};
                finding.fix = "give " + services[j].name + " a port of its own";
                findings.push_back(std::move(finding));
            }
        }
    }
}

/// "its profile and front's proxy_pass (nginx.conf:20) expect" it there.
std::string expectations(const ServiceFact& service, int port, const Picture& picture) {
    std::vector<std::string> who{"its profile"};
    for (const ReferenceFact& it : picture.facts().references) {
        const bool is_meant = it.port == port && is_local(it.host) && it.service != service.name &&
                              it.kind != "origin";
        if (is_meant) who.push_back(it.service + "'s " + render_reference(it));
        constexpr std::size_t shown_max = 4;
        if (who.size() >= shown_max) break;
    }
    return join_for_people(who) + (who.size() == 1 ? " expects" : " expect");
}

/// The words that let a program wait for a debugger, on this port; empty: it does not. The JVM's
/// (JPDA, -agentlib:jdwp) and Node.js' (--inspect-brk).
std::string find_debugger(const ListenerFact& listener) {
    static const std::regex jdwp{R"(\S*jdwp=\S*suspend=y\S*)"};
    static const std::regex inspector{R"(--inspect-brk\S*|--inspect-wait\S*)"};
    for (const std::regex& form : {jdwp, inspector}) {
        std::smatch found;
        if (std::regex_search(listener.command, found, form)) return found[0].str();
    }
    return "";
}

/// A program that waits for a debugger before it does anything listens for that alone.
bool tell_debugger(const ServiceFact& service,
                   const std::vector<const ListenerFact*>& own,
                   std::vector<Finding>& findings) {
    const std::string option = own.size() == 1 ? find_debugger(*own.front()) : "";
    if (option.empty()) return false;
    Finding finding;
    finding.id = "waits-for-debugger";
    finding.service = service.name;
    finding.topic = "debugger";
    finding.strength = 92;
    finding.confidence = Confidence::sure;
    finding.what = service.name + " waits for a debugger on port " +
                   std::to_string(own.front()->port) + " before it does anything (" + option + ").";
    finding.evidence = {render_endpoint(own.front()->address, own.front()->port) +
                        " is listened on by " + describe(*own.front())};
    finding.fix = "attach the debugger, or start it without waiting (suspend=n, --inspect)";
    findings.push_back(std::move(finding));
    return true;
}

void compare_ports(const ServiceFact& service,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const auto own = picture.listeners_of(service.name);
    if (own.empty() || !picture.is_troubled(service)) return;
    if (tell_debugger(service, own, findings)) return;
    std::set<int> real;
    for (const ListenerFact* it : own)
        real.insert(it->port);
    for (const std::string& text : service.ports) {
        const int port = to_port(text);
        if (real.contains(port) || !picture.listeners_on(port).empty()) continue;
        std::vector<std::string> numbers;
        for (const int it : real) {
            if (!picture.declares(service, it)) numbers.push_back(std::to_string(it));
        }
        if (numbers.empty()) continue;
        Finding finding;
        finding.id = "listens-on-other-port";
        finding.service = service.name;
        finding.topic = "port " + text;
        finding.strength = 90;
        finding.confidence = Confidence::sure;
        finding.what = service.name + " listens on port " + join_for_people(numbers) + ", but " +
                       expectations(service, port, picture) + " it on " + text + ".";
        for (const ListenerFact* it : own)
            finding.evidence.push_back(render_endpoint(it->address, it->port) +
                                       " is listened on by " + describe(*it));
        finding.evidence.push_back("nothing listens on port " + text);
        if (contains(service.command, numbers.front())) {
            finding.evidence.push_back("its command says so: " + service.command);
        }
        finding.fix = "let " + service.name + " listen on " + text +
                      " (its command: " + service.command +
                      "; its own configuration), or change the others to " + numbers.front();
        findings.push_back(std::move(finding));
    }
}

/// It listens, but not on the address by which it is dialled.
void compare_addresses(const ServiceFact& service,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    std::set<int> done;
    for (const ListenerFact* it : picture.listeners_of(service.name)) {
        const auto same_port = picture.listeners_on(it->port);
        if (same_port.size() != 1 || it->address == "::" || it->address == "0.0.0.0") continue;
        for (const DialFact& dial : picture.facts().dials) {
            if (dial.port != it->port || !is_local(dial.host) || done.contains(it->port)) continue;
            const auto refused =
                std::ranges::find(dial.addresses, std::string{"refused"}, &AddressFact::outcome);
            // One that refuses where it listens has ended between the two looks.
            const bool is_reached = std::ranges::any_of(dial.addresses, [&](const AddressFact& a) {
                return a.outcome == "connected" || a.address == it->address;
            });
            if (refused == dial.addresses.end() || is_reached) continue;
            done.insert(it->port);
            const bool is_v6 = contains(it->address, ":");
            Finding finding;
            finding.id = "address-family";
            finding.service = service.name;
            finding.topic = "port " + std::to_string(it->port);
            finding.strength = 92;
            finding.confidence = Confidence::sure;
            finding.what = service.name + " listens on " + render_endpoint(it->address, it->port) +
                           " only (" + (is_v6 ? "IPv6" : "IPv4") + "), while " +
                           render_endpoint(refused->address, dial.port) + " is dialled (by " +
                           (dial.purpose == "probe" ? "its probe" : dial.id) +
                           "), where nothing listens.";
            finding.evidence = {render_request(dial) + ": " + render_outcome(dial),
                                "the socket belongs to " + describe(*it)};
            finding.fix = "let " + service.name + " listen on " +
                          (is_v6 ? "127.0.0.1 or on all addresses (0.0.0.0, ::)"
                                 : "all addresses (0.0.0.0, ::)") +
                          ", or dial " + render_endpoint(it->address, it->port);
            findings.push_back(std::move(finding));
        }
    }
}

/// Only who is root, or may bind them all the same, listens below this. A log tells of it in as
/// many words as there are languages; what they have in common is the refusal.
void look_at_privileged(const ServiceFact& service,
                        const Picture& picture,
                        std::vector<Finding>& findings) {
    const int first = picture.facts().machine.first_unprivileged_port;
    const LineFact* const line = picture.find_line(service.name, [](const std::string& text) {
        return contains_word(text, "permission denied") || contains(text, "EACCES") ||
               contains_word(text, "not permitted");
    });
    if (service.user_id == 0 || line == nullptr || picture.is_well(service)) return;
    for (const std::string& text : service.ports) {
        const int port = to_port(text);
        if (port == 0 || port >= first || !picture.listeners_on(port).empty()) continue;
        Finding finding;
        finding.id = "port-privileged";
        finding.service = service.name;
        finding.topic = "port-privileged";
        finding.strength = 76;
        finding.what = service.name + " runs as " + service.user + ", who may not listen on port " +
                       text + ": ports below " + std::to_string(first) + " are privileged.";
        finding.evidence = {render_line(service.name, *line)};
        finding.fix = "use a port of " + std::to_string(first) +
                      " or more, or grant it: cap_add = [\"NET_BIND_SERVICE\"]";
        findings.push_back(std::move(finding));
        return;
    }
}

}  // namespace

void find_port_conflicts(const Picture& picture, std::vector<Finding>& findings) {
    // What processes listen on is no declaration: several may share a port.
    if (!picture.has_project()) return;
    for (const ServiceFact& service : picture.facts().services)
        look_at_privileged(service, picture, findings);
    for (const ServiceFact& service : picture.facts().services) {
        for (const std::string& port : service.ports)
            look_at_port(service, to_port(port), picture, findings);
    }
    for (const ServiceFact& service : picture.facts().services) {
        look_at_complaint(service, picture, findings);
        for (const OutgoingFact& it : picture.facts().outgoing)
            look_at_outgoing(service, it, picture, findings);
    }
    compare_declarations(picture, findings);
}

void find_wrong_ports(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        compare_ports(service, picture, findings);
        compare_addresses(service, picture, findings);
    }
}

}  // namespace devstack::core::doctor
