// Errors that have one cause only: an await that is missing, a URL that is made of nothing, an
// answer that does not fit its own model.

#include "core/doctor/trace_meaning.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <regex>
#include <set>

namespace devstack::core::doctor {

namespace {

/// What is written with the trace; runtimes write some of it a moment later.
template <typename Use>
void each_line_of(const Reading& reading, Use use) {
    for (const LineFact& it : reading.log.lines) {
        if (is_of_trace(it, *reading.trace)) use(it.text);
    }
}

/// What the pattern catches in the last such line; empty: none.
std::string caught_by(const Reading& reading, const std::regex& pattern) {
    std::string caught;
    each_line_of(reading, [&](const std::string& text) {
        std::smatch found;
        if (std::regex_search(text, found, pattern)) caught = found[1].str();
    });
    return caught;
}

// ---- Python: await -----------------------------------------------------------------------------

/// The coroutine that was not awaited; empty: none is known, or several. Python warns of each once
/// only, however often it happens.
std::string unawaited(const Reading& reading) {
    static const std::regex warning{R"(coroutine '([^']+)' was never awaited)"};
    const std::string now = caught_by(reading, warning);
    if (!now.empty()) return now;
    std::set<std::string> names;
    for (const LineFact& it : reading.log.lines) {
        std::smatch found;
        if (std::regex_search(it.text, found, warning)) names.insert(found[1].str());
    }
    return names.size() == 1 ? *names.begin() : "";
}

bool tell_missing_await(const Reading& reading, const ServiceFact& service, Finding& finding) {
    static const std::regex misuse{
        R"(Object of type coroutine is not|'coroutine' object (?:is not (?!callable)|has no|does not|cannot))"};
    const Traceback& trace = *reading.trace;
    if (!std::regex_search(trace.error, misuse)) return false;
    const std::string name = unawaited(reading);
    const std::string who = name.empty() ? "a coroutine" : name + "()";
    finding.id = "coroutine-not-awaited";
    finding.what = "An await is missing: " + service.name + " uses " + who + " itself as a value" +
                   in_place(*reading.trace, reading.picture) +
                   ", not what it returns: " + trace.error + ".";
    const std::string where = trace.file.empty() ? "where it is called"
                                                 : "where that value is taken, at or above " +
                                                       render_place(trace, reading.picture);
    finding.fix = "write await " + (name.empty() ? "before the call" : name + "(…)") + " " + where;
    if (!name.empty()) finding.evidence.push_back("coroutine '" + name + "' was never awaited");
    return true;
}

// ---- FastAPI: response_model -------------------------------------------------------------------

/// "price (field required)": what is wrong with the answer; empty: it is not about one.
std::string wrong_fields(const Reading& reading) {
    // pydantic 1 has it behind the error, FastAPI with pydantic 2 in a line below it.
    static const std::regex old_form{R"(validation errors? for \w+: (response -> .+)$)"};
    static const std::regex new_form{R"('loc': \('response', ?([^)]*?),?\), 'msg': '([^']+)')"};
    const std::string& error = reading.trace->error;
    std::smatch found;
    if (std::regex_search(error, found, old_form)) {
        return replace_all(found[1].str(), "response -> ", "");
    }
    if (!contains(error, "ResponseValidationError")) return "";
    std::string fields;
    each_line_of(reading, [&](const std::string& text) {
        if (!std::regex_search(text, found, new_form)) return;
        const std::string name = replace_all(replace_all(found[1].str(), "'", ""), ", ", " -> ");
        const std::string field = (name.empty() ? "all of it" : name) + " (" + found[2].str() + ")";
        if (!contains(fields, field)) fields += (fields.empty() ? "" : ", ") + field;
    });
    return fields.empty() ? "see the error" : fields;
}

bool tell_unfit_answer(const Reading& reading, const ServiceFact& service, Finding& finding) {
    static const std::regex model_name{R"(validation errors? for (\w+): )"};
    static const std::regex request{
        R"re("((?:GET|POST|PUT|PATCH|DELETE) \S+) HTTP/[\d.]+"? 500)re"};
    const std::string fields = wrong_fields(reading);
    if (fields.empty()) return false;
    std::smatch found;
    const bool is_named = std::regex_search(reading.trace->error, found, model_name);
    const std::string model = is_named ? found[1].str() : "";
    const std::string asked = caught_by(reading, request);
    for (const LineFact& it : reading.log.lines) {
        if (contains(it.text, "ValidationError: ") && is_of_trace(it, *reading.trace)) {
            finding.evidence = {render_line(reading.service.name, it)};
        }
    }
    finding.id = "response-does-not-fit";
    finding.what = "What " + service.name + " itself answers" +
                   (asked.empty() ? "" : " to " + asked) + " does not fit the response_model" +
                   (model.empty() ? "" : " " + model) + " of its route: " + fields + ".";
    finding.fix = "let the handler return what " + (model.empty() ? "the model" : model) +
                  " demands, or correct the model (response_model, or the type that the handler is "
                  "declared to return)";
    return true;
}

// ---- JavaScript: URLs --------------------------------------------------------------------------

/// It may hold a URL, or a part of one, and is not known to be set.
bool may_be_missing(const std::string& name, const ServiceFact& service) {
    static const std::regex of_url{
        R"(URL|URI|HOST|ENDPOINT|ORIGIN|API|BASE|DSN|SERVER|BACKEND|DOMAIN)"};
    const auto known = std::ranges::find(service.variables, name, &VariableFact::name);
    const bool is_set = known != service.variables.end() && !known->is_empty;
    return std::regex_search(name, of_url) && !is_set;
}

/// The only such variable that the code of the trace reads; empty: none, or several.
std::string variable_of(const Reading& reading) {
    static const std::regex use{
        R"re((?:process\.env|import\.meta\.env|Bun\.env)\.([A-Z]\w*)|Deno\.env\.get\(["'](\w+))re"};
    std::set<std::string> names;
    const auto add = [&](const std::string& text) {
        for (std::sregex_iterator it{text.begin(), text.end(), use}, end; it != end; ++it)
            names.insert((*it)[1].matched ? (*it)[1].str() : (*it)[2].str());
        std::erase_if(
            names, [&](const std::string& name) { return !may_be_missing(name, reading.service); });
    };
    add(reading.trace->code);
    if (names.empty()) each_line_of(reading, add);
    return names.size() == 1 ? *names.begin() : "";
}

/// Of bundled code the line is another one than in the file.
std::string bundled_file(const Reading& reading) {
    static const std::regex place{
        R"(webpack-internal:///(?:\([\w-]+\)/)?\./((?!node_modules)[^:?]+))"};
    std::string file;
    each_line_of(reading, [&](const std::string& text) {
        std::smatch found;
        if (file.empty() && std::regex_search(text, found, place)) file = found[1].str();
    });
    return file;
}

bool tell_empty_url(const Reading& reading, const ServiceFact& service, Finding& finding) {
    static const std::regex input{R"re(input: ["']((?:undefined|null)\b[^"']*)["'])re"};
    static const std::regex in_error{
        R"re((?:Invalid URL: |Failed to parse URL from )["']?((?:undefined|null)\b[^"'\s]*))re"};
    const std::string& error = reading.trace->error;
    if (!contains(error, "Invalid URL") && !contains(error, "Failed to parse URL")) return false;
    std::smatch found;
    const bool is_told = std::regex_search(error, found, in_error);
    const std::string url = is_told ? found[1].str() : caught_by(reading, input);
    if (url.empty()) return false;
    const std::string variable = variable_of(reading);
    const std::string file = bundled_file(reading);
    const std::string where = reading.trace->file.empty() && !file.empty()
                                  ? " in " + file
                                  : in_place(*reading.trace, reading.picture);
    const std::string set = ", in the env file of " + service.name +
                            " or in env of the profile (variables of a bundle are read when it is "
                            "built or started: restart it)";
    // Also told of the line that is written of it.
    if (finding.topic != "end") finding.topic = "url-incomplete";
    if (variable.empty()) {
        finding.id = "url-incomplete";
        finding.what = service.name + " makes the URL \"" + url + "\"" + where +
                       ": the variable that it begins with is not set.";
        finding.fix = "see which variable stands there, and set it" + set;
    } else {
        finding.id = "variable-missing";
        finding.what = "The variable " + variable + ", of which " + service.name + " makes a URL" +
                       where + ", is not set: the URL is \"" + url + "\".";
        finding.fix = "set " + variable + set;
    }
    return true;
}

