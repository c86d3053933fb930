// What goes on in a database: who waits for whose lock, whose pool is used up by transactions that
// nobody ends, where a table is that somebody misses.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <set>

namespace devstack::core::doctor {

namespace {

std::string server_of(const ReferenceFact& reference) {
    return product_of(reference.scheme) + " at " + render_endpoint(reference.host, reference.port);
}

/// Somebody asks about a request that gets no answer on its way through the service.
bool is_silent(const ServiceFact& service, const Picture& picture) {
    const DialFact* const asked = picture.dial("asked");
    return picture.is_troubled(service) ||
           (asked != nullptr && asked->error == "no answer" && picture.is_suspect(service));
}

// ---- Locks -------------------------------------------------------------------------------------

std::string render_query(const std::string& query) {
    return query.empty() ? "a query" : "\"" + query + "\"";
}

/// "api (pid 812 of PostgreSQL)".
std::string render_backend(const std::string& name, int id, const ReferenceFact& reference) {
    const bool is_postgres = reference.scheme == "postgresql";
    return (name.empty() ? "a client" : name) + " (" + (is_postgres ? "pid " : "connection ") +
           std::to_string(id) + " of " + product_of(reference.scheme) + ")";
}

/// Everybody waits for the one at the end of the chain.
const LockWaitFact& find_last(const std::vector<LockWaitFact>& waits) {
    const LockWaitFact* last = &waits.front();
    for (std::size_t i = 0; i < waits.size(); ++i) {
        const auto next = std::ranges::find(waits, last->blocker_pid, &LockWaitFact::pid);
        if (next == waits.end()) break;
        last = &*next;
    }
    return *last;
}

/// Who waits, or else of those that name this database the first that somebody misses; null: nobody
/// suffers from it.
const ServiceFact* find_victim(const DialFact& dial, const LockWaitFact& last, const Picture& it) {
    const ServiceFact* waiting = nullptr;
    const ServiceFact* missed = nullptr;
    for (const ReferenceFact& reference : it.facts().references) {
        const ServiceFact* const service = it.service(reference.service);
        if (reference.dial != dial.id || service == nullptr) continue;
        const bool waits = std::ranges::any_of(
            dial.lock_waits, [&](const LockWaitFact& wait) { return wait.who == service->name; });
        const bool is_missed = is_silent(*service, it);
        if (waits && is_missed) return service;
        if (waits && waiting == nullptr) waiting = service;
        const bool may_wait = service->name != last.blocker;
        if (is_missed && may_wait && missed == nullptr) missed = service;
    }
    if (missed != nullptr) return missed;
    // Nobody goes on with that transaction; what is at work is done one day.
    constexpr int long_seconds = 3;
    const bool is_left = last.blocker_state.starts_with("idle in transaction") &&
                         last.blocker_seconds >= long_seconds && last.seconds >= long_seconds;
    return is_left ? waiting : nullptr;
}

std::string describe_blocker(const LockWaitFact& wait, const ReferenceFact& reference) {
    if (wait.blocker_pid == 0) return "another connection, which holds the lock";
    return render_backend(wait.blocker, wait.blocker_pid, reference) + ", which has been " +
           (wait.blocker_state.empty() ? "there" : wait.blocker_state) + " for " +
           seconds_text(wait.blocker_seconds);
}

void look_at_lock_waits(const ReferenceFact& reference,
                        const DialFact& dial,
                        const Picture& picture,
                        std::vector<Finding>& findings) {
    if (dial.lock_waits.empty()) return;
    const LockWaitFact& wait = find_last(dial.lock_waits);
    const ServiceFact* const victim = find_victim(dial, wait, picture);
    if (victim == nullptr || victim->name != reference.service) return;
    const bool is_other = !wait.who.empty() && wait.who != victim->name;
    Finding finding;
    finding.id = "database-lock-wait";
    finding.service = victim->name;
    finding.topic = "lock wait";
    finding.strength = 86;
    finding.what = "Queries of " + victim->name + " wait for a lock in " + server_of(reference) +
                   ": " + render_query(wait.query) + (is_other ? " of " + wait.who : "") +
                   " has waited for " + seconds_text(wait.seconds) + " for " +
                   describe_blocker(wait, reference) + ".";
    if (!wait.blocker_query.empty()) {
        finding.evidence = {"its last query: " + wait.blocker_query};
    }
    for (const LockWaitFact& it : dial.lock_waits) {
        constexpr std::size_t evidence_max = 4;
        if (finding.evidence.size() == evidence_max) break;
        const bool is_postgres = reference.scheme == "postgresql";
        finding.evidence.push_back(render_backend(it.who, it.pid, reference) + " waits for " +
                                   (it.blocker_pid == 0 ? "somebody"
                                                        : (is_postgres ? "pid " : "connection ") +
                                                              std::to_string(it.blocker_pid)) +
                                   ": " + it.query);
    }
    const std::string id = std::to_string(wait.blocker_pid);
    // Of a session, not of a transaction: PostgreSQL, 13.3.5.
    const bool is_advisory =
        contains(wait.query, "pg_advisory_lock") || contains(wait.query, "pg_try_advisory_lock");
    finding.fix = is_advisory
                      ? "let that session give its advisory lock back (pg_advisory_unlock, or take "
                        "it with pg_advisory_xact_lock), or end"
                      : "let that transaction end (commit or roll back in the code that began it)";
    if (wait.blocker_pid == 0) {
        finding.fix += "; SHOW ENGINE INNODB STATUS, as a user with PROCESS, tells whose it is";
    } else {
        finding.fix += reference.scheme == "postgresql"
                           ? "; for now: SELECT pg_terminate_backend(" + id + ")"
                           : "; for now: KILL " + id;
    }
    findings.push_back(std::move(finding));
}

// ---- Pools -------------------------------------------------------------------------------------

/// All connections of a service are in the middle of transactions: its next query finds none.
void look_at_transactions(const ReferenceFact& reference,
                          const DialFact& dial,
                          const Picture& picture,
                          std::vector<Finding>& findings) {
    constexpr std::size_t sessions_min = 2;
    constexpr int idle_seconds = 1;
    const ServiceFact* const service = picture.service(reference.service);
    if (service == nullptr || !is_silent(*service, picture)) return;
    std::vector<const SessionFact*> own;
    int longest = 0;
    for (const SessionFact& it : dial.sessions) {
        if (it.service != service->name) continue;
        if (!it.state.starts_with("idle in transaction") || it.seconds < idle_seconds) return;
        own.push_back(&it);
        longest = std::max(longest, it.seconds);
    }
    if (own.size() < sessions_min) return;
    const std::string count = std::to_string(own.size());
    Finding finding;
    finding.id = "pool-used-up";
    finding.service = service->name;
    finding.topic = "pool";
    finding.strength = 84;
    finding.what =
        "All " + count + " connections of " + service->name + " to " + server_of(reference) +
        " are in transactions that nobody goes on with (idle in transaction, up to " +
        seconds_text(longest) + "): its pool is used up, and requests wait for a connection.";
    for (const SessionFact* it : own) {
        constexpr std::size_t evidence_max = 4;
        if (finding.evidence.size() == evidence_max) break;
        finding.evidence.push_back("pid " + std::to_string(it->id) +
                                   " of PostgreSQL: " + it->state + " for " +
                                   seconds_text(it->seconds) + ", last query: " + it->query);
    }
    finding.fix =
        "commit or roll back on every way out of the code that began them (an early return, an "
        "error); for now: devstack restart " +
        service->name;
    findings.push_back(std::move(finding));
}

bool is_pooler(const ListenerFact& listener) {
    return contains(listener.command, "pgbouncer") || contains(listener.command, "pgcat") ||
           contains(listener.command, "odyssey") || contains(listener.command, "pgpool");
}

/// A pooler lets everybody in, and gives queries a connection of its own when it has one left.
void look_at_pooler(const ReferenceFact& reference,
                    const DialFact& dial,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    constexpr double long_seconds = 0.4;
    const ServiceFact* const service = picture.service(reference.service);
    if (!dial.is_query_unanswered || service == nullptr || picture.is_machine_busy()) return;
    const auto listeners = picture.listeners_on(reference.port);
    const auto pooler =
        std::ranges::find_if(listeners, [](const ListenerFact* it) { return is_pooler(*it); });
    if (pooler == listeners.end() || dial.seconds < long_seconds) return;
    if (!is_silent(*service, picture)) return;
    std::vector<std::string> clients;
    for (const StoreClientFact& it : dial.clients)
        clients.push_back(std::to_string(it.count) + " of " + it.service);
    Finding finding;
    finding.id = "pool-used-up";
    finding.service = service->name;
    finding.topic = "pool";
    finding.strength = 84;
    finding.what = "The pooler at " + render_endpoint(reference.host, reference.port) + " (" +
                   describe(**pooler) + ") lets " + service->name +
                   " log in and has no connection to PostgreSQL left for its queries: others hold "
                   "all of its pool.";
    finding.evidence = {"log-in as " + service->name +
                        " would do it: accepted; a query: no answer "
                        "within " +
                        seconds_text(dial.seconds)};
    if (!clients.empty()) {
        finding.evidence.push_back("connected to it: " + join_for_people(clients));
    }
    finding.fix =
        "see who holds them (SHOW CLIENTS and SHOW SERVERS in the database pgbouncer); raise "
        "default_pool_size, let pool_mode be transaction, and let who listens for notifications, "
        "or "
        "keeps a session otherwise, connect to PostgreSQL itself";
    findings.push_back(std::move(finding));
}

// ---- Tables ------------------------------------------------------------------------------------

/// "orders" of "relation orders of postgresql://…".
std::string relation_of(const DialFact& dial, const std::string& of) {
    constexpr std::string_view begin = "relation ";
    const std::string end = " of " + of;
    if (!dial.id.starts_with(begin) || !dial.id.ends_with(end)) return "";
    return dial.id.substr(begin.size(), dial.id.size() - begin.size() - end.size());
}

/// A table that is missed is there: in a schema where the client does not look, or in another case.
void look_at_relation(const ReferenceFact& reference,
                      const DialFact& dial,
                      const std::string& name,
                      std::vector<Finding>& findings) {
    if (dial.places.empty()) return;
    const std::string& place = dial.places.front();
    const std::string schema = place.substr(0, place.find('.'));
    const std::string found = place.substr(schema.size() + 1);
    Finding finding;
    finding.service = reference.service;
    finding.topic = "table-missing";
    finding.strength = 82;
    finding.evidence = {server_of(reference) + ": search_path of " + reference.service + " is " +
                        dial.search_path + ", and there is " + join_for_people(dial.places)};
    if (found != name) {
        finding.id = "table-name-case";
        finding.what =
            "The table that " + reference.service + " asks for as " + name + " is " + found +
            " in " + server_of(reference) +
            ": PostgreSQL tells capitals apart, and takes names without quotes for small "
            "letters.";
        finding.fix = "write \"" + found + "\" in quotes, or let the model name the table so";
    } else {
        const bool is_set =
            contains(reference.path, "search_path") || contains(reference.path, "chema=");
        finding.id = "table-in-other-schema";
        finding.what = "The table " + name + " that " + reference.service + " asks for is in the " +
                       "schema " + schema + " of " + server_of(reference) + ", where " +
                       reference.service + " does not look: its search_path is " +
                       dial.search_path +
                       (is_set ? ", by " + render_reference(reference) : std::string{}) + ".";
        finding.fix = (is_set ? "correct the schema in " + render_reference(reference)
                              : "write " + schema + "." + name + ", or ALTER ROLE " +
                                    reference.user + " SET search_path = " + schema + ", public") +
                      ", or move the table: ALTER TABLE " + place + " SET SCHEMA …";
    }
    findings.push_back(std::move(finding));
}

void look_at_relations(const ReferenceFact& reference,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    for (const DialFact& dial : picture.facts().dials) {
        const std::string name = relation_of(dial, reference.dial);
        const ServiceFact* const service = picture.service(reference.service);
        if (name.empty() || service == nullptr) continue;
        const bool is_missed = picture.find_line(service->name, [&](const std::string& line) {
            return contains(line, name) && contains(line, "does not exist");
        }) != nullptr;
        // A service that is well has done without it.
        const bool may_matter = !picture.is_well(*service) || picture.is_suspect(*service) ||
                                std::ranges::any_of(findings, [&](const Finding& it) {
                                    return it.id == "table-missing" && it.service == service->name;
                                });
        if (is_missed && may_matter) look_at_relation(reference, dial, name, findings);
    }
}

// ---- Packets -----------------------------------------------------------------------------------

/// The server breaks the connection off, which is all that some clients hear of it.
void look_at_packets(const LogFact& log, const Picture& picture, std::vector<Finding>& findings) {
    constexpr double recent_seconds = 60;
    const LineFact* const line = picture.find_line(log.service, [](const std::string& it) {
        return contains(it, "Aborted connection") && contains(it, "max_allowed_packet");
    });
    const ServiceFact* const server = picture.service(log.service);
    if (line == nullptr || server == nullptr) return;
    if (picture.seconds_since(line->time) > recent_seconds) return;
    std::set<std::string> clients;
    for (const ReferenceFact& it : picture.facts().references) {
        const ServiceFact* const owner = picture.owner_of(it.port);
        if (owner == server && is_local(it.host) && it.service != server->name) {
            clients.insert(it.service);
        }
    }
    if (clients.size() != 1) return;
    Finding finding;
    finding.id = "database-packet-too-large";
    finding.service = *clients.begin();
    finding.topic = finding.id;
    finding.strength = 70;
    finding.what = finding.service + " sends " + server->name +
                   " more in one statement than its max_allowed_packet allows; it breaks the "
                   "connection off.";
    finding.evidence = {render_line(log.service, *line)};
    finding.fix = "raise it where " + server->name + " is started" + declared_at(*server) +
                  " (max_allowed_packet = 64M below [mysqld], or --max-allowed-packet=64M), or "
                  "send less at a "
                  "time";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_session_troubles(const Picture& picture, std::vector<Finding>& findings) {
    for (const ReferenceFact& reference : picture.facts().references) {
        const DialFact* const dial = picture.dial(reference.dial);
        if (dial == nullptr || !is_database(reference.scheme)) continue;
        look_at_lock_waits(reference, *dial, picture, findings);
        look_at_transactions(reference, *dial, picture, findings);
        look_at_pooler(reference, *dial, picture, findings);
        look_at_relations(reference, picture, findings);
    }
    for (const LogFact& log : picture.facts().logs)
        look_at_packets(log, picture, findings);
}

}  // namespace devstack::core::doctor
