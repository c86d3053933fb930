// What is particular to languages and frameworks in an error that was told in general: a name of
// Python's own library that another version has, an answer that is given twice, a driver of a
// database that can not wait asynchronously. Changes what others have found.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"

#include "core/doctor/library_names.hpp"
#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

bool is_exception(const Finding& finding) {
    return finding.id == "unhandled-exception" || finding.id == "ended-by-exception";
}

/// "api.js:6" of "… in api.js line 6 …"; empty: it is not told.
std::string place_in(const Finding& finding) {
    static const std::regex place{R"( in (\S+) line (\d+))"};
    std::smatch found;
    if (!std::regex_search(finding.what, found, place)) return "";
    return found[1].str() + ":" + found[2].str();
}

// ---- Python

std::string fix_for_newer(const PythonName& known, const std::string& name) {
    const std::string fix = "run it with Python 3." + std::to_string(known.since) +
                            " or a later one (a virtual environment that is made by it)";
    const bool is_typing = std::string_view{known.module} == "typing";
    return is_typing ? fix + ", or take it from typing_extensions (from typing_extensions import " +
                           name + ")"
                     : fix;
}

/// "which came with Python 3.12", "which Python has no longer since 3.10".
std::string describe_version(const PythonName& known) {
    return known.since != 0
               ? "which came with Python 3." + std::to_string(known.since)
               : "which Python has no longer there since 3." + std::to_string(known.gone);
}

/// `minor` is of the Python that has refused it; 0: unknown.
const PythonName* find_of_other_version(const std::string& module,
                                        const std::string& name,
                                        int minor) {
    const PythonName* const known = find_python_name(module, name);
    if (known == nullptr || minor == 0) return known;
    const bool is_missing = known->since != 0 ? minor < known->since : minor >= known->gone;
    return is_missing ? known : nullptr;
}

/// A name that is imported from Python's own library: nothing that could be installed has it.
void correct_import(const ServiceFact& service, Finding& finding) {
    static const std::regex from{R"(cannot import name '(\w+)' from '([\w.]+)'(?: \(([^)]+)\))?)"};
    static const std::regex library{R"(/python3\.(\d+)/(?!(?:site|dist)-packages/))"};
    std::smatch found;
    std::smatch place;
    if (finding.evidence.empty() || !std::regex_search(finding.evidence[0], found, from)) return;
    const std::string path = found[3].str();
    const bool is_library = std::regex_search(path, place, library);
    if (!is_library && !path.empty() && path != "unknown location") return;
    const int minor = is_library ? to_port(place[1].str()) : 0;
    const std::string name = found[1].str();
    const std::string module = found[2].str();
    const PythonName* const known = find_of_other_version(module, name, minor);
    if (known == nullptr && !is_library) return;
    const std::string own = minor == 0 ? "" : "Python 3." + std::to_string(minor);
    finding.id = "python-other-version";
    if (known == nullptr) {
        finding.what = service.name + " imports " + name + " from " + module +
                       ", which is a part of " + own + " itself and has no such name.";
        finding.fix = "correct the import, or run " + service.name +
                      " with the version of Python that has it; there is nothing to install";
        return;
    }
    finding.what = service.name + " imports " + name + " from " + module + ", " +
                   describe_version(*known) +
                   (own.empty() ? "" : "; " + service.name + " is run by " + own) + ".";
    finding.fix = known->since != 0 ? fix_for_newer(*known, name) : known->instead;
}

/// "module 'inspect' has no attribute 'getargspec'".
void correct_attribute(Finding& finding) {
    static const std::regex lacks{R"(module '([\w.]+)' has no attribute '(\w+)')"};
    std::smatch found;
    if (!std::regex_search(finding.what, found, lacks)) return;
    const std::string name = found[2].str();
    const PythonName* const known = find_python_name(found[1].str(), name);
    if (known == nullptr) return;
    finding.what +=
        " That is a name of another version of Python, " + describe_version(*known) + ".";
    finding.fix = known->since != 0 ? fix_for_newer(*known, name)
                                    : std::string{known->instead} +
                                          "; in a package that is not your own: a newer version "
                                          "of it";
}

