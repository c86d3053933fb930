#include "core/doctor/picture.hpp"

#include "devstack/base/text.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/doctor/service_url.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/probes/url.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace devstack::core::doctor {

namespace {

/// A service that has been starting for less than this is given the benefit of the doubt.
constexpr double young_seconds = 3;

template <typename T, typename Condition>
std::vector<const T*> select(const std::vector<T>& from, Condition condition) {
    std::vector<const T*> found;
    for (const T& it : from) {
        if (condition(it)) found.push_back(&it);
    }
    return found;
}

bool has_failed(const DialFact& dial) {
    return !dial.error.empty() || dial.is_unexpected;
}

/// Not what a client that asks for the wrong thing gets: 401, 404, 405 …
bool is_answered_with_trouble(const DialFact& dial) {
    if (dial.status == 0) return !dial.error.empty();
    return is_server_error(dial) || dial.status == 400 || dial.status == 403 ||
           dial.status == 413 || dial.status == 431;
}

}  // namespace

Picture::Picture(const Facts& facts) : facts_{facts} {}

std::string Picture::shown(const std::string& path) const {
    const std::string base = facts_.project_dir + "/";
    return base.size() > 1 && path.starts_with(base) ? path.substr(base.size()) : path;
}

const ServiceFact* Picture::service(const std::string& name) const {
    const auto found = std::ranges::find(facts_.services, name, &ServiceFact::name);
    return found == facts_.services.end() ? nullptr : &*found;
}

const DialFact* Picture::dial(const std::string& id) const {
    const auto found = std::ranges::find(facts_.dials, id, &DialFact::id);
    return found == facts_.dials.end() ? nullptr : &*found;
}

const DialFact* Picture::behind_nginx(const DialFact& request) const {
    return dial("past nginx: " + request.id);
}

const DialFact* Picture::probe(const ServiceFact& service) const {
    return dial("probe of " + service.name);
}

const ProcessFact* Picture::process(int pid) const {
    const auto found = std::ranges::find(facts_.processes, pid, &ProcessFact::pid);
    return pid == 0 || found == facts_.processes.end() ? nullptr : &*found;
}

std::vector<const ProcessFact*> Picture::processes_of(const std::string& name) const {
    return select(facts_.processes,
                  [&](const ProcessFact& it) { return it.service == name && !it.is_leftover; });
}

std::vector<const ListenerFact*> Picture::listeners_on(int port) const {
    return select(facts_.listeners, [&](const ListenerFact& it) { return it.port == port; });
}

std::vector<const ListenerFact*> Picture::listeners_of(const std::string& name) const {
    return select(facts_.listeners, [&](const ListenerFact& it) { return it.service == name; });
}

std::vector<const ReferenceFact*> Picture::references_of(const std::string& name) const {
    return select(facts_.references, [&](const ReferenceFact& it) { return it.service == name; });
}

const SourceFact* Picture::source(const std::string& file, int line) const {
    const auto found = select(facts_.sources, [&](const SourceFact& it) {
        const bool is_it = it.file == file || it.file.ends_with("/" + file);
        return is_it &&
               std::ranges::find(it.lines, line, &SourceLineFact::number) != it.lines.end();
    });
    return found.size() == 1 ? found.front() : nullptr;
}

const FolderFact* Picture::folder(const std::string& name) const {
    const auto found = std::ranges::find(facts_.folders, name, &FolderFact::service);
    return found == facts_.folders.end() ? nullptr : &*found;
}

const CrashFact* Picture::last_crash(const std::string& name) const {
    const auto found = std::ranges::find(facts_.crashes, name, &CrashFact::service);
    return found == facts_.crashes.end() ? nullptr : &*found;
}

bool Picture::declares(const ServiceFact& service, int port) const {
    const std::string text = std::to_string(port);
    return std::ranges::find(service.ports, text) != service.ports.end();
}

int Picture::silent_port(const ServiceFact& service) const {
    if (service.phase != "ready" || service.phase_seconds < young_seconds) return 0;
    for (const std::string& text : service.ports) {
        int port = 0;
        std::from_chars(text.data(), text.data() + text.size(), port);
        if (port != 0 && listeners_on(port).empty()) return port;
    }
    return 0;
}

const ServiceFact* Picture::owner_of(int port) const {
    for (const ServiceFact& it : facts_.services) {
        if (declares(it, port)) return &it;
    }
    for (const ListenerFact* it : listeners_on(port)) {
        if (!it->service.empty()) return service(it->service);
    }
    return nullptr;
}