// ---- Words that the project's own files have ----------------------------------------------------

/// Node.js names the file that is imported, and not who imports it.
bool tell_import_attribute(const Reading& reading, const ServiceFact& service, Finding& finding) {
    static const std::regex words{
        R"re(Module "([^"]+)" needs an import (?:attribute|assertion) of type "(\w+)")re"};
    std::smatch found;
    if (!std::regex_search(reading.trace->error, found, words)) return false;
    const std::string file = base_of(found[1].str());
    const std::string places = places_of_file(service.name, file, reading.picture);
    if (places.empty()) return false;
    finding.id = "import-attribute-missing";
    finding.what = service.name + " imports " + file + " (" + places +
                   ") without saying that it is " + found[2].str() + ": " + reading.trace->error +
                   ".";
    finding.fix = "write with { type: \"" + found[2].str() + "\" } behind the import of " + file +
                  " in " + places + " (before Node.js 18.20 it is assert rather than with)";
    return true;
}

/// Flask tells where a session is used, not where the key should have come from.
bool tell_missing_key(const Reading& reading, const ServiceFact& service, Finding& finding) {
    const std::string variable = "SECRET_KEY";
    const bool is_it =
        contains(reading.trace->error, "session is unavailable because no secret key was set");
    const std::string places = places_of_file(service.name, variable, reading.picture);
    const auto is_set = [&](const VariableFact& it) { return it.name == variable && !it.is_empty; };
    if (!is_it || places.empty() || std::ranges::any_of(service.variables, is_set)) return false;
    const auto similar = std::ranges::find_if(service.variables, [](const VariableFact& it) {
        return contains(it.name, "SECRET") && !it.is_empty;
    });
    finding.id = "secret-key-missing";
    finding.what = "Flask of " + service.name + " has no secret key, which the session" +
                   in_place(*reading.trace, reading.picture) + " needs: " + places + " has " +
                   variable + ", and no variable of that name is set" +
                   (similar == service.variables.end()
                        ? ""
                        : "; " + similar->name + " (" + similar->where + ") is") +
                   ".";
    finding.fix = "set " + variable + " in the env file of " + service.name +
                  (similar == service.variables.end()
                       ? ""
                       : ", or give " + similar->name + " that name in " + similar->where) +
                  ", if " + places + " reads it from there";
    return true;
}

}  // namespace

void tell_meaning(const Reading& reading, const ServiceFact& service, Finding& finding) {
    constexpr int above_lines = 69;
    const bool is_told = tell_missing_await(reading, service, finding) ||
                         tell_unfit_answer(reading, service, finding) ||
                         tell_empty_url(reading, service, finding) ||
                         tell_import_attribute(reading, service, finding) ||
                         tell_missing_key(reading, service, finding);
    if (is_told) finding.strength = std::max(finding.strength, above_lines);
}

}  // namespace devstack::core::doctor
