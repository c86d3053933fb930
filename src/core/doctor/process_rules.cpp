// Processes that are there and can not work, and processes that have ended.

#include "devstack/base/signal_name.hpp"
#include "devstack/base/text.hpp"
#include "devstack/core/doctor/shell_status.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/traceback.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

std::string last_lines_hint(const ServiceFact& service) {
    return "devstack logs " + service.name;
}

std::string ports_of(const ServiceFact& service) {
    return service.ports.empty() ? "" : "port " + join_for_people(service.ports);
}

void look_for_stopped(const ServiceFact& service,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    for (const ProcessFact* process : picture.processes_of(service.name)) {
        if (process->state != "T") continue;
        Finding finding;
        finding.id = "process-stopped";
        finding.service = service.name;
        finding.topic = "process";
        finding.strength = 96;
        finding.confidence = Confidence::sure;
        const std::string pid = std::to_string(process->pid);
        finding.what = "The process of " + service.name + " (" + process->command + ", pid " + pid +
                       ") is stopped (state T, by SIGSTOP or Ctrl-Z): the kernel still accepts "
                       "connections" +
                       (service.ports.empty() ? "" : " on " + ports_of(service)) +
                       ", but nothing answers.";
        finding.evidence = {"/proc/" + pid + "/stat: state T"};
        finding.fix = "kill -CONT " + pid;
        findings.push_back(std::move(finding));
        return;
    }
}

/// Somebody else's whom a service waits for: a database, a cache.
void look_for_stopped_servers(const Picture& picture, std::vector<Finding>& findings) {
    for (const ReferenceFact& reference : picture.facts().references) {
        const DialFact* const dial = picture.dial(reference.dial);
        if (dial == nullptr || dial->error != "no answer" || !is_local(reference.host)) continue;
        for (const ListenerFact* listener : picture.listeners_on(reference.port)) {
            const ProcessFact* const process = picture.process(listener->pid);
            if (process == nullptr || process->state != "T" || !process->service.empty()) continue;
            const std::string pid = std::to_string(process->pid);
            Finding finding;
            finding.id = "process-stopped";
            finding.service = reference.service;
            finding.topic = "endpoint " + render_endpoint(reference.host, reference.port);
            finding.strength = 96;
            finding.confidence = Confidence::sure;
            finding.what = process->command + " (pid " + pid + "), which " +
                           render_reference(reference) +
                           " names, is stopped (state T, by SIGSTOP "
                           "or Ctrl-Z): the kernel still accepts connections on port " +
                           std::to_string(reference.port) + ", but nothing answers.";
            finding.evidence = {"/proc/" + pid + "/stat: state T",
                                render_request(*dial) + ": no answer"};
            finding.fix = "kill -CONT " + pid;
            findings.push_back(std::move(finding));
        }
    }
}

void look_for_zombies(const ServiceFact& service,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    for (const ProcessFact* process : picture.processes_of(service.name)) {
        if (process->state != "Z") continue;
        const ProcessFact* const parent = picture.process(process->parent);
        if (parent == nullptr || parent->service != service.name) continue;
        const bool is_hit = picture.is_troubled(service) || !picture.is_well(service);
        Finding finding;
        finding.id = "child-died";
        finding.service = service.name;
        finding.topic = "process";
        // Below what its log tells of why it died: a reloader waits for that to be mended.
        const bool is_explained = has_lost_worker_to_error(service, picture);
        finding.strength = is_explained ? 45 : 87;
        finding.confidence = Confidence::sure;
        finding.is_minor = !is_hit;
        finding.what = "A child process of " + service.name + " (" + process->name + ", pid " +
                       std::to_string(process->pid) +
                       ") has died and is a zombie (defunct): its "
                       "parent " +
                       parent->command + " (pid " + std::to_string(parent->pid) +
                       ") lives on and has not waited for it" +
                       (service.ports.empty() || !picture.listeners_of(service.name).empty()
                            ? "."
                            : ", so nothing listens on " + ports_of(service) + ".");
        finding.evidence = {"/proc/" + std::to_string(process->pid) + "/stat: state Z"};
        finding.fix = "devstack restart " + service.name + "; let " + parent->name +
                      " end, or start a new one, when its child dies; see " +
                      last_lines_hint(service) + " for why it died";
        findings.push_back(std::move(finding));
        return;
    }
}

/// The last line that looks like a reason.
/// "    at run (/app/node_modules/core/errors/zone.js:22:13)".
bool is_frame(const std::string& line) {
    const auto begin = line.find_first_not_of(" \t");
    return begin != line.npos && begin > 0 && line.substr(begin).starts_with("at ");
}

