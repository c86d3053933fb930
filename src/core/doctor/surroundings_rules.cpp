// What tells programs who is where, what time it is and how people write: /etc/hosts, name servers,
// clocks, locales.

#include "core/doctor/log_knowledge.hpp"
#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <regex>
#include <sstream>

namespace devstack::core::doctor {

namespace {

Finding begin(const std::string& service, const char* id, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = service;
    finding.strength = strength;
    finding.confidence = Confidence::sure;
    return finding;
}

// ---- /etc/hosts --------------------------------------------------------------------------------

const HostEntryFact* find_entry(const ReferenceFact& reference, const Picture& picture) {
    for (const HostEntryFact& it : picture.facts().host_entries) {
        const bool is_remote = !is_local(it.address) && !it.address.starts_with("127.");
        if (it.name == reference.host && is_remote) return &it;
    }
    return nullptr;
}

void look_at_entry(const ReferenceFact& reference,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    const DialFact* const dial = picture.dial(reference.dial);
    const HostEntryFact* const entry = find_entry(reference, picture);
    if (dial == nullptr || entry == nullptr || dial->stage != "connect") return;
    const std::string endpoint = render_endpoint(reference.host, reference.port);
    // Somebody suffers from it.
    const bool is_told = std::ranges::any_of(findings, [&](const Finding& it) {
        return it.service == reference.service && it.topic == "endpoint " + endpoint &&
               !it.is_minor;
    });
    const bool is_tried =
        std::ranges::find(dial->addresses, entry->address, &AddressFact::address) !=
        dial->addresses.end();
    const ServiceFact* const service = picture.service(reference.service);
    const bool is_suspect = service != nullptr && picture.is_suspect(*service);
    if ((!is_told && !is_suspect) || !is_tried) return;
    const auto here = picture.listeners_on(reference.port);
    Finding finding = begin(reference.service, "hosts-entry-wrong", is_told ? 90 : 72);
    if (!is_told) finding.confidence = Confidence::probable;
    finding.topic = "endpoint " + endpoint;
    finding.what = entry->where + " sends " + entry->name + " to " + entry->address +
                   ", where nobody answers on port " + std::to_string(reference.port) + " (" +
                   dial->error + "): " + render_reference(reference) + " leads " +
                   reference.service + " there";
    const bool is_ours = !here.empty() && !here.front()->service.empty();
    if (is_ours) {
        finding.what += "; " + here.front()->service + " listens on that port of this machine";
    }
    finding.what += ".";
    finding.evidence = {"connect to " + endpoint + ": " + dial->error};
    finding.fix = (is_ours ? "write 127.0.0.1 " + entry->name + " in " + entry->where
                           : "correct " + entry->where + ", or take it out") +
                  "; or correct " + render_reference(reference);
    findings.push_back(std::move(finding));
}

// ---- Name servers ------------------------------------------------------------------------------

void look_at_name_server(const ReferenceFact& reference,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const ServiceFact* const service = picture.service(reference.service);
    const DialFact* const dial = picture.dial(reference.dial);
    const auto& servers = picture.facts().name_servers;
    const bool is_any_there =
        std::ranges::find(servers, std::string{"answers"}, &NameServerFact::outcome) !=
        servers.end();
    const bool is_unknown =
        dial != nullptr && dial->stage == "resolve" && contains(dial->error, "name server");
    if (service == nullptr || !is_unknown || servers.empty() || is_any_there) return;
    if (!picture.is_suspect(*service)) return;
    const NameServerFact& server = servers.front();
    const bool is_silent = server.outcome == "no answer";
    Finding finding = begin(reference.service, "name-server-silent", 90);
    finding.topic = "name server";
    finding.what = "The name " + reference.host + ", where " + render_reference(reference) +
                   " sends " + reference.service + ", can not be looked up: the name server " +
                   server.address + " (" + server.where + ") " +
                   (is_silent ? "does not answer, and who asks it waits for 5 s or more."
                              : "is not there (" + server.outcome + ").");
    finding.evidence = {"look-up of " + reference.host + ": " + dial->error};
    finding.fix = "correct nameserver in " + server.where +
                  ", or start what should answer there (systemd-resolved, dnsmasq, a VPN); a name "
                  "of this machine may as well be in /etc/hosts";
    findings.push_back(std::move(finding));
}

// ---- Clocks ------------------------------------------------------------------------------------

/// "Sat, 28 Nov 2026 16:31:46 GMT" (RFC 9110, 5.6.7) as our timestamps are; empty: it is none.
std::string read_date(const std::string& date) {
    constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::istringstream words{date};
    std::string week_day;
    std::string day;
    std::string month;
    std::string year;
    std::string time;
    words >> week_day >> day >> month >> year >> time;
    const auto found = std::ranges::find(months, std::string_view{month});
    if (!words || found == months.end() || day.size() != 2 || time.size() != 8) return "";
    const auto number = std::to_string(found - months.begin() + 1);
    return year + "-" + (number.size() == 1 ? "0" : "") + number + "-" + day + "T" + time + ".000Z";
}

/// Seconds that an answer's clock is ahead of ours; 0: as good as nothing, or unknown.
double ahead_by(const DialFact& dial, const Picture& picture) {
    const std::string date = read_date(header_of(dial, "date"));
    // What a cache has kept is old.
    if (date.empty() || !header_of(dial, "age").empty()) return 0;
    const double seconds = seconds_between(picture.facts().time, date);
    constexpr double noticeable = 60;
    return std::isfinite(seconds) && std::abs(seconds) >= noticeable ? seconds : 0;
}

/// "60 min behind": as exact as what is compared.
std::string words_for(double seconds) {
    const long minutes = std::lround(std::abs(seconds) / 60);
    const std::string much =
        minutes <= 120 ? std::to_string(minutes) + " min" : std::to_string(minutes / 60) + " h";
    return much + (seconds < 0 ? " behind" : " ahead of");
}

/// Somebody complains of times in its log.
struct Complaint {
    std::string service;  ///< Who suffers.
    std::string by;
    std::vector<std::string> evidence;
};

bool tells_of_clocks(const std::string& line) {
    return std::ranges::any_of(log_knowledge_of_clocks(), [&](const LogKnowledge& known) {
        return contains(line, known.part) &&
               std::regex_search(line, std::regex{std::string{known.pattern}});
    });
}

std::optional<Complaint> find_complaint(const Picture& picture,
                                        const std::vector<Finding>& findings) {
    const DialFact* const asked = picture.dial("asked");
    const ServiceFact* const server =
        asked == nullptr || asked->status < 400 ? nullptr : picture.server_of(*asked);
    const auto found = std::ranges::find(findings, "clocks-disagree", &Finding::id);
    if (found != findings.end()) {
        const std::string& who = server == nullptr ? found->service : server->name;
        return Complaint{who, found->service, found->evidence};
    }
    // Nothing may tell that who is asked calls them: but they have said it because of the request.
    if (server == nullptr) return std::nullopt;
    for (const ServiceFact& service : picture.facts().services) {
        const LineFact* const line = picture.find_line(service.name, tells_of_clocks);
        constexpr double before = -1;  // Some logs tell whole seconds.
        if (line == nullptr || seconds_between(picture.facts().time, line->time) < before) continue;
        return Complaint{server->name, service.name, {render_line(service.name, *line)}};
    }
    return std::nullopt;
}

/// In place of what the log alone tells.
void replace_complaint(Finding finding, std::vector<Finding>& findings) {
    std::erase_if(findings, [](const Finding& it) { return it.id == "clocks-disagree"; });
    findings.push_back(std::move(finding));
}

void look_at_clocks(const Picture& picture, std::vector<Finding>& findings) {
    const auto complaint = find_complaint(picture, findings);
    if (!complaint) return;
    const std::string topic = "clocks-disagree";
    for (const ClockFact& clock : picture.facts().clocks) {
        Finding finding = begin(complaint->service, "clock-shifted", 88);
        finding.topic = topic;
        finding.what = "The clock of " + clock.service + " is shifted by " + clock.shift +
                       " (FAKETIME in the environment of pid " + std::to_string(clock.pid) +
                       "), so that " + complaint->by +
                       " refuses something for its time: two clocks disagree.";
        finding.evidence = complaint->evidence;
        finding.fix = "start " + clock.service +
                      " without faketime (FAKETIME, LD_PRELOAD), or all that talk to it with the "
                      "same, then devstack restart " +
                      clock.service;
        replace_complaint(std::move(finding), findings);
        return;
    }
    for (const DialFact& dial : picture.facts().dials) {
        const double seconds = ahead_by(dial, picture);
        if (seconds == 0) continue;
        Finding finding = begin(complaint->service, "clocks-differ", 86);
        finding.topic = topic;
        finding.what = "The clock of " + render_endpoint(dial.host, dial.port) + " is " +
                       words_for(seconds) +
                       " that of this machine: what is dated by the one is "
                       "wrong to the other.";
        finding.evidence = {render_request(dial) + ": Date: " + header_of(dial, "date")};
        finding.fix = "set both clocks by NTP (timedatectl; date -u shows what they say)";
        replace_complaint(std::move(finding), findings);
        return;
    }
}

// ---- Locales, directories ----------------------------------------------------------------------

/// Which one it is, and who names it (setlocale(3): LC_ALL comes first, LANG last).
void name_locale(const Picture& picture, Finding& finding) {
    const ServiceFact* const service = picture.service(finding.service);
    if (finding.id != "locale-missing" || service == nullptr) return;
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        for (const VariableFact& it : service->variables) {
            if (it.name != name || it.value.empty()) continue;
            finding.what = "The locale " + it.value + ", which " + it.name + " (" + it.where +
                           ") of " + service->name + " names, is not installed here.";
            finding.fix = it.name + "=C.UTF-8 in " + it.where +
                          ", or install it (locale -a lists what there is; locale-gen " + it.value +
                          ")";
            return;
        }
    }
}

/// What a script looks for after a cd that has failed is looked for in the wrong place.
void drop_what_follows_from_cd(std::vector<Finding>& findings) {
    std::vector<std::string> services;
    for (const Finding& it : findings) {
        const bool is_cd =
            it.id == "directory-missing" && contains(it.what, " changes to the directory ");
        if (is_cd) services.push_back(it.service);
    }
    std::erase_if(findings, [&](const Finding& it) {
        return it.id == "file-missing" && std::ranges::find(services, it.service) != services.end();
    });
}

}  // namespace

void find_what_surroundings_tell(const Picture& picture, std::vector<Finding>& findings) {
    for (const ReferenceFact& reference : picture.facts().references) {
        look_at_entry(reference, picture, findings);
        look_at_name_server(reference, picture, findings);
    }
    look_at_clocks(picture, findings);
    for (Finding& finding : findings)
        name_locale(picture, finding);
    drop_what_follows_from_cd(findings);
}

}  // namespace devstack::core::doctor
