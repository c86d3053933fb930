// Services that work, with a probe that can never succeed.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>

namespace devstack::core::doctor {

namespace {

/// One that gets ready needs a moment after it listens.
constexpr double patience_seconds = 2;

/// Where it listens as it should: on a declared port, or anywhere if it declares none. Null: it
/// does not.
const ListenerFact* find_door(const ServiceFact& service, const Picture& picture) {
    for (const ListenerFact* it : picture.listeners_of(service.name)) {
        if (service.ports.empty() || picture.declares(service, it->port)) return it;
    }
    return nullptr;
}

bool is_awaited(const ServiceFact& service) {
    return service.pid != 0 && service.phase == "starting" &&
           service.phase_seconds >= patience_seconds;
}

std::string is_up(const ServiceFact& service, const ListenerFact& door) {
    return service.name + " is up (pid " + std::to_string(door.pid) + " listens on " +
           render_endpoint(door.address, door.port) + ")";
}

std::set<std::string> words_in(const std::string& text) {
    std::set<std::string> words;
    std::string word;
    for (const char it : text + " ") {
        const auto letter = static_cast<unsigned char>(it);
        if (std::isalnum(letter) != 0) {
            word += static_cast<char>(std::tolower(letter));
        } else if (!word.empty()) {
            words.insert(std::exchange(word, ""));
        }
    }
    return words;
}

/// The line that has most words of the pattern; null: none has two of them, or one that is all.
const LineFact* find_nearest(const ServiceFact& service,
                             const std::string& pattern,
                             const Picture& picture) {
    const std::set<std::string> wanted = words_in(pattern);
    const LineFact* nearest = nullptr;
    std::size_t most = std::min<std::size_t>(2, wanted.size());
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service.name) continue;
        for (const LineFact& line : log.lines) {
            const std::set<std::string> words = words_in(line.text);
            const auto common = static_cast<std::size_t>(std::ranges::count_if(
                wanted, [&](const std::string& it) { return words.contains(it); }));
            if (common < most || common == 0) continue;
            most = common;
            nearest = &line;
        }
    }
    return nearest;
}

/// `ready = { log }`: it says something else.
void look_at_log(const ServiceFact& service,
                 const Picture& picture,
                 std::vector<Finding>& findings) {
    const std::string mark = "no line of its output has matched ";
    const auto at = service.why.find(mark);
    const ListenerFact* const door = find_door(service, picture);
    if (at == service.why.npos || door == nullptr || !is_awaited(service)) return;
    const std::string pattern = service.why.substr(at + mark.size());
    Finding finding;
    finding.id = "ready-line-never-comes";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = 70;
    finding.what = is_up(service, *door) + ", but no line of its output has matched " + pattern +
                   ", which ready = { log } waits for.";
    if (const LineFact* nearest = find_nearest(service, pattern, picture)) {
        finding.evidence.push_back("nearest to it: " + render_line(service.name, *nearest));
    }
    finding.fix = "let ready = { log } of " + service.name + declared_at(service) +
                  " match what it says ((?i) at its beginning ignores case), or leave it out: then "
                  "the open port counts";
    findings.push_back(std::move(finding));
}

/// `ready = { notify }`: it never says so.
void look_at_notify(const ServiceFact& service,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const ListenerFact* const door = find_door(service, picture);
    const bool is_missing = contains(service.why, "it has not said READY=1");
    if (!is_missing || door == nullptr || !is_awaited(service)) return;
    Finding finding;
    finding.id = "ready-never-notified";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = 70;
    finding.what = is_up(service, *door) +
                   ", but it has never said READY=1, which ready = { notify = true } waits for.";
    finding.fix =
        "let it call sd_notify(3) (systemd-notify --ready in a script), or leave ready "
        "of " +
        service.name + declared_at(service) + " out: then the open port counts";
    findings.push_back(std::move(finding));
}

/// "redis-cli-ping", of what a shell says of a program that it does not find or may not execute
/// (POSIX, XCU 2.8.2); empty: it says something else.
std::string program_in(const std::string& answer) {
    constexpr std::array<std::string_view, 4> reasons{
        ": not found", ": command not found", ": Permission denied", ": No such file or directory"};
    for (const std::string_view reason : reasons) {
        const auto end = answer.find(reason);
        if (end == answer.npos) continue;
        const auto begin = answer.rfind(' ', end == 0 ? 0 : end - 1);
        return answer.substr(begin == answer.npos ? 0 : begin + 1,
                             end - (begin == answer.npos ? 0 : begin + 1));
    }
    return "";
}