const LineFact* find_last_words(const ServiceFact& service, const Picture& picture) {
    const LineFact* const complaint = picture.find_line(service.name, [](const std::string& it) {
        if (is_frame(it)) return false;
        return contains_word(it, "error") || contains_word(it, "fatal") ||
               contains_word(it, "panic") || contains_word(it, "failed") ||
               contains_word(it, "cannot") || contains_word(it, "not found");
    });
    if (complaint != nullptr) return complaint;
    // Lines of a trace begin with blanks.
    return picture.find_line(service.name, [](const std::string& it) {
        return !it.empty() && it.front() != ' ' && it.front() != '\t';
    });
}

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == text.npos) return "";
    return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

/// A runtime may print "Error:" in a line, and what it has to say in those below it.
std::string text_of_last_words(const ServiceFact& service,
                               const LineFact& words,
                               const Picture& picture) {
    const std::string begin = trimmed(words.text);
    if (!begin.ends_with(':')) return words.text;
    for (const LogFact& log : picture.facts().logs) {
        const auto at =
            std::ranges::find_if(log.lines, [&](const LineFact& it) { return &it == &words; });
        if (log.service != service.name || at == log.lines.end()) continue;
        const auto next = std::find_if(
            at + 1, log.lines.end(), [](const LineFact& it) { return !trimmed(it.text).empty(); });
        if (next == log.lines.end() || is_frame(next->text)) break;
        return begin + " " + trimmed(next->text);
    }
    return words.text;
}

/// "; its last words: …"; empty: there are none.
std::string tell_last_words(const ServiceFact& service,
                            const LineFact* words,
                            const Picture& picture) {
    if (words == nullptr) return "";
    return "; its last words: " + text_of_last_words(service, *words, picture);
}

std::string describe_end(const ServiceFact& service) {
    if (service.exit_signal != 0) return "was ended by " + signal_name(service.exit_signal);
    const std::string text = "ended with status " + std::to_string(service.exit_code);
    const int number = end_signal(service.exit_code, 0);
    return number == 0 ? text : text + " (" + signal_name(number) + ")";
}

bool is_crash_signal(const ServiceFact& service) {
    const int number = end_signal(service.exit_code, service.exit_signal);
    for (const int crash : {4, 6, 7, 8, 11}) {
        if (number == crash) return true;
    }
    return false;
}

/// "exited with code 0 and left 1 process behind (pid 27325, bin/daemonize 8605)": devstack has
/// ended it.
bool tell_left_behind(const ServiceFact& service, Finding& finding) {
    const auto at = service.why.find(" behind (");
    if (service.exit_code != 0 || service.exit_signal != 0 || at == std::string::npos) return false;
    finding.id = "daemonises";
    finding.strength = 97;
    finding.confidence = Confidence::sure;
    finding.what =
        service.command + " of " + service.name +
        " forks itself into the background (it daemonizes) and ends with 0; devstack has "
        "ended what it left behind: " +
        service.why.substr(at + 9, service.why.find(')', at) - at - 9) +
        (service.ports.empty() ? "." : ", which was to hold " + ports_of(service) + ".");
    finding.fix = "run it in the foreground (an option like --foreground, --no-daemon, -D)";
    return true;
}

void tell_daemonised(const ServiceFact& service, const ProcessFact& left, Finding& finding) {
    finding.id = "daemonises";
    finding.strength = 91;
    finding.confidence = Confidence::sure;
    finding.what = service.command + " of " + service.name +
                   " forks itself into the background and ends with 0: its daemon (pid " +
                   std::to_string(left.pid) + ", " + left.command + ") runs on unsupervised" +
                   (service.ports.empty() ? "." : " and holds " + ports_of(service) + ".");
    finding.fix =
        "run it in the foreground (an option like --foreground, daemon off, -D), and stop "
        "what runs: kill " +
        std::to_string(left.pid);
}

/// " after 3 h, 4.1 s ago, and has been started again"; empty where that is not so.
std::string describe_restart(const ServiceFact& service, const Picture& picture) {
    const CrashFact* const crash = picture.last_crash(service.name);
    if (crash == nullptr || service.pid == 0 || !picture.has_just_failed(service)) return "";
    return " after " + seconds_text(crash->lived_seconds) + ", " +
           seconds_text(picture.seconds_since(crash->time)) + " ago, and has been started again";
}