void correct_driver(const ServiceFact& service, Finding& finding) {
    static const std::regex words{
        R"(asyncio extension requires an async driver to be used\. The loaded '(\w+)' is not)"};
    std::smatch found;
    if (!std::regex_search(finding.what, found, words)) return;
    const std::string driver = found[1].str();
    const bool is_mysql = contains(driver, "ysql") || contains(driver, "MySQL");
    const std::string scheme = contains(driver, "sqlite") ? "sqlite"
                               : is_mysql                 ? "mysql"
                                                          : "postgres";
    const std::string meant = scheme == "sqlite"  ? "sqlite+aiosqlite://"
                              : scheme == "mysql" ? "mysql+aiomysql://"
                                                  : "postgresql+asyncpg://";
    const auto variable = std::ranges::find_if(service.variables, [&](const VariableFact& it) {
        return it.value.starts_with(scheme) && contains(it.value, "://");
    });
    const std::string place = place_in(finding);
    finding.id = "driver-not-asynchronous";
    if (variable == service.variables.end()) {
        finding.fix = "begin the URL of the database with " + meant;
        return;
    }
    const std::string begin = variable->value.substr(0, variable->value.find("://") + 3);
    finding.what = variable->name + " (" + variable->where + ") of " + service.name +
                   " begins with " + begin + ", for which SQLAlchemy takes the driver " + driver +
                   ", and " + (place.empty() ? "create_async_engine" : place) +
                   " needs an asynchronous one.";
    finding.fix = "write " + meant + " in " + variable->where + ", and have that driver installed";
}

/// A script of its own that uses models; manage.py sets Django up.
void correct_django_setup(const ServiceFact& service, Finding& finding) {
    if (!contains(finding.what, "AppRegistryNotReady: Apps aren't loaded yet")) return;
    const auto& words = service.words;
    const bool is_script = words.size() > 1 && base_of(words[0]).starts_with("python") &&
                           words[1].ends_with(".py") && base_of(words[1]) != "manage.py";
    if (!is_script) return;
    finding.id = "django-not-set-up";
    finding.what = words[1] + ", which " + service.name +
                   " runs, imports models of Django before Django is set up: "
                   "AppRegistryNotReady: Apps aren't loaded yet.";
    finding.fix = "import django; django.setup() in " + words[1] +
                  " above what imports models, or make it a command of manage.py "
                  "(management/commands)";
}

void correct_secret_key(const ServiceFact& service, Finding& finding) {
    if (!contains(finding.what, "session is unavailable because no secret key was set")) return;
    std::vector<std::string> similar;
    for (const VariableFact& it : service.variables) {
        const bool is_similar = contains(it.name, "SECRET") && !it.is_empty;
        if (is_similar) similar.push_back(it.name + " (" + it.where + ")");
    }
    finding.fix = "set app.secret_key, or app.config[\"SECRET_KEY\"]";
    if (!similar.empty()) {
        finding.fix += "; if it reads that from a variable, it reads another one than " +
                       join_for_people(similar) + ", which is set";
    }
}

// ---- Node.js

/// What every newer Node.js has by itself.
void correct_node_name(const ServiceFact& service, const Picture& picture, Finding& finding) {
    static const std::regex words{
        R"((?:TypeError: ([\w.]+) is not a (?:function|constructor)|ReferenceError: (\w+) is not defined))"};
    static const std::regex says{R"(^Node\.js v(\d+)\.)"};
    std::smatch found;
    if (!std::regex_search(finding.what, found, words)) return;
    const std::string name = found[1].matched ? found[1].str() : found[2].str();
    const int since = node_version_with(name);
    if (since == 0) return;
    const LineFact* const last = picture.find_line(
        service.name, [](const std::string& it) { return std::regex_search(it, says); });
    std::smatch own;
    const bool is_known = last != nullptr && std::regex_search(last->text, own, says);
    if (is_known && to_port(own[1].str()) >= since) return;
    const FolderFact* const folder = picture.folder(service.name);
    const std::string wanted =
        folder == nullptr || folder->node_wanted.empty()
            ? ""
            : " (" + folder->node_wanted_in + " wants " + folder->node_wanted + ")";
    finding.what += " " + name + " came with Node.js " + std::to_string(since) +
                    ", and the one that runs " + service.name + " is older" + wanted + ".";
    finding.fix = "install Node.js " + std::to_string(since) +
                  " or a later one (nvm install, fnm install, mise use), and let it be the first "
                  "node in the PATH with which devstack up is called, or in PATH of " +
                  service.name;
}

void correct_second_answer(Finding& finding) {
    const bool is_it = contains(finding.what, "ERR_HTTP_HEADERS_SENT") ||
                       contains(finding.what, "FST_ERR_REP_ALREADY_SENT");
    if (!is_it) return;
    const std::string place = place_in(finding);
    finding.id = "answered-twice";
    finding.what += " The request had been answered before.";
    finding.fix = "look above " + (place.empty() ? "the place in its log" : place) +
                  " for an answer after which the function goes on: return there (return "
                  "res.status(…).json(…)), and call no next() after an answer";
}

