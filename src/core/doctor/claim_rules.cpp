// Locks on files, pid files, FIFOs: what keeps a program waiting for somebody else, or lets it
// believe that it runs already.

#include "core/doctor/picture.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

std::string render_holder(const ClaimFact& claim) {
    return (claim.command.empty() ? "a process" : claim.command) + " (pid " +
           std::to_string(claim.pid) + (claim.service.empty() ? "" : ", of " + claim.service) + ")";
}

Finding begin(const ServiceFact& service, int strength, Confidence confidence) {
    Finding finding;
    finding.service = service.name;
    finding.topic = "claim";
    finding.strength = strength;
    finding.confidence = confidence;
    return finding;
}

/// The request that somebody asks about passes by it and is not answered, or the client of the
/// waiter has given up waiting.
bool keeps_somebody_waiting(const ServiceFact& service,
                            const ClaimFact& claim,
                            const Picture& picture) {
    const DialFact* const asked = picture.dial("asked");
    const bool is_asked =
        asked != nullptr && asked->error == "no answer" && picture.is_suspect(service);
    return is_asked ||
           std::ranges::any_of(picture.facts().connections, [&](const ConnectionFact& connection) {
               return connection.pid == claim.waiter && connection.state != "established";
           });
}

/// Of PHP's own handler of sessions, which holds the lock from session_start() on (php.net,
/// session_write_close).
bool is_session_file(const ClaimFact& claim) {
    return base_of(claim.path).starts_with("sess_");
}

/// ", which sleeps", ", which waits for db (127.0.0.1:5432)"; empty: it can not be told.
std::string what_holder_does(const ClaimFact& claim, const Picture& picture) {
    for (const ThreadFact& it : picture.facts().threads) {
        if (it.pid != claim.pid) continue;
        if (it.state == "R") return ", which runs";
        if (it.system_call == "nanosleep") return ", which sleeps (nanosleep)";
        if (!it.peer.empty()) return ", which waits for " + it.peer;
        return it.system_call.empty() ? "" : ", which waits in " + it.system_call;
    }
    return "";
}

void tell_waiter(const ServiceFact& service,
                 const ClaimFact& claim,
                 const Picture& picture,
                 Finding& finding) {
    const std::string waiter = std::to_string(claim.waiter);
    const std::string holder = std::to_string(claim.pid);
    finding.id = "waits-for-file-lock";
    finding.what = service.name + " (pid " + waiter + ") waits for the lock on the file " +
                   claim.path + ", which " + render_holder(claim) + " holds.";
    finding.evidence = {"/proc/locks: pid " + waiter + " is blocked by pid " + holder +
                        what_holder_does(claim, picture)};
    if (claim.service != service.name) finding.blames = {claim.service};
    if (is_session_file(claim)) {
        finding.what = "A request to " + service.name + " (pid " + waiter +
                       ") waits for the lock on the session file " + claim.path + ", which " +
                       render_holder(claim) +
                       " holds: PHP answers the requests of one session one after the other, and "
                       "that one does not end.";
        finding.fix = "call session_write_close() before what takes long in the request of pid " +
                      holder +
                      ", or session_start(['read_and_close' => true]) where nothing is "
                      "written; kill " +
                      holder + " for now";
    } else if (claim.service == service.name && !claim.service.empty()) {
        finding.fix = "see what pid " + holder +
                      " does with it: it is of the same service; devstack restart " + service.name +
                      " for now";
    } else {
        finding.fix = "see what pid " + holder +
                      " does with it, and end it if it is a leftover (kill " + holder +
                      "); the lock goes with its holder";
    }
}

/// The kernel says who waits, and who holds.
void look_at_waiters(const ServiceFact& service,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    for (const ClaimFact& claim : picture.facts().claims) {
        const bool is_wait = claim.waiter_service == service.name && claim.waiter != 0;
        const bool is_harmless =
            picture.is_well(service) && !keeps_somebody_waiting(service, claim, picture);
        if (!is_wait || is_harmless) continue;
        Finding finding = begin(service, 91, Confidence::sure);
        tell_waiter(service, claim, picture, finding);
        findings.push_back(std::move(finding));
        return;
    }
}

