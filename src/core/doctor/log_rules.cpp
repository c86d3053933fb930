// What services say themselves. Always weaker than a fact: what a port scan or a dial contradicts
// is not told here.

#include "devstack/base/text.hpp"
#include "devstack/core/logs/line_pattern.hpp"

#include "core/doctor/failed_requests.hpp"
#include "core/doctor/log_course.hpp"
#include "core/doctor/log_knowledge.hpp"
#include "core/doctor/log_reading.hpp"
#include "core/doctor/setting_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// Class files of version 61 are Java 17's, and so on: JVM specification, table 4.1-A.
std::string java_of_class_file(const std::string& version) {
    int number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    constexpr int offset = 44;
    return std::to_string(number - offset);
}

/// `name` is what the one is called whose words they are.
std::string fill(std::string_view form,
                 const std::smatch& found,
                 const ServiceFact& service,
                 const std::string& name,
                 const Picture& picture) {
    std::string text{form};
    for (std::size_t i = 1; i < found.size(); ++i) {
        text = replace_all(std::move(text), "{" + std::to_string(i) + "}", found[i].str());
        text = replace_all(std::move(text),
                           "{java " + std::to_string(i) + "}",
                           java_of_class_file(found[i].str()));
    }
    text = replace_all(std::move(text), "{service}", name);
    const FolderFact* const folder = picture.folder(service.name);
    text = replace_all(std::move(text), "{folder}", folder_of(service, picture));
    std::string migrate = "apply the migrations";
    if (folder != nullptr && !folder->migrate_command.empty()) {
        migrate += ": " + folder->migrate_command + " in " + folder->path;
    }
    text = replace_all(std::move(text), "{migrate}", migrate);
    text = fill_settings(std::move(text), found, service, picture);
    // What was caught may end with a full stop of its own.
    if (text.ends_with("..") && !text.ends_with("...")) text.pop_back();
    return text;
}

/// Another line of it says the same, and more.
bool is_said_better(const LogKnowledge& known,
                    const std::smatch& found,
                    const ServiceFact& service,
                    const Picture& picture) {
    if (known.part == "ClassNotFoundException") {
        const std::string main = "Could not find or load main class " + found[1].str();
        return picture.find_line_with(service.name, main) != nullptr;
    }
    if (known.id != "fpm-config" || known.part != "failed to load configuration file") return false;
    static const std::regex place{R"(ERROR: \[[^\s:\]]+:\d+\] )"};
    return picture.find_line(service.name, [](const std::string& it) {
        return contains(it, "ERROR: [") && std::regex_search(it, place);
    }) != nullptr;
}

/// It answers its probe, and nobody has been promised anything on that port: a profiler's.
bool does_without(const ServiceFact& service, int port, const Picture& picture) {
    return picture.is_well(service) && picture.probe(service) != nullptr &&
           !picture.declares(service, port) && !picture.is_suspect(service) &&
           picture.facts().subject.port != port;
}

/// A port that nobody holds now was held then; one that the service itself holds says nothing.
bool is_contradicted(const LogKnowledge& known,
                     const std::smatch& found,
                     const ServiceFact& service,
                     const Picture& picture) {
    if (known.id == "port-in-use" && found.size() > 1) {
        int port = 0;
        const std::string text = found[1].str();
        std::from_chars(text.data(), text.data() + text.size(), port);
        const auto listeners = picture.listeners_on(port);
        if (listeners.empty() && picture.is_well(service)) return true;
        if (does_without(service, port, picture)) return true;
        return std::ranges::any_of(
            listeners, [&](const ListenerFact* it) { return it->service == service.name; });
    }
    if (known.id == "too-many-open-files") {
        const auto processes = picture.processes_of(service.name);
        const auto has_room = [](const ProcessFact* it) {
            return it->open_files_limit > 0 && it->open_files < it->open_files_limit * 8 / 10;
        };
        return !processes.empty() && std::ranges::all_of(processes, has_room);
    }
    // What a server writes of its clients, or of tables of its own; clients say it themselves.
    if (known.id == "database-too-many-connections" || known.id == "table-missing" ||
        known.id == "column-missing") {
        return is_database_server(service);
    }
    // It was short of them once; now nobody waits.
    if (known.id == "workers-exhausted" && picture.is_well(service)) {
        const auto listeners = picture.listeners_of(service.name);
        return !listeners.empty() && std::ranges::none_of(listeners, [](const ListenerFact* it) {
            return it->accept_queue > 0;
        });
    }
    // Django's development server only warns of it, and ends for something else.
    if (known.id == "migrations-pending" && service.has_exited) {
        return picture.find_line_with(service.name, "port is already in use") != nullptr;
    }
    if (known.id == "variable-missing" && found.size() > 1) {
        const auto variable =
            std::ranges::find(service.variables, found[1].str(), &VariableFact::name);
        return variable != service.variables.end() && !variable->is_empty;
    }
    return false;
}