bool Picture::is_job(const ServiceFact& service) const {
    const bool is_awaited = std::ranges::any_of(
        facts_.services, [&](const ServiceFact& it) { return needs(it, service); });
    return service.may_end && service.ports.empty() && service.probe.empty() && !is_awaited;
}

bool Picture::is_troubled(const ServiceFact& service) const {
    const std::string& phase = service.phase;
    const DialFact* const answer = probe(service);
    const bool fails = answer != nullptr && has_failed(*answer);
    if (phase == "failed" || phase == "blocked" || phase == "unhealthy" || phase == "backing-off") {
        return true;
    }
    if (has_just_failed(service)) return true;
    if (phase == "completed") return service.kind == "service" && !is_job(service);
    if (phase == "starting" || phase == "preparing") {
        return service.restarts > 0 ||
               (phase == "starting" && service.phase_seconds > young_seconds);
    }
    if (phase == "waiting" || phase == "stopping" || phase == "stopped") return false;
    return fails;
}

bool Picture::is_machine_busy() const {
    return std::ranges::any_of(
        facts_.unseen, [](const std::string& it) { return contains(it, "took too long to look"); });
}

double Picture::seconds_since(const std::string& time) const {
    return seconds_between(time, facts_.time);
}

bool Picture::is_well(const ServiceFact& service) const {
    const DialFact* const answer = probe(service);
    const bool fails = answer != nullptr && has_failed(*answer);
    return service.phase == "ready" && !fails && !has_just_failed(service);
}

bool Picture::has_just_failed(const ServiceFact& service) const {
    if (service.restarts == 0) return false;
    const CrashFact* const crash = last_crash(service.name);
    constexpr std::chrono::duration<double> news = limits::just_failed;
    return crash != nullptr && seconds_between(crash->time, facts_.time) <= news.count();
}

bool Picture::has_just_hung(const ServiceFact& service) const {
    return has_just_failed(service) && is_alive(service) &&
           contains(last_crash(service.name)->why, "unhealthy");
}

const ListenerFact* Picture::find_blocked(const DialFact& dial) const {
    const bool is_no_answer = dial.error == "no answer";
    if (dial.stage != "connect" || (!is_no_answer && dial.error != "connection refused")) {
        return nullptr;
    }
    for (const ListenerFact* it : listeners_on(dial.port)) {
        const ServiceFact* const owner = service(it->service);
        const ProcessFact* const holder = process(it->pid);
        constexpr double settled_seconds = 2;
        const bool is_settled = owner != nullptr && owner->phase == "ready" &&
                                owner->phase_seconds >= settled_seconds && holder != nullptr &&
                                holder->age_seconds >= settled_seconds && holder->state != "T";
        // A full queue gives no answer either.
        if (!is_settled || it->accept_queue > 0) continue;
        const bool is_reached = std::ranges::any_of(dial.addresses, [&](const AddressFact& that) {
            const bool is_v4 = that.address.find(':') == std::string::npos;
            return that.address == it->address || it->address == "::" ||
                   (is_v4 && it->address == "0.0.0.0");
        });
        if (is_reached) return it;
    }
    return nullptr;
}

const ServiceFact* Picture::server_of(const DialFact& dial) const {
    const bool is_here =
        is_local(dial.host) || std::ranges::any_of(dial.addresses, [](const AddressFact& it) {
            return it.outcome == "connected" && is_local(it.address);
        });
    return is_here ? owner_of(dial.port) : nullptr;
}

bool Picture::is_suspect(const ServiceFact& service) const {
    if (!is_well(service)) return true;
    const DialFact* const asked = dial("asked");
    if (asked == nullptr || !is_answered_with_trouble(*asked)) return false;
    const ServiceFact* const first = server_of(*asked);
    std::set<std::string> on_way;
    const std::function<void(const ServiceFact&)> go = [&](const ServiceFact& from) {
        if (!on_way.insert(from.name).second) return;
        for (const ServiceFact& it : facts_.services) {
            if (is_linked(from, it)) go(it);
        }
    };
    if (first != nullptr) go(*first);
    return on_way.contains(service.name);
}

const LineFact* Picture::find_line(const std::string& name,
                                   const std::function<bool(const std::string&)>& condition) const {
    for (const LogFact& log : facts_.logs) {
        if (log.service != name) continue;
        const auto found = std::find_if(log.lines.rbegin(),
                                        log.lines.rend(),
                                        [&](const LineFact& it) { return condition(it.text); });
        if (found != log.lines.rend()) return &*found;
    }
    return nullptr;
}