/// Of two programs of a pipe, or one behind ||, the status of the second is all that is known.
void tell_hidden_end(const ServiceFact& service,
                     const std::string& hidden,
                     const LineFact* words,
                     const Picture& picture,
                     Finding& finding) {
    finding.id = "status-hidden";
    finding.strength = 56;  // Below the error that its log may tell.
    finding.what =
        service.name + " ends soon after its start, by a status that nobody sees: 0 is that of " +
        hidden + (service.ports.empty() ? "" : ", so nothing listens on " + ports_of(service)) +
        tell_last_words(service, words, picture) + ".";
    finding.fix = (words == nullptr ? "see why it ends: run it by hand; "
                                    : std::string{"see why it ends, by its last words; "}) +
                  "leave that out of the command (devstack keeps the log itself), or bash -c 'set "
                  "-o pipefail; …'";
}

void tell_end(const ServiceFact& service, const Picture& picture, Finding& finding) {
    const std::string hidden = find_hidden_status(script_of(service.command));
    const LineFact* const words = find_last_words(service, picture);
    if (is_crash_signal(service)) {
        finding.id = "crashed";
        finding.strength = 64;
        const CrashFact* const crash = picture.last_crash(service.name);
        const KernelFact* const message =
            crash == nullptr ? nullptr : picture.kernel_message(*crash);
        finding.what = service.name + " (" + service.command + ") " + describe_end(service) +
                       describe_restart(service, picture) + ": it has crashed" +
                       (message == nullptr ? "." : "; " + describe_fault(*message) + ".");
        if (message != nullptr) {
            finding.confidence = Confidence::sure;
            finding.evidence.push_back(render_message(*message));
        }
        finding.fix = "see the core dump (coredumpctl gdb, or gdb PROGRAM core), and " +
                      last_lines_hint(service) + " for what was asked last";
    } else if (service.exit_code == 0 && service.exit_signal == 0 && service.has_been_ready) {
        finding.id = "service-ended";
        finding.strength = 72;
        finding.what =
            service.name + " (" + service.command +
            ") is not running: it was ready, and has ended with status 0, as if it had "
            "been asked to stop" +
            (service.ports.empty() ? "." : "; nothing listens on " + ports_of(service) + ".");
        finding.fix = "devstack start " + service.name +
                      "; with restart = \"always\" devstack does that by itself";
    } else if (service.exit_code == 0 && service.exit_signal == 0 && !hidden.empty()) {
        tell_hidden_end(service, hidden, words, picture, finding);
    } else if (service.exit_code == 0 && service.exit_signal == 0) {
        finding.id = "exits-at-once";
        finding.strength = 71;  // Below what last words tell, if these are known.
        finding.what =
            service.command + " of " + service.name +
            " does its work and ends with status 0: it is no server" +
            (service.ports.empty() ? "" : ", so nothing listens on " + ports_of(service)) +
            tell_last_words(service, words, picture) + ".";
        finding.fix =
            words == nullptr
                ? "use a command that stays in the foreground, or make it a [task] without a port"
                : "see why it ends, by its last words; a server has to stay in the foreground, and "
                  "what only has work to do is a [task]";
    } else {
        finding.id = service.restarts >= 3 ? "crash-loop" : "ends-with-error";
        finding.strength = 45;
        finding.what = service.name + " " + describe_end(service);
        if (service.phase == "ready") {
            finding.what += describe_restart(service, picture);
        } else if (service.restarts > 0) {
            finding.what += " after each start (" +
                            count_of(static_cast<std::size_t>(service.restarts), "restart") + ")";
        }
        finding.what += tell_last_words(service, words, picture);
        if (!finding.what.ends_with('.')) finding.what += ".";
        finding.fix = "see " + last_lines_hint(service) + " and devstack crashes " + service.name;
    }
    if (words != nullptr) finding.evidence.push_back(render_line(service.name, *words));
}

bool has_ended_badly(const ServiceFact& service, const Picture& picture) {
    if (!service.has_exited || service.pid != 0) {
        return service.restarts > 0 && service.has_exited && picture.is_troubled(service);
    }
    if (service.kind == "task" && service.exit_code == 0 && service.exit_signal == 0) return false;
    return true;
}

/// signal(7): by default a program ends that writes where nobody reads any more.
void tell_pipe_end(Finding& finding) {
    finding.what.pop_back();
    finding.what +=
        "; it has written to a connection or pipe whose other end was closed, and does "
        "not ignore SIGPIPE.";
    finding.fix +=
        "; let it ignore SIGPIPE (signal(SIGPIPE, SIG_IGN), or send with MSG_NOSIGNAL), "
        "or the next client that leaves early ends it again";
}

}  // namespace

