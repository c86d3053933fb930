// What lies around programs, and nobody thinks of: a firewall between two that are well, a proxy
// that a variable sends all requests to, a working directory that has been replaced.

#include "core/doctor/picture.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

Finding begin(const std::string& service, const char* id, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = service;
    finding.strength = strength;
    return finding;
}

// ---- Firewalls ---------------------------------------------------------------------------------

/// False: nothing of the kind is to be seen.
bool look_at_connection(const DialFact& dial,
                        const std::string& caller,
                        const Picture& picture,
                        std::vector<Finding>& findings) {
    const ListenerFact* const listener = picture.find_blocked(dial);
    if (listener == nullptr) return false;
    const std::string at = render_endpoint(dial.host, dial.port);
    Finding finding = begin(caller.empty() ? listener->service : caller, "connection-blocked", 93);
    finding.topic = "endpoint " + at;
    finding.confidence = Confidence::sure;
    finding.what = describe(*listener) + " listens on " +
                   render_endpoint(listener->address, listener->port) + ", and a connection to " +
                   at + " from this machine is " +
                   (dial.error == "connection refused" ? "refused" : "not answered") +
                   ": something between them keeps it away, a rule of the firewall or a loopback "
                   "interface that is down.";
    finding.evidence = {"connect to " + at + ": " + dial.error,
                        "ss -ltn sport = :" + std::to_string(dial.port) + ": LISTEN"};
    finding.fix =
        "nft list ruleset (or iptables-save) shows the rules, ip link show lo the "
        "interface (ip link set lo up)";
    findings.push_back(std::move(finding));
    return true;
}

/// One is enough to be told: what keeps it away may keep all others away too.
void look_at_connections(const Picture& picture, std::vector<Finding>& findings) {
    if (const DialFact* const asked = picture.dial("asked")) {
        if (look_at_connection(*asked, "", picture, findings)) return;
    }
    for (const ServiceFact& service : picture.facts().services) {
        const DialFact* const probe = picture.probe(service);
        if (probe != nullptr && look_at_connection(*probe, service.name, picture, findings)) return;
    }
    for (const ReferenceFact& reference : picture.facts().references) {
        const DialFact* const dial = picture.dial(reference.dial);
        if (dial != nullptr && look_at_connection(*dial, reference.service, picture, findings)) {
            return;
        }
    }
}

// ---- http_proxy --------------------------------------------------------------------------------

/// Lower or upper case, as curl(1), Python, Go and most others read them.
const ReferenceFact* find_proxy(const ServiceFact& service, const Picture& picture) {
    for (const ReferenceFact* it : picture.references_of(service.name)) {
        const bool is_it = it->name.size() <= 11 && (contains_word(it->name, "http_proxy") ||
                                                     contains_word(it->name, "https_proxy") ||
                                                     contains_word(it->name, "all_proxy"));
        if (is_it && it->kind == "env") return it;
    }
    return nullptr;
}

bool spares_own_machine(const ServiceFact& service) {
    return std::ranges::any_of(service.variables, [](const VariableFact& it) {
        return contains_word(it.name, "no_proxy") &&
               (contains(it.value, "localhost") || contains(it.value, "127.0.0.1") ||
                it.value == "*");
    });
}

void look_at_proxy(const ServiceFact& service,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const ReferenceFact* const proxy = find_proxy(service, picture);
    if (proxy == nullptr || !picture.is_suspect(service)) return;
    const DialFact* const dial = picture.dial(proxy->dial);
    const bool is_dead = dial != nullptr && dial->error == "connection refused";
    const auto calls_home = [&](const ReferenceFact* it) {
        const ServiceFact* const owner = is_local(it->host) ? picture.owner_of(it->port) : nullptr;
        return it != proxy && owner != nullptr && owner != &service;
    };
    const auto references = picture.references_of(service.name);
    const bool is_caught =
        !spares_own_machine(service) && std::ranges::any_of(references, calls_home);
    const DialFact* const asked = picture.dial("asked");
    // Of a request that fails it is who answers, or who calls others here.
    const bool is_concerned =
        is_caught || asked == nullptr || picture.server_of(*asked) == &service;
    if ((!is_dead && !is_caught) || !is_concerned || picture.owner_of(proxy->port) == &service) {
        return;
    }
    const std::string at = render_endpoint(proxy->host, proxy->port);
    Finding finding = begin(
        service.name, is_dead ? "proxy-variable-dead" : "proxy-variable-local", is_dead ? 84 : 60);
    finding.topic = "endpoint " + at;
    if (is_dead) finding.confidence = Confidence::sure;
    finding.what = render_reference(*proxy) + " sends the requests of " + service.name +
                   (is_caught ? ", to services of this machine too," : "") +
                   " through a proxy at " + at +
                   (is_dead ? ", where nothing listens."
                            : ": no NO_PROXY leaves localhost and 127.0.0.1 out.");
    if (is_dead) finding.evidence = {"connect to " + at + ": " + dial->error};
    const ServiceFact* const owner = picture.owner_of(proxy->port);
    if (is_dead && owner != nullptr) finding.blames = {owner->name};
    finding.fix = std::string{is_dead ? "start the proxy, or take the variable out; " : ""} +
                  "set NO_PROXY=localhost,127.0.0.1 for what is on this machine, then devstack "
                  "restart " +
                  service.name;
    findings.push_back(std::move(finding));
}

// ---- Directories -------------------------------------------------------------------------------

/// It has just said so.
bool misses_files(const ServiceFact& service, const Picture& picture) {
    constexpr double recent_seconds = 60;
    const LineFact* const line = picture.find_line(service.name, [](const std::string& it) {
        return contains(it, "No such file or directory") || contains(it, "ENOENT") ||
               contains(it, "getcwd");
    });
    return line != nullptr && picture.seconds_since(line->time) <= recent_seconds;
}

/// Removed, or replaced by another one of that name, under the process (proc(5), cwd).
void look_at_directory(const ServiceFact& service,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    constexpr std::string_view mark = " (deleted)";
    for (const ProcessFact* process : picture.processes_of(service.name)) {
        if (!process->working_dir.ends_with(mark)) continue;
        const std::string directory =
            process->working_dir.substr(0, process->working_dir.size() - mark.size());
        Finding finding = begin(service.name, "working-directory-gone", 83);
        finding.topic = "directory";
        finding.confidence = Confidence::sure;
        finding.is_minor = !picture.is_suspect(service) && picture.is_well(service) &&
                           !misses_files(service, picture);
        finding.what =
            service.name + " (pid " + std::to_string(process->pid) +
            ") works in a directory that is gone: " + directory +
            " was removed, or replaced by another one, after it was started; it finds no "
            "file by a relative path.";
        finding.evidence = {"/proc/" + std::to_string(process->pid) +
                            "/cwd: " + process->working_dir};
        finding.fix = "devstack restart " + service.name;
        findings.push_back(std::move(finding));
        return;
    }
}

}  // namespace

void find_ambient_troubles(const Picture& picture, std::vector<Finding>& findings) {
    look_at_connections(picture, findings);
    for (const ServiceFact& service : picture.facts().services) {
        look_at_proxy(service, picture, findings);
        look_at_directory(service, picture, findings);
    }
}

}  // namespace devstack::core::doctor