const LineFact* Picture::find_line_with(const std::string& name, std::string_view text) const {
    return find_line(name, [&](const std::string& line) { return contains(line, text); });
}

bool Picture::mentions(const ServiceFact& service, std::string_view text) const {
    const DialFact* const answer = probe(service);
    if (answer != nullptr && contains(answer->body, text)) return true;
    return contains(service.last_answer, text) || find_line_with(service.name, text) != nullptr;
}

bool Picture::needs(const ServiceFact& from, const ServiceFact& on) const {
    // A plan has no circles.
    return std::ranges::any_of(from.needs, [&](const NeedFact& it) {
        const ServiceFact* const next = service(it.service);
        return it.service == on.name || (next != nullptr && needs(*next, on));
    });
}

bool Picture::is_linked(const ServiceFact& depends, const ServiceFact& on) const {
    const bool needs = std::ranges::any_of(
        depends.needs, [&](const NeedFact& it) { return it.service == on.name; });
    if (needs) return true;
    return std::ranges::any_of(facts_.references, [&](const ReferenceFact& it) {
        if (it.service != depends.name || it.kind == "origin" || !is_local(it.host)) return false;
        const ServiceFact* const owner = owner_of(it.port);
        return owner != nullptr && owner->name == on.name;
    });
}

int end_signal(int exit_code, int exit_signal) {
    constexpr int signal_base = 128;
    constexpr int signal_max = 64;
    if (exit_signal != 0) return exit_signal;
    return exit_code > signal_base && exit_code <= signal_base + signal_max
               ? exit_code - signal_base
               : 0;
}

// ---- Words -------------------------------------------------------------------------------------

std::string describe(const ListenerFact& listener) {
    std::string text = listener.command.empty() ? "a process" : listener.command;
    std::string details;
    const auto add = [&](const std::string& detail) {
        details += (details.empty() ? "" : ", ") + detail;
    };
    if (listener.pid != 0) add("pid " + std::to_string(listener.pid));
    if (!listener.user.empty()) add("user " + listener.user);
    if (!listener.since.empty()) add("since " + listener.since);
    if (!listener.working_dir.empty()) add("in " + listener.working_dir);
    if (listener.pid == 0) add("hidden from us");
    return text + " (" + details + ")";
}

std::string render_endpoint(const std::string& host, int port) {
    return render_host_and_port(host, Port{static_cast<std::uint16_t>(port)});
}

std::string render_request(const DialFact& dial) {
    const std::string endpoint = render_endpoint(dial.host, dial.port);
    if (dial.protocol == "tcp") return "connect to " + endpoint;
    if (dial.protocol != "http" && dial.protocol != "https") {
        return "log in to " + dial.protocol + " at " + endpoint;
    }
    return "GET " + dial.protocol + "://" + endpoint + dial.path;
}

std::string render_outcome(const DialFact& dial) {
    constexpr std::size_t body_shown = 160;
    if (!dial.error.empty()) {
        const std::string code = dial.code.empty() ? "" : " (" + dial.code + ")";
        return dial.error + code;
    }
    if (dial.status == 0) return "connected";
    std::string text = "status " + std::to_string(dial.status);
    std::string body = dial.body.substr(0, body_shown);
    std::ranges::replace(body, '\n', ' ');
    if (!body.empty()) text += ": " + body;
    return text;
}

std::string render_reference(const ReferenceFact& reference) {
    return reference.name + (reference.where.empty() ? "" : " (" + reference.where + ")");
}

std::string render_line(const std::string& service, const LineFact& line) {
    std::string time = line.time;
    if (time.size() > 19 && time[10] == 'T') time = time.substr(11, 8);
    return service + " log" + (time.empty() ? "" : " " + time) + ": " + line.text;
}

double seconds_between(const std::string& from, const std::string& to) {
    const auto begin = parse_timestamp(from, {});
    const auto end = parse_timestamp(to, {});
    if (!begin || !end) return HUGE_VAL;
    return std::chrono::duration<double>(*end - *begin).count();
}

bool is_database(const std::string& scheme) {
    return !product_of(scheme).empty();
}