void correct_node_message(Finding& finding) {
    static const std::regex attribute{
        R"re(Module "(?:file://)?([^"]+)" needs an import (?:attribute|assertion) of type "(\w+)")re"};
    static const std::regex body{R"(Cannot destructure property '\w+' of '(?:\w+\.)*body' as)"};
    std::smatch found;
    if (std::regex_search(finding.what, found, attribute)) {
        const std::string file = base_of(found[1].str());
        finding.fix = "write with { type: \"" + found[2].str() + "\" } behind the import of " +
                      file + " (grep -rn " + file +
                      " in its sources; before Node.js 20.10 it is "
                      "assert rather than with)";
    } else if (std::regex_search(finding.what, found, body)) {
        finding.fix =
            "let app.use(express.json()) come before the routes: what reads the body of "
            "a request is not there, or comes too late" +
            (place_in(finding).empty() ? "" : "; see " + place_in(finding));
    }
}

/// Modules that require each other: one of them sees the other before it is complete, of which
/// Node.js warns by the name that it does not have yet.
void correct_circle(const ServiceFact& service, const Picture& picture, Finding& finding) {
    static const std::regex words{
        R"(TypeError: (?:[\w.]+\.)?(\w+) is not a (?:function|constructor))"};
    static const std::regex warning{
        R"(Accessing non-existent property '(\w+)' of module exports inside circular dependency)"};
    std::smatch found;
    if (!std::regex_search(finding.what, found, words)) return;
    const std::string name = found[1].str();
    const LineFact* const line = picture.find_line(service.name, [&](const std::string& text) {
        std::smatch warned;
        return std::regex_search(text, warned, warning) && warned[1].str() == name;
    });
    if (line == nullptr) return;
    const std::string place = place_in(finding);
    const std::string file = place.substr(0, place.rfind(':'));
    finding.id = "modules-in-circle";
    finding.what += " " + (file.empty() ? "Its module" : file) + " takes " + name +
                    " from a module that requires it in turn, and so does not have it yet.";
    finding.evidence.push_back(render_line(service.name, *line));
    finding.fix = "require that module where " + name + " is called rather than at the top" +
                  (file.empty() ? "" : " of " + file) +
                  ", or move what both need into a third one (node --trace-warnings shows where)";
}

/// That the version is the wrong one says why it does not know them.
void fold_extension(std::vector<Finding>& findings) {
    for (Finding& it : findings) {
        const bool is_version =
            it.id == "runtime-too-old" && contains(it.what, "ERR_UNKNOWN_FILE_EXTENSION");
        if (!is_version) continue;
        const std::string service = it.service;
        it.fix += "; or run it by what knows TypeScript (npx tsx), or build it first";
        std::erase_if(findings, [&](const Finding& other) {
            return other.id == "node-file-extension" && other.service == service;
        });
        return;
    }
}

// ---- Go

void correct_embedded(Finding& finding) {
    static const std::regex words{
        R"(^(\S+) does not compile: line (\d+), pattern (\S+): no matching files found)"};
    std::smatch found;
    if (!std::regex_search(finding.what, found, words)) return;
    const std::string place = found[1].str() + ":" + found[2].str();
    const std::string pattern = found[3].str();
    const std::string folder = pattern.substr(0, pattern.find('/'));
    finding.what = place + " embeds " + pattern + ", and there are no such files.";
    finding.fix = "build or fetch what belongs there first";
    const bool is_built = contains(pattern, "dist") || contains(pattern, "build") ||
                          contains(pattern, "out/") || contains(pattern, "public");
    if (is_built && pattern.find('/') != pattern.npos) {
        finding.fix += " (cd " + folder + " && npm run build, if a frontend is built into it)";
    }
}

}  // namespace

void find_library_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (Finding& finding : findings) {
        const ServiceFact* const service = picture.service(finding.service);
        if (service == nullptr) continue;
        if (finding.id == "python-import-name") correct_import(*service, finding);
        if (finding.id == "compile-error") correct_embedded(finding);
        if (!is_exception(finding)) continue;
        correct_node_message(finding);
        correct_secret_key(*service, finding);
        correct_node_name(*service, picture, finding);
        correct_circle(*service, picture, finding);
        correct_attribute(finding);
        correct_driver(*service, finding);
        correct_django_setup(*service, finding);
        correct_second_answer(finding);
    }
    fold_extension(findings);
}

}  // namespace devstack::core::doctor