std::string topic_of(const LogKnowledge& known, const std::smatch& found) {
    const std::string caught = found.size() > 1 ? found[1].str() : "";
    if (known.id == "port-in-use") return "port " + caught;
    if (known.id == "variable-missing") return "variable " + caught;
    return std::string{known.id};
}

/// It does not say which port; the one that it declares may be told apart from others.
void add_declared_ports(const ServiceFact& service, const Picture& picture, Finding& finding) {
    for (const std::string& text : service.ports) {
        int port = 0;
        std::from_chars(text.data(), text.data() + text.size(), port);
        if (port == 0 || !picture.listeners_on(port).empty()) continue;
        finding.evidence.push_back("nobody listens on port " + text +
                                   ", which it declares: it is another port that it wants, or "
                                   "its holder has gone");
    }
}

/// Ports that the command names: "127.0.0.1:8000", "--port 8000".
std::vector<int> ports_in(const std::string& command) {
    std::vector<int> ports;
    static const std::regex number{R"((?:^|[\s:=])(\d{2,5})(?=$|\s))"};
    for (std::sregex_iterator it{command.begin(), command.end(), number}, end; it != end; ++it)
        ports.push_back(std::stoi((*it)[1].str()));
    // What Django's development server listens on when it is told nothing.
    if (contains(command, "runserver")) ports.push_back(8000);
    return ports;
}

void tell_holder(const ServiceFact& service,
                 const std::smatch& found,
                 const Picture& picture,
                 Finding& finding) {
    const bool is_named = found.size() > 1;
    for (const int port : ports_in(is_named ? " " + found[1].str() : service.command)) {
        for (const ListenerFact* it : picture.listeners_on(port)) {
            if (it->service == service.name) continue;
            tell_holder_of_port(service, *it, "", finding);
            return;
        }
    }
    if (!is_named) add_declared_ports(service, picture, finding);
}

void tell_locker(const ServiceFact& service, const Picture& picture, Finding& finding) {
    for (const ClaimFact& claim : picture.facts().claims) {
        if (claim.kind != "database lock" || claim.service == service.name) continue;
        const std::string who = claim.service.empty() ? "" : claim.service + ", ";
        finding.strength = 80;
        finding.what = "The SQLite database " + claim.path + " of " + service.name +
                       " is locked: " + who + claim.command + " (pid " + std::to_string(claim.pid) +
                       ") is in a transaction that writes.";
        finding.evidence.push_back("/proc/locks: a write lock of pid " + std::to_string(claim.pid));
        finding.fix =
            "let it commit sooner (keep transactions short), use WAL (PRAGMA journal_mode=WAL) and "
            "a "
            "busy_timeout; for now: kill " +
            std::to_string(claim.pid);
        return;
    }
}

/// Adds where the code is that failed, if the line is of the trace that tells so.
void add_place(const std::optional<Traceback>& trace,
               const LineFact& line,
               const Picture& picture,
               Finding& finding) {
    if (!trace || trace->file.empty() || !is_of_trace(line, *trace)) return;
    std::string place = render_place(*trace, picture);
    if (!trace->function.empty() && trace->function != "<module>") {
        place += " (" + trace->function + ")";
    }
    if (!trace->code.empty())
        place += ": " + trace->code.substr(trace->code.find_first_not_of(' '));
    finding.evidence.push_back("it happens in " + place);
}

/// Those that some line has asked for: it costs more to compile one than to search it.
using Patterns = std::map<const LogKnowledge*, std::regex>;

const std::regex& pattern_of(const LogKnowledge& known, Patterns& patterns) {
    const auto found = patterns.find(&known);
    if (found != patterns.end()) return found->second;
    return patterns.emplace(&known, std::regex{known.pattern.data(), known.pattern.size()})
        .first->second;
}

/// Rights are no passing trouble: whoever is refused something while it serves will be again.
bool is_about_rights(const LogKnowledge& known,
                     const ServiceFact& service,
                     const LineFact& line,
                     const Picture& picture) {
    constexpr double recent_seconds = 120;
    if (known.id != "permission-denied" && known.id != "sqlite-can-not-open" &&
        known.id != "sqlite-read-only" && known.id != "redis-no-permission" &&
        known.id != "broker-permission-denied") {
        return false;
    }
    const double age = picture.seconds_since(line.time);
    return age <= recent_seconds && age < service.phase_seconds;
}