const ListenerFact* find_product(const std::string& scheme, const Picture& picture) {
    const auto rank = [&](const ListenerFact& it) {
        const bool is_usual = is_database(scheme) && it.port == usual_port(scheme);
        const bool is_named = (scheme == "postgresql" && contains(it.command, "postgres")) ||
                              (scheme == "redis" && contains(it.command, "redis-server")) ||
                              (scheme == "mysql" && (contains(it.command, "mysqld") ||
                                                     contains(it.command, "mariadbd")));
        if (is_named && !it.service.empty()) return 3;
        return is_usual ? 2 : static_cast<int>(is_named);
    };
    const ListenerFact* best = nullptr;
    bool is_only = true;
    for (const ListenerFact& it : picture.facts().listeners) {
        const int better = rank(it) - (best == nullptr ? 0 : rank(*best));
        if (better > 0) {
            best = &it;
            is_only = true;
        } else if (best != nullptr && better == 0 && it.port != best->port) {
            is_only = false;
        }
    }
    return best == nullptr || rank(*best) > 1 || is_only ? best : nullptr;
}

namespace {

/// Too many places tell nothing.
std::string places_of(const std::string& service,
                      const Picture& picture,
                      const std::function<bool(const MentionFact&)>& is_meant) {
    constexpr std::size_t places_max = 3;
    std::vector<std::string> places;
    for (const MentionFact& it : picture.facts().mentions) {
        if (it.service == service && is_meant(it)) places.push_back(it.where);
    }
    return places.empty() || places.size() > places_max ? "" : join_for_people(places);
}

}  // namespace

std::string places_of_port(const std::string& service, int port, const Picture& picture) {
    return places_of(service, picture, [&](const MentionFact& it) { return it.port == port; });
}

std::string places_of_file(const std::string& service,
                           const std::string& file,
                           const Picture& picture) {
    return places_of(
        service, picture, [&](const MentionFact& it) { return it.port == 0 && it.file == file; });
}

void tell_holder_of_port(const ServiceFact& service,
                         const ListenerFact& holder,
                         const std::string& places,
                         Finding& finding) {
    const std::string number = std::to_string(holder.port);
    finding.strength = 86;
    finding.what = service.name + " can not listen on port " + number +
                   (places.empty() ? "" : " (" + places + ")") + ": " + describe(holder) +
                   " holds it.";
    finding.evidence.push_back("ss -ltnp sport = :" + number);
    const std::string other = service.name + " another port";
    finding.fix = holder.pid == 0 ? "devstack ports " + number
                  : holder.service.empty()
                      ? "kill " + std::to_string(holder.pid) + ", or give " + other
                      : "give " + holder.service + " or " + other;
}

const ServiceFact* server_behind(const DialFact& dial, const Picture& picture) {
    if (!is_local(dial.host)) return picture.server_of(dial);
    const DialFact* behind = picture.behind_nginx(dial);
    if (behind == nullptr) behind = picture.dial("past proxy: " + dial.id);
    const ServiceFact* const server = behind == nullptr ? nullptr : picture.owner_of(behind->port);
    return server != nullptr ? server : picture.owner_of(dial.port);
}

std::string seconds_text(double seconds) {
    return seconds < 10 ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.0f} s", seconds);
}

bool is_local(const std::string& host) {
    return host == "localhost" || host == "::1" || host == "0.0.0.0" || host == "::" ||
           host.starts_with("127.") || host.ends_with(".localhost");
}

bool is_server_error(const DialFact& dial) {
    if (dial.status >= 500) return true;
    const bool is_graphql =
        dial.status == 200 && dial.body.starts_with('{') &&
        contains(header_of(dial, "content-type"), "json") && contains(dial.body, "\"errors\":[{") &&
        (contains(dial.body, "\"data\":null") || contains(dial.path, "graphql"));
    if (!is_graphql) return false;
    // What the client has asked wrongly, or may not ask (graphql-js, Apollo Server).
    for (const char* code : {"GRAPHQL_VALIDATION_FAILED",
                             "GRAPHQL_PARSE_FAILED",
                             "BAD_USER_INPUT",
                             "BAD_REQUEST",
                             "UNAUTHENTICATED",
                             "FORBIDDEN",
                             "Cannot query field",
                             "Syntax Error"}) {
        if (contains(dial.body, code)) return false;
    }
    return true;
}

std::string header_of(const DialFact& dial, std::string_view name) {
    const auto found = std::ranges::find(dial.headers, name, &HeaderFact::name);
    return found == dial.headers.end() ? "" : found->value;
}

std::string declared_at(const ServiceFact& service) {
    return service.declared_at.empty() ? "" : " (" + service.declared_at + ")";
}

std::string folder_of(const ServiceFact& service, const Picture& picture) {
    const FolderFact* const folder = picture.folder(service.name);
    return folder == nullptr ? service.working_dir : folder->path;
}

std::string base_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

bool contains_word(std::string_view text, std::string_view word) {
    const auto same = [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

}  // namespace devstack::core::doctor