/// The probe's command can not be run: that says nothing of the service.
void look_at_command(const ServiceFact& service, std::vector<Finding>& findings) {
    const bool is_unhealthy = service.phase == "unhealthy";
    if (service.pid == 0 || (!is_unhealthy && service.phase != "starting")) return;
    const std::string& answer = is_unhealthy ? service.last_answer : service.why;
    const bool is_missing = contains(answer, "exited with code 127");
    if (!is_missing && !contains(answer, "exited with code 126")) return;
    const std::string program = program_in(answer);
    if (program.empty()) return;
    Finding finding;
    finding.id = "probe-command-fails";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = 86;
    finding.confidence = Confidence::sure;
    finding.what = "The command that asks how " + service.name + " is can not be run: " + program +
                   (is_missing ? " is not found." : " may not be executed.");
    finding.evidence = {"devstack says: " + answer};
    finding.fix = (is_missing ? "install " + program + ", or correct"
                              : "make " + program + " executable (chmod +x), or correct") +
                  std::string{" the probe's command of "} + service.name + declared_at(service);
    findings.push_back(std::move(finding));
}

/// The probe asks where nobody is, while the service listens where it should.
void look_at_port(const ServiceFact& service,
                  const DialFact& dial,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const ListenerFact* const door = find_door(service, picture);
    const bool is_refused = std::ranges::any_of(
        dial.addresses, [](const AddressFact& it) { return it.outcome == "refused"; });
    const bool is_elsewhere = is_refused && picture.listeners_on(dial.port).empty() &&
                              is_local(dial.host) && !picture.declares(service, dial.port);
    if (!is_elsewhere || dial.error.empty() || door == nullptr) return;
    Finding finding;
    finding.id = "health-wrong-port";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = 88;
    finding.confidence = Confidence::sure;
    finding.what = "The probe of " + service.name + " asks port " + std::to_string(dial.port) +
                   ", where nothing listens; " + service.name + " listens on port " +
                   std::to_string(door->port) + ".";
    finding.evidence = {
        render_request(dial) + ": " + render_outcome(dial),
        render_endpoint(door->address, door->port) + " is listened on by " + describe(*door)};
    finding.fix = "let the probe of " + service.name + declared_at(service) + " ask port " +
                  std::to_string(door->port);
    findings.push_back(std::move(finding));
}

struct Product {
    std::string_view program;
    std::string_view name;
    std::string_view probe;
};

constexpr std::array<Product, 10> products{
    Product{"redis-server", "Redis", "redis-cli ping"},
    Product{"valkey-server", "Valkey", "valkey-cli ping"},
    Product{"postgres", "PostgreSQL", "pg_isready"},
    Product{"mysqld", "MySQL", "mysqladmin ping"},
    Product{"mariadbd", "MariaDB", "mariadb-admin ping"},
    Product{"memcached", "memcached", ""},
    Product{"mongod", "MongoDB", "mongosh --eval 1"},
    Product{"mosquitto", "Mosquitto (MQTT)", ""},
    Product{"sshd", "sshd", ""},
    Product{"dnsmasq", "dnsmasq", ""},
};

/// A URL asks what does not speak HTTP/1.
void look_at_protocol(const ServiceFact& service,
                      const DialFact& dial,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    const bool is_odd = contains(dial.error, "is not HTTP") ||
                        contains(dial.error, "closed the connection without an answer");
    const auto listeners = picture.listeners_on(dial.port);
    if (!is_odd || listeners.empty()) return;
    const ProcessFact* const process = picture.process(listeners.front()->pid);
    const auto product = std::ranges::find_if(products, [&](const Product& it) {
        return process != nullptr && process->name == it.program;
    });
    const bool is_known = product != products.end();
    // Who only hangs up may be a server of HTTP that fails.
    if (!is_known && !contains(dial.error, "is not HTTP")) return;
    const std::string endpoint = render_endpoint(dial.host, dial.port);
    Finding finding;
    finding.id = "health-wrong-protocol";
    finding.service = service.name;
    finding.topic = "probe";
    finding.strength = is_known ? 86 : 66;
    finding.confidence = is_known ? Confidence::sure : Confidence::probable;
    finding.what = "The health URL of " + service.name + " asks by HTTP/1.1, but what listens on " +
                   endpoint +
                   (is_known ? " is " + std::string{product->name} + ", which does not speak it."
                             : " does not speak it: it may be gRPC (HTTP/2), or a protocol of its "
                               "own.");
    finding.evidence = {render_request(dial) + ": " + render_outcome(dial),
                        endpoint + " is listened on by " + describe(*listeners.front())};
    const std::string command =
        is_known ? std::string{product->probe} : "grpc_health_probe -addr=" + endpoint;
    finding.fix = "ask " + service.name + declared_at(service) + " by health = { tcp = \"" +
                  endpoint + "\" }" +
                  (command.empty() ? "" : ", or by health = { command = \"" + command + "\" }");
    findings.push_back(std::move(finding));
}

}  // namespace

void find_vain_probes(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        look_at_log(service, picture, findings);
        look_at_notify(service, picture, findings);
        look_at_command(service, findings);
        const DialFact* const dial = picture.probe(service);
        if (dial == nullptr || dial->error.empty() || picture.is_well(service)) continue;
        look_at_port(service, *dial, picture, findings);
        look_at_protocol(service, *dial, picture, findings);
    }
}

}  // namespace devstack::core::doctor
