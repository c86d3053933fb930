// What runtimes write of themselves when they are asked (`dump_signal`), besides Go's, which has a
// file of its own: the thread dump of a JVM, and Python's faulthandler.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

namespace devstack::core::doctor {

namespace {

// ---- Java --------------------------------------------------------------------------------------

struct JavaWait {
    std::string thread;
    std::string holder;
    std::string place;  ///< "Bank.transfer (Bank.java:12)".
};

/// "	at Bank.transfer(Bank.java:12)": the first that is not the runtime's own.
std::string place_in(const std::string& line) {
    static const std::regex frame{R"(^\s+at ([\w.$/]+)\((\w+\.\w+:\d+)\))"};
    std::smatch found;
    if (!std::regex_search(line, found, frame)) return "";
    const std::string function = found[1].str();
    if (function.starts_with("java.") || contains(function, "java.base")) return "";
    return function + " (" + found[2].str() + ")";
}

/// What the JVM itself has found. Its search is exact.
std::vector<JavaWait> find_java_deadlock(const LogFact& log) {
    static const std::regex head{R"re(^"([^"]+)":$)re"};
    static const std::regex held{R"re(which is held by "([^"]+)")re"};
    auto line = std::ranges::find_if(
        log.lines, [](const LineFact& it) { return contains(it.text, "Java-level deadlock:"); });
    std::vector<JavaWait> waits;
    std::string thread;
    for (; line != log.lines.end(); ++line) {
        std::smatch found;
        if (contains(line->text, "Found ") && contains(line->text, " deadlock.")) break;
        if (std::regex_search(line->text, found, head)) thread = found[1].str();
        if (std::regex_search(line->text, found, held)) {
            waits.push_back({thread, found[1].str(), ""});
            continue;
        }
        const auto wait = std::ranges::find(waits, thread, &JavaWait::thread);
        if (wait != waits.end() && wait->place.empty()) wait->place = place_in(line->text);
    }
    return waits;
}

/// What is told there was told by a run that has ended meanwhile.
bool is_of_past_run(const ServiceFact& service, const LineFact& line, const Picture& picture) {
    constexpr double slack = 1;
    const double ago = picture.seconds_since(line.time);
    return service.pid != 0 && service.uptime_seconds > 0 && ago > service.uptime_seconds + slack;
}

void look_at_java(const ServiceFact& service,
                  const LogFact& log,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const auto waits = find_java_deadlock(log);
    if (waits.empty()) return;
    const auto head = std::ranges::find_if(
        log.lines, [](const LineFact& it) { return contains(it.text, "Java-level deadlock:"); });
    const bool is_past = is_of_past_run(service, *head, picture);
    Finding finding;
    finding.id = "deadlock";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = is_past ? 62 : 93;
    finding.confidence = Confidence::sure;
    finding.what = service.name +
                   (is_past ? " was in a deadlock before its restart: " : " is in a deadlock: ");
    for (const JavaWait& it : waits) {
        const bool is_first = &it == &waits.front();
        const std::string place = it.place.empty() ? "" : " in " + it.place;
        finding.what += is_first ? "thread " + it.thread + " waits" + place + " for a monitor that "
                                 : ", which waits" + place + " for one that ";
        finding.what += it.holder + " holds";
        finding.evidence.push_back("thread " + it.thread + " waits" + place + " for " + it.holder);
    }
    finding.what += ".";
    finding.evidence.emplace_back("found by the JVM itself, in the dump in the log of " +
                                  service.name);
    finding.fix = "take these locks in the same order everywhere" +
                  (is_past ? "" : "; devstack restart " + service.name + " for now");
    findings.push_back(std::move(finding));
}

/// " garbage-first heap   total 24576K, used 22691K [0x…": the end of such a dump.
void look_at_java_heap(const ServiceFact& service,
                       const LogFact& log,
                       std::vector<Finding>& findings) {
    static const std::regex heap{
        R"re(^ *(?:garbage-first heap|PSYoungGen|ParOldGen|tenured gen|def new gen)\S* +)re"
        R"re(total (\d+)K, used (\d+)K)re"};
    static const std::regex limit{R"re(-Xmx(\d+)([kKmMgG]?)\b)re"};
    constexpr double full_share = 0.9;
    const LineFact* last = nullptr;
    double used = 0;
    for (const LineFact& line : log.lines) {
        std::smatch found;
        if (!std::regex_search(line.text, found, heap)) continue;
        // Some heaps are told in two parts, of which this is the second.
        const bool is_more = contains(line.text, "ParOldGen") || contains(line.text, "tenured");
        used = (is_more ? used : 0) + std::stod(found[2].str());
        last = &line;
    }
    std::smatch found;
    if (last == nullptr || !std::regex_search(service.command, found, limit)) return;
    const std::string unit = found[2].str();
    double allowed = std::stod(found[1].str());
    if (unit.empty()) allowed /= 1024;
    if (unit == "m" || unit == "M") allowed *= 1024;
    if (unit == "g" || unit == "G") allowed *= 1024.0 * 1024;
    if (used < allowed * full_share) return;
    const auto bytes = [](double kibibytes) {
        return render_bytes(static_cast<std::uint64_t>(kibibytes) * 1024);
    };
    Finding finding;
    finding.id = "heap-exhausted";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 82;
    finding.what = service.name + " has its heap all but full: " + bytes(used) + " of the " +
                   bytes(allowed) + " that " + found[0].str() + " allows are in use.";
    finding.evidence = {render_line(service.name, *last)};
    finding.fix = "see what fills it (jmap -histo, or -XX:+HeapDumpOnOutOfMemoryError), or raise " +
                  found[0].str() + "; devstack restart " + service.name + " for now";
    findings.push_back(std::move(finding));
}

// ---- Python ------------------------------------------------------------------------------------

/// "  File "/src/app.py", line 41 in handle": the first of the program's own of each thread.
std::vector<std::string> find_python_places(const LogFact& log, const Picture& picture) {
    static const std::regex frame{R"re(^\s+File "([^"]+)", line (\d+) in (\S+))re"};
    std::vector<std::string> places;
    bool is_wanted = false;
    for (const LineFact& line : log.lines) {
        if (line.text.ends_with("(most recent call first):")) {
            is_wanted = true;
            continue;
        }
        std::smatch found;
        if (!is_wanted || !std::regex_search(line.text, found, frame)) continue;
        const std::string file = found[1].str();
        if (contains(file, "/lib/python") || file.starts_with("<")) continue;
        places.push_back(found[3].str() + " (" + picture.shown(file) + ":" + found[2].str() + ")");
        is_wanted = false;
    }
    return places;
}

void look_at_python(const ServiceFact& service,
                    const LogFact& log,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    const auto places = find_python_places(log, picture);
    if (places.empty()) return;
    std::map<std::string, std::size_t> counted;
    for (const std::string& it : places)
        ++counted[it];
    const auto most =
        std::ranges::max_element(counted, {}, [](const auto& it) { return it.second; });
    Finding finding;
    finding.id = "hangs-in-code";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 84;
    finding.what = service.name + " hangs: " + count_of(most->second, "thread") +
                   (most->second == 1 ? " is" : " are") + " in " + most->first + ".";
    for (const auto& [place, count] : counted) {
        constexpr std::size_t evidence_max = 5;
        if (finding.evidence.size() == evidence_max) break;
        finding.evidence.push_back(count_of(count, "thread") + " in " + place +
                                   ", by its dump in the log");
    }
    finding.fix =
        "see what " + most->first + " waits for; devstack restart " + service.name + " for now";
    findings.push_back(std::move(finding));
}

// ---- Node.js -----------------------------------------------------------------------------------

std::string path_of(const ReportFact& report) {
    constexpr std::size_t shown_max = 3;
    return render_calls(report.frames, shown_max);
}

void look_at_report(const ServiceFact& service,
                    const ReportFact& report,
                    std::vector<Finding>& findings) {
    Finding finding;
    finding.service = service.name;
    finding.evidence = {report.file + ": written by pid " + std::to_string(report.pid) + " at " +
                        report.time + " (" + report.trigger + ")"};
    finding.fix = "see " + report.file;
    const bool is_alive = service.pid != 0 && !report.frames.empty();
    const bool has_heap = report.heap_limit_bytes != 0;
    // The trigger has been called otherwise since Node.js 20.
    const bool is_fatal = report.trigger == "FatalError" || report.trigger == "OOMError";
    if (is_fatal && has_heap && service.pid != report.pid) {
        finding.id = "heap-exhausted";
        finding.topic = "heap-exhausted";
        finding.strength = 80;
        finding.what = service.name + " has ended with its JavaScript heap used up: " +
                       render_bytes(report.heap_used_bytes) + " of " +
                       render_bytes(report.heap_limit_bytes) +
                       (report.frames.empty() ? "." : ", in " + path_of(report) + ".");
        finding.fix =
            "look for what it keeps in memory; for now raise --max-old-space-size "
            "(NODE_OPTIONS)";
    } else if (report.trigger == "Exception" && service.pid == 0 && !report.frames.empty()) {
        finding.id = "ended-by-exception";
        finding.topic = "traceback";
        finding.strength = 57;
        finding.what = service.name + " is ended by an error that nobody handles in " +
                       report.frames.front() + ": " + report.message + ".";
    } else if ((report.trigger == "Signal" || report.trigger == "API") && is_alive) {
        finding.id = "hangs-in-code";
        finding.topic = "hang";
        finding.strength = 85;
        finding.what = service.name + " hangs: when it wrote its report, its main thread was in " +
                       path_of(report) + ".";
        finding.fix = "see what " + report.frames.front() + " waits for, or goes round in; " +
                      "devstack restart " + service.name + " for now";
    } else {
        return;
    }
    findings.push_back(std::move(finding));
}

}  // namespace

void find_what_dumps_tell(const Picture& picture, std::vector<Finding>& findings) {
    for (const LogFact& log : picture.facts().logs) {
        const ServiceFact* const service = picture.service(log.service);
        if (service == nullptr || picture.is_well(*service)) continue;
        look_at_java(*service, log, picture, findings);
        look_at_java_heap(*service, log, findings);
        look_at_python(*service, log, picture, findings);
    }
    for (const ReportFact& report : picture.facts().reports) {
        const ServiceFact* const service = picture.service(report.service);
        if (service == nullptr || !picture.is_troubled(*service)) continue;
        // One that lives and answers has written it for some other reason.
        const DialFact* const probe = picture.probe(*service);
        const bool is_silent = probe != nullptr && probe->error == "no answer";
        if (service->pid == 0 || is_silent || report.pid != service->pid)
            look_at_report(*service, report, findings);
    }
}

}  // namespace devstack::core::doctor