bool has_lost_worker_to_error(const ServiceFact& service, const Picture& picture) {
    const bool has_lost_one =
        std::ranges::any_of(picture.processes_of(service.name), [&](const ProcessFact* it) {
            const ProcessFact* const parent = picture.process(it->parent);
            return it->state == "Z" && parent != nullptr && parent->service == service.name;
        });
    return has_lost_one && std::ranges::any_of(picture.facts().logs, [&](const LogFact& it) {
               return it.service == service.name && find_last_traceback(it.lines);
           });
}

void find_sick_processes(const Picture& picture, std::vector<Finding>& findings) {
    look_for_stopped_servers(picture, findings);
    for (const ServiceFact& service : picture.facts().services) {
        look_for_stopped(service, picture, findings);
        look_for_zombies(service, picture, findings);
    }
}

void find_bad_ends(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        if (!has_ended_badly(service, picture) || !picture.is_troubled(service)) continue;
        if (picture.has_just_hung(service)) continue;
        Finding finding;
        finding.service = service.name;
        finding.topic = "end";
        const auto left =
            std::ranges::find_if(picture.facts().processes, [&](const ProcessFact& it) {
                return it.is_leftover && it.service == service.name && it.state != "Z";
            });
        if (tell_left_behind(service, finding)) {
        } else if (service.exit_code == 0 && left != picture.facts().processes.end()) {
            tell_daemonised(service, *left, finding);
        } else {
            tell_end(service, picture, finding);
        }
        finding.evidence.insert(finding.evidence.begin(),
                                "devstack says: " + service.name + " is " + service.phase +
                                    (service.why.empty() ? "" : ": " + service.why));
        findings.push_back(std::move(finding));
    }
}

/// It never became ready in the time that it was given, and is started again and again.
void find_slow_starts(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        const CrashFact* const crash = picture.last_crash(service.name);
        const bool is_timed = crash != nullptr && service.start_timeout > 0 &&
                              crash->lived_seconds >= service.start_timeout &&
                              crash->lived_seconds < service.start_timeout * 1.1 + 1 &&
                              (contains(crash->why, "not ready") || crash->signal != 0);
        if (!is_timed || service.has_been_ready || picture.is_well(service)) continue;
        Finding finding;
        finding.id = "slow-start";
        finding.service = service.name;
        finding.topic = "start";
        finding.strength = 66;
        const std::string limit = seconds_text(service.start_timeout);
        finding.what = service.name + " is not ready within its start_timeout of " + limit +
                       ", and is ended" + (service.restarts > 0 ? " and started again" : "") +
                       " for that: it needs longer to start, or "
                       "never listens" +
                       (service.ports.empty() ? "." : " on " + ports_of(service) + ".");
        finding.evidence = {"its last run " + crash->ended + " after " +
                            seconds_text(crash->lived_seconds) +
                            (crash->why.empty() ? "" : ": " + crash->why)};
        if (!service.last_answer.empty()) {
            finding.evidence.push_back("its probe says: " + service.last_answer);
        }
        if (const LineFact* words = find_last_words(service, picture)) {
            finding.evidence.push_back(render_line(service.name, *words));
        }
        finding.fix = "raise start_timeout of " + service.name + declared_at(service) +
                      " above what it needs, if its log shows that it comes up";
        findings.push_back(std::move(finding));
    }
}

void find_what_does_not_run(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        // Down on purpose, or by itself: either way whoever asks for it gets nothing.
        const bool is_served = service.kind == "service" || service.kind == "unit";
        const bool is_down = is_served && service.pid == 0 &&
                             (service.phase == "stopped" || service.phase == "completed");
        const bool is_done = service.phase == "completed" && picture.is_job(service);
        if (!is_down || is_done) continue;
        Finding finding;
        finding.id = "service-not-running";
        finding.service = service.name;
        finding.topic = "end";
        finding.strength = 55;
        finding.confidence = Confidence::sure;
        finding.what =
            service.name + " (" + service.command + ") is not running" +
            (service.has_exited ? ": it " + describe_end(service) : "") +
            (service.ports.empty() ? "." : "; nothing listens on " + ports_of(service) + ".");
        if (!service.why.empty()) {
            finding.evidence.push_back("devstack says: " + service.name + " is " + service.phase +
                                       ": " + service.why);
        }
        finding.fix = "devstack start " + service.name;
        constexpr int sigpipe = 13;
        if (end_signal(service.exit_code, service.exit_signal) == sigpipe) tell_pipe_end(finding);
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