/// What a service that is well otherwise said long ago is not why a request fails now.
bool may_explain(const ServiceFact& service, const LineFact& line, const Picture& picture) {
    constexpr double recent_seconds = 120;
    if (!picture.is_well(service)) return true;
    return picture.is_suspect(service) && picture.seconds_since(line.time) <= recent_seconds;
}

/// Of a service that is well: it says itself that it goes on without, or the request that somebody
/// asks about is answered. The page of a bundle that can not be built is answered, too.
bool is_done_without(const LogKnowledge& known, const LineFact& line, const Reading& reading) {
    const Picture& picture = reading.picture;
    const DialFact* const asked = picture.dial("asked");
    const bool is_answered = asked != nullptr && asked->status != 0 && asked->status < 400 &&
                             !is_server_error(*asked) && known.id != "import-unresolved";
    const bool is_handled =
        reading.trace && is_of_trace(line, *reading.trace) && says_it_goes_on(*reading.trace);
    return picture.is_well(reading.service) &&
           (is_answered || is_handled || says_it_goes_on(line.text));
}

/// Of a service that is well and that nobody asks about: its access log tells of a failed request.
bool has_failed_request_now(const LineFact& line, const Reading& reading) {
    return is_of_failed_answer(line, reading.failed) && !says_it_goes_on(line.text) &&
           !is_database_server(reading.service);
}

/// A server that forks its workers goes on without what they can not load, for ever (Plack, puma):
/// that it gives no answer is the same thing.
bool leaves_no_worker(const LogKnowledge& known, const LineFact& line) {
    return contains(line.text, "Error while loading ") || known.id == "worker-can-not-start";
}

/// rustc and javac tell what is wrong in a line before the place; of a warning it is none.
std::string rust_error_before(const LogFact& log, const LineFact& line) {
    static const std::regex error{R"(^error(?:\[E\d+\])?: .+)"};
    const auto at = static_cast<std::size_t>(&line - log.lines.data());
    constexpr std::size_t lines_before_max = 3;
    for (std::size_t i = at; i-- > 0 && at - i <= lines_before_max;) {
        const std::string& text = log.lines[i].text;
        if (std::regex_search(text, error)) return text;
        if (text.starts_with("warning: ") || text.starts_with("note: ")) break;
    }
    return "";
}

/// A program may do without a file: it matters where it is its last word.
bool is_last_word(const LineFact& line, const Reading& reading) {
    constexpr std::ptrdiff_t lines_after_max = 3;
    const LineFact* const end = reading.log.lines.data() + reading.log.lines.size();
    return end - &line <= lines_after_max + 1 ||
           (reading.trace && is_of_trace(line, *reading.trace));
}

/// Some servers hide why a module can not be imported, and say the same of one that is not there.
void tell_failing_import(const std::smatch& found, const Reading& reading, Finding& finding) {
    const std::string name = found.size() > 1 ? found[1].str() : "";
    const auto& modules = reading.picture.facts().modules;
    const bool is_there = std::ranges::any_of(modules, [&](const ModuleFact& it) {
        return it.service == reading.service.name && it.name == name;
    });
    if (!is_there || !contains(finding.evidence[0], "Could not import module")) return;
    const std::string folder = folder_of(reading.service, reading.picture);
    finding.id = "app-module-fails";
    finding.what =
        "The module " + name + ", which " + reading.service.name +
        " is told to load, is there, and its import fails; the server does not say why (" +
        "modules that import each other in a circle, a package that is missing).";
    finding.fix = "cd " + folder + " && python3 -c \"import " + name + "\" tells why";
}

/// What the pattern of a line can not say. False: then it is no finding.
bool complete(const LogKnowledge& known,
              const std::smatch& found,
              const LineFact& line,
              const Reading& reading,
              Finding& finding) {
    if (known.id == "port-in-use") {
        tell_holder(reading.service, found, reading.picture, finding);
    }
    if (known.id == "database-locked") tell_locker(reading.service, reading.picture, finding);
    if (known.id == "asgi-app-not-found") tell_failing_import(found, reading, finding);
    if (known.is_last_word && !is_last_word(line, reading)) return false;
    if (is_taken_back(known, line, reading)) return false;
    if (known.id == "compile-error" && known.part == "--> ") {
        const std::string error = rust_error_before(reading.log, line);
        if (error.empty()) return false;
        finding.what =
            found[1].str() + " does not compile: line " + found[2].str() + ", " + error + ".";
    }
    return true;
}

