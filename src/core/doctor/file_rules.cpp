// Files that logs complain of, and what there is of them: a name that is a letter wrong, a
// directory that belongs to somebody else. Adds to what the lines themselves have told.

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>

namespace devstack::core::doctor {

namespace {

bool is_sqlite(const FileFact& file) {
    return file.trouble == "database";
}

/// The line of the log that complains of it; null: it is not among the facts.
const LineFact* find_complaint(const FileFact& file, const Picture& picture) {
    return picture.find_line_with(file.service, is_sqlite(file) ? "readonly database" : file.word);
}

/// What has read that line already.
Finding* find_told(const FileFact& file, const LineFact& line, std::vector<Finding>& findings) {
    constexpr std::array ids{"permission-denied",
                             "file-missing",
                             "directory-missing",
                             "sqlite-read-only",
                             "sqlite-can-not-open",
                             "ended-by-exception",
                             "unhandled-exception"};
    const std::string told = render_line(file.service, line);
    const auto found = std::ranges::find_if(findings, [&](const Finding& it) {
        const bool is_kind = std::ranges::find(ids, it.id) != ids.end();
        return it.service == file.service && is_kind &&
               std::ranges::any_of(it.evidence, [&](const std::string& evidence) {
                   return evidence == told || (!file.word.empty() && contains(evidence, file.word));
               });
    });
    return found == findings.end() ? nullptr : &*found;
}

/// "config/default.json:4 and server.js:8": where the project's own files name it.
std::string places_of(const FileFact& file, const Picture& picture) {
    return places_of_file(file.service, base_of(file.path), picture);
}

Finding begin(const FileFact& file, const LineFact& line, int strength, const char* id) {
    Finding finding;
    finding.id = id;
    finding.service = file.service;
    finding.topic = id;
    finding.strength = strength;
    finding.evidence = {render_line(file.service, line)};
    return finding;
}

// ---- What is not there -------------------------------------------------------------------------

void tell_what_there_is(const FileFact& file,
                        const ServiceFact& service,
                        const Picture& picture,
                        Finding& finding) {
    const std::string places = places_of(file, picture);
    const bool is_whole = file.first_missing == file.path;
    const std::string gap = !file.leads_to.empty() ? ": " + file.first_missing + " is a link to " +
                                                         file.leads_to + ", where nothing is"
                            : is_whole ? ""
                                       : ": there is no directory " + file.first_missing;
    std::string what = finding.what;
    constexpr std::string_view end = "which does not exist.";
    if (what.ends_with(end)) {
        what.pop_back();
        finding.what =
            what + gap + (file.nearest.empty() ? "." : "; there is " + file.nearest + ".");
    } else if (!file.nearest.empty()) {
        finding.evidence.push_back("there is " + file.nearest);
    }
    if (!places.empty())
        finding.evidence.push_back(places + " name" + (contains(places, " and ") ? " it" : "s it"));
    const std::string missing = base_of(file.first_missing);
    const std::string in = places.empty() ? "" : " in " + places;
    if (!file.leads_to.empty()) {
        finding.fix = "let the link lead to what is there (ln -sfn TARGET " + file.first_missing +
                      "), or make " + file.leads_to;
    } else if (file.nearest.empty()) {
        if (finding.id == "directory-missing") {
            finding.fix = "mkdir -p " + file.path + ", or correct the path" + in;
        } else if (!is_whole) {
            finding.fix = "mkdir -p " + file.first_missing +
                          " and put there what belongs there, or "
                          "correct the path" +
                          in;
        } else if (!in.empty()) {
            finding.fix = "put the file there, or correct the path" + in;
        }
    } else if (base_of(file.nearest) == missing) {
        finding.fix = "correct the path" + in + " or the working directory of " + service.name +
                      declared_at(service) + ": it lies at " + file.nearest;
    } else {
        finding.fix = "correct the name" + in + ": " + base_of(file.nearest) + ", not " + missing;
    }
}

void look_at_missing(const FileFact& file,
                     const ServiceFact& service,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const LineFact* const line = find_complaint(file, picture);
    if (line == nullptr || picture.is_well(service)) return;
    Finding* const told = find_told(file, *line, findings);
    if (told == nullptr) return;
    if (file.is_missing) return tell_what_there_is(file, service, picture, *told);
    told->evidence.push_back(file.path + " is there now");
    told->fix = "devstack restart " + service.name + ": the file is there now";
}

/// PHP looks for a class in one file only, whose name has its case (PSR-4).
void look_at_class(const FileFact& file, std::vector<Finding>& findings) {
    const auto told = std::ranges::find_if(findings, [&](const Finding& it) {
        return it.id == "php-class-missing" && it.service == file.service &&
               contains(it.what, file.word);
    });
    if (told == findings.end()) return;
    const std::string composer = "composer.json (psr-4) lets it be in " + file.path;
    if (!file.is_missing) {
        told->evidence.push_back(composer + ", which is there");
        told->fix = "see that " + file.path +
                    " says its namespace and name as they are used, and "
                    "composer dump-autoload";
        return;
    }
    const bool is_case = !file.nearest.empty() && file.nearest.size() == file.path.size() &&
                         contains_word(file.nearest, file.path);
    told->evidence.push_back(
        composer + (is_case ? "; there is " + file.nearest : ", and that does not exist"));
    if (!is_case) {
        told->fix = "make " + file.path + ", or correct the namespace or name where it is used" +
                    (file.nearest.empty() ? "" : " (there is " + file.nearest + ")");
        return;
    }
    told->what.pop_back();
    told->what += ": its file is " + file.nearest + ", and should be " + base_of(file.path) +
                  ", in that case.";
    told->fix = "git mv " + file.nearest + " " + file.path;
}

// ---- What may not be used ----------------------------------------------------------------------

std::string describe_barrier(const FileFact& file) {
    const bool is_file = file.barrier == file.path && !file.mode.starts_with('d');
    return (is_file ? "it belongs to " : "the directory " + file.barrier + " belongs to ") +
           file.owner + ":" + file.group + " (" + file.mode + ")";
}

std::string name_deed(const FileFact& file) {
    if (is_sqlite(file)) {
        return file.barrier == file.path ? "write its SQLite database " + file.path
                                         : "make a journal beside its SQLite database " + file.path;
    }
    if (file.refuses == "enter") return "reach " + file.path;
    if (file.refuses == "write" && file.barrier != file.path) return "make " + file.path;
    return file.refuses + " " + file.path;
}

std::string advise_on_barrier(const FileFact& file, const std::string& user) {
    const std::string chown = "chown " + user + " " + file.barrier;
    if (file.refuses == "enter") return "chmod o+x " + file.barrier + ", or " + chown;
    if (file.refuses == "read") return chown + ", or chmod o+r " + file.barrier;
    return chown + ", or run " + file.service + " as " + file.owner;
}

bool is_recent(const ServiceFact& service, const LineFact& line, const Picture& picture) {
    constexpr double recent_seconds = 120;
    const double age = picture.seconds_since(line.time);
    return !picture.is_well(service) || (age <= recent_seconds && age < service.phase_seconds);
}

void look_at_refused(const FileFact& file,
                     const ServiceFact& service,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const LineFact* const line = find_complaint(file, picture);
    if (line == nullptr || file.barrier.empty() || !is_recent(service, *line, picture)) return;
    const char* const id = is_sqlite(file)               ? "sqlite-read-only"
                           : file.trouble == "read-only" ? "read-only-file-system"
                                                         : "permission-denied";
    Finding* told = find_told(file, *line, findings);
    if (told == nullptr) {
        constexpr int as_logs_tell = 72;
        findings.push_back(begin(file, *line, as_logs_tell, id));
        told = &findings.back();
    }
    told->id = id;
    constexpr int above_traces = 72;
    told->strength = std::max(told->strength, above_traces);
    told->confidence = Confidence::sure;
    if (file.refuses == "read-only mount") {
        told->what = service.name + " may not write " + file.path + ": " + file.barrier +
                     " is mounted read-only.";
        told->fix = "mount -o remount,rw " + file.barrier + " (findmnt " + file.barrier +
                    " and dmesg tell why it is), or let " + service.name + " write elsewhere";
        return;
    }
    told->what = service.name + " runs as " + service.user + ", who may not " + name_deed(file) +
                 ": " + describe_barrier(file) + ".";
    told->fix = advise_on_barrier(file, service.user);
}

// ---- Databases that can not be opened ----------------------------------------------------------

void look_at_unopened(const FileFact& file,
                      const ServiceFact& service,
                      const Picture& picture,
                      std::vector<Finding>& findings) {
    const LineFact* const line = find_complaint(file, picture);
    if (line == nullptr || !is_recent(service, *line, picture)) return;
    Finding* const told = find_told(file, *line, findings);
    if (told == nullptr) return;
    const std::string places = places_of(file, picture);
    const std::string path = file.path + (places.empty() ? "" : " (" + places + ")");
    constexpr int above_traces = 76;
    told->strength = std::max(told->strength, above_traces);
    told->id = "sqlite-can-not-open";
    told->topic = told->topic == "end" ? "end" : told->id;
    told->what = service.name + " can not open its SQLite database " + path + ": ";
    if (!file.first_missing.empty()) {
        told->what += "there is no directory " + file.first_missing + ".";
        told->fix = "mkdir -p " + file.first_missing +
                    " (SQLite makes the file, and no directories), or correct the path";
    } else if (file.refuses == "read-only mount") {
        told->what += file.barrier + " is mounted read-only.";
        told->fix = "mount -o remount,rw " + file.barrier +
                    ", or put the database elsewhere (one in WAL mode can not be opened there even "
                    "to be read, but as file:PATH?immutable=1)";
    } else {
        told->what += "it runs as " + service.user + ", and " + describe_barrier(file) + ".";
        told->fix = advise_on_barrier(file, service.user);
    }
}

}  // namespace

void find_file_troubles(const Picture& picture, std::vector<Finding>& findings) {
    for (const FileFact& file : picture.facts().files) {
        const ServiceFact* const service = picture.service(file.service);
        if (service == nullptr) continue;
        if (file.trouble == "class") {
            look_at_class(file, findings);
        } else if (file.trouble == "missing") {
            look_at_missing(file, *service, picture, findings);
        } else if (file.trouble == "database-open") {
            look_at_unopened(file, *service, picture, findings);
        } else {
            look_at_refused(file, *service, picture, findings);
        }
    }
}

}  // namespace devstack::core::doctor