/// "already running", "could not lock", "PID file exists".
const LineFact* find_refusal(const ServiceFact& service,
                             const ClaimFact& claim,
                             const Picture& picture) {
    return picture.find_line(service.name, [&](const std::string& line) {
        const bool refuses = contains_word(line, "already") || contains_word(line, "lock") ||
                             contains_word(line, "in use") || contains_word(line, "exists") ||
                             contains_word(line, "another") ||
                             contains_word(line, "temporarily unavailable");
        return refuses && contains(line, base_of(claim.path));
    });
}

/// "another instance is running", without the file's name: with only one lock there it is that one.
const LineFact* find_nameless_refusal(const ServiceFact& service, const Picture& picture) {
    const auto locks = std::ranges::count_if(picture.facts().claims, [&](const ClaimFact& it) {
        return it.kind == "lock" && it.service != service.name && it.waiter == 0;
    });
    if (locks != 1) return nullptr;
    return picture.find_line(service.name, [](const std::string& line) {
        return contains_word(line, "another instance") || contains_word(line, "already running") ||
               contains_word(line, "is already locked") ||
               contains_word(line, "could not get lock") ||
               contains_word(line, "failed to acquire lock");
    });
}

void look_at_refusals(const ServiceFact& service,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    if (!service.has_exited || !picture.is_troubled(service)) return;
    for (const ClaimFact& claim : picture.facts().claims) {
        if (claim.service == service.name) continue;  // It has it now.
        // Read with the line that complains.
        if (claim.kind == "unix socket" || claim.kind == "inotify instances") continue;
        const LineFact* line = find_refusal(service, claim, picture);
        if (line == nullptr && claim.kind == "lock") line = find_nameless_refusal(service, picture);
        if (line == nullptr) continue;
        Finding finding = begin(service, 88, Confidence::sure);
        const std::string pid = std::to_string(claim.pid);
        if (claim.kind == "lock") {
            finding.id = "file-lock-held";
            finding.what = service.name + " ends at once, since the lock on " + claim.path +
                           " is held by " + render_holder(claim) + ".";
            finding.fix = "end it if it is a leftover (kill " + pid +
                          "), or let them use different files; the lock goes with its holder";
        } else if (!claim.is_alive) {
            finding.id = "pid-file-stale";
            finding.what = service.name + " believes that it runs already: " + claim.path +
                           " names pid " + pid +
                           ", which does not exist. The file was left behind by a run that did "
                           "not end cleanly.";
            finding.fix = "rm " + claim.path;
        } else {
            finding.id = "pid-file-held";
            finding.what = service.name + " ends at once, since " + claim.path + " names pid " +
                           pid + ", which lives: it is " + render_holder(claim) + ".";
            finding.fix = "stop it (kill " + pid + ") if it is the same program; otherwise the " +
                          "number was given to another one since: rm " + claim.path;
        }
        finding.evidence = {render_line(service.name, *line)};
        if (claim.service != service.name) finding.blames = {claim.service};
        findings.push_back(std::move(finding));
        return;
    }
}

void look_at_fifos(const ServiceFact& service,
                   const Picture& picture,
                   std::vector<Finding>& findings) {
    if (picture.is_well(service)) return;
    for (const ThreadFact& thread : picture.facts().threads) {
        const ProcessFact* const process = picture.process(thread.pid);
        const bool is_own = process != nullptr && process->service == service.name;
        if (!is_own || thread.fifo.empty()) continue;
        const bool wants_reader = thread.fifo_end == "reader";
        Finding finding = begin(service, 90, Confidence::sure);
        finding.id = "fifo-has-no-" + thread.fifo_end;
        finding.what = service.name + " (pid " + std::to_string(thread.pid) +
                       ") stands still in open(): it opens the FIFO " + thread.fifo + " to " +
                       (wants_reader ? "write, and nobody has it open to read."
                                     : "read, and nobody has it open to write.");
        finding.evidence = {"/proc/" + std::to_string(thread.pid) +
                            "/syscall: openat; wait channel " + thread.wait_channel};
        finding.fix = std::string{"start what "} + (wants_reader ? "reads" : "writes") + " " +
                      thread.fifo + ", or open it with O_NONBLOCK or O_RDWR";
        findings.push_back(std::move(finding));
        return;
    }
}

}  // namespace

void find_claims(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        look_at_waiters(service, picture, findings);
        look_at_refusals(service, picture, findings);
        look_at_fifos(service, picture, findings);
    }
}

}  // namespace devstack::core::doctor