void read_line(const Reading& reading,
               const LineFact& line,
               Patterns& patterns,
               std::vector<Finding>& findings) {
    const ServiceFact& service = reading.service;
    const Picture& picture = reading.picture;
    for (const LogKnowledge& known : log_knowledge()) {
        if (!contains(line.text, known.part)) continue;
        const bool is_port = known.id == "port-in-use";
        const bool may_count =
            (known.is_lasting && !is_done_without(known, line, reading)) || is_port ||
            is_about_rights(known, service, line, picture) || may_explain(service, line, picture) ||
            is_state(known) || is_said_again(known, line, reading) ||
            fails_now(known, line, reading) || has_failed_request_now(line, reading) ||
            (reading.is_unhandled && is_of_trace(line, *reading.trace));
        if (!may_count) continue;
        std::smatch found;
        if (!std::regex_search(line.text, found, pattern_of(known, patterns))) continue;
        // A server that goes on without its port is no better off.
        if (is_port && found.size() == 1 && !may_explain(service, line, picture)) continue;
        if (is_contradicted(known, found, service, picture)) {
            // A less exact form would say the same of that port.
            if (is_port) return;
            continue;
        }
        if (is_said_better(known, found, service, picture)) continue;
        const Teller teller = teller_of(service, line.text, picture);
        Finding finding;
        finding.id = known.id;
        finding.service = teller.service->name;
        finding.topic = topic_of(known, found);
        const std::string told = render_line(service.name, line);
        const bool is_known_already = std::ranges::any_of(findings, [&](const Finding& it) {
            // Who does not listen, and where, is more than that there is no connection.
            const bool has_endpoint = known.id == "database-unreachable" &&
                                      it.confidence == Confidence::sure &&
                                      std::ranges::find(it.evidence, told) != it.evidence.end();
            const bool is_same =
                it.topic == finding.topic || (it.id == finding.id && leaves_no_worker(known, line));
            return it.service == finding.service && (is_same || has_endpoint);
        });
        if (is_known_already) return;
        finding.strength = known.strength;
        if (leaves_no_worker(known, line)) {
            constexpr int above_hangs = 85;
            finding.strength = std::max(known.strength, above_hangs);
            finding.topic = "hang";
        }
        finding.what = fill(known.meaning, found, *teller.service, teller.name, picture);
        finding.fix = fill(known.fix, found, *teller.service, teller.name, picture);
        finding.evidence = {told};
        if (!complete(known, found, line, reading, finding)) continue;
        add_place(reading.trace, line, picture, finding);
        findings.push_back(std::move(finding));
        return;
    }
}

// ---- What the profile knows --------------------------------------------------------------------

/// Above what devstack guesses of a line, below what it sees itself.
constexpr int profile_strength = 79;

bool concerns(const KnowledgeFact& known, const ServiceFact& service, const Picture& picture) {
    const bool is_asked = known.services.empty() ||
                          std::ranges::find(known.services, service.name) != known.services.end();
    return is_asked && (known.when_well || !picture.is_well(service));
}

/// The last line that matches is told; patterns were checked when the profile was read.
void apply(const KnowledgeFact& known,
           const ServiceFact& service,
           const LogFact& log,
           const Picture& picture,
           std::vector<Finding>& findings) {
    const auto safe = LinePattern::parse(known.pattern);
    if (!safe) return;
    const auto line =
        std::ranges::find_if(log.lines.rbegin(), log.lines.rend(), [&](const LineFact& it) {
            return safe->matches(it.text);
        });
    if (line == log.lines.rend()) return;
    std::smatch found;
    std::regex_search(line->text, found, std::regex{known.pattern});
    Finding finding;
    finding.id = known.name;
    finding.service = service.name;
    finding.topic = "knowledge " + known.name;
    finding.strength = profile_strength;
    finding.what = fill(known.meaning, found, service, service.name, picture);
    finding.fix = fill(known.fix, found, service, service.name, picture);
    finding.evidence = {render_line(service.name, *line)};
    if (!known.look.empty()) {
        finding.evidence.push_back("look at " +
                                   fill(known.look, found, service, service.name, picture));
    }
    findings.push_back(std::move(finding));
}

}  // namespace

void find_what_logs_tell(const Picture& picture, std::vector<Finding>& findings) {
    Patterns patterns;
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        if (service == nullptr) continue;
        for (const KnowledgeFact& known : picture.facts().knowledge) {
            if (concerns(known, *service, picture)) {
                apply(known, *service, log, picture, findings);
            }
        }
        const auto trace = find_last_traceback(log.lines);
        const bool is_unhandled = trace && has_failed_a_request(*service, log, *trace, picture);
        Reading reading{*service, log, trace, is_unhandled, picture};
        const bool is_asked = picture.dial("asked") != nullptr;
        if (!is_asked) reading.failed = find_failed_answers(log.service, picture);
        for (auto line = log.lines.rbegin(); line != log.lines.rend(); ++line)
            read_line(reading, *line, patterns, findings);
        read_traceback(reading, findings);
    }
}

}  // namespace devstack::core::doctor
