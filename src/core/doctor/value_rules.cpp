// What is in the value of a variable and was not meant to be: quotes, the end of a Windows line,
// the first of two settings.

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// It has not said that anything else is wrong with this variable.
bool is_hit(const ServiceFact& service, const Picture& picture) {
    return picture.is_troubled(service) && !picture.is_waiting(service);
}

Finding begin(const ServiceFact& service, const std::string& name) {
    Finding finding;
    finding.service = service.name;
    finding.topic = "value of " + name;
    finding.confidence = Confidence::probable;
    return finding;
}

/// It can not make anything of some value, or speaks of this one.
const LineFact* find_complaint(const ServiceFact& service,
                               const VariableFact& variable,
                               const Picture& picture) {
    return picture.find_line(service.name, [&](const std::string& line) {
        const bool is_about_values =
            contains_word(line, "invalid") || contains_word(line, "unknown") ||
            contains_word(line, "unsupported") || contains_word(line, "could not parse") ||
            contains_word(line, "ENOTFOUND") || contains_word(line, "could not translate host") ||
            contains_word(line, "name or service not known") || contains_word(line, "no such file");
        if (!is_about_values && !contains_word(line, "error")) return false;
        const bool is_named = contains(line, variable.name) ||
                              (variable.value.size() > 3 && contains(line, variable.value));
        return is_named || (contains_word(line, "invalid url") && contains(variable.value, "://"));
    });
}

void look_at_flaw(const ServiceFact& service,
                  const VariableFact& variable,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    if (variable.flaw.empty() || !is_hit(service, picture)) return;
    const LineFact* const line = find_complaint(service, variable, picture);
    const bool is_url = variable.flaw.starts_with("has a ");
    const bool is_named = line != nullptr || (is_url && picture.mentions(service, "nvalid URL"));
    if (!is_named) return;
    Finding finding = begin(service, variable.name);
    finding.strength = 79;
    if (line != nullptr) finding.evidence = {render_line(service.name, *line)};
    const std::string named = variable.name + " (" + variable.where + ") of " + service.name;
    if (variable.flaw == "quotes") {
        finding.id = "variable-has-quotes";
        finding.what = "The value of " + named + " begins and ends with a quote that is part of " +
                       "it: the program gets the quotes too" +
                       (variable.is_secret ? "." : ", " + variable.value + ".");
        finding.fix = "remove the inner quotes in " + variable.where;
    } else if (variable.flaw == "carriage return") {
        finding.id = "variable-has-carriage-return";
        finding.what = "The value of " + named + " ends with a carriage return (\\r), as of a " +
                       "Windows line end.";
        finding.fix = "remove it from " + variable.where;
    } else if (is_url) {
        finding.id = "variable-bad-url";
        finding.what = named + " is no valid URL: it " + variable.flaw + ".";
        finding.fix = "write it so in " + variable.where;
    } else {
        finding.id = "variable-has-space";
        finding.what = "The value of " + named + " begins or ends with a space.";
        finding.fix = "remove it from " + variable.where;
    }
    finding.fix += ", then devstack restart " + service.name;
    findings.push_back(std::move(finding));
}

/// "could not convert string to float: 'fast'": what stands there for a number; empty: no such
/// line. Python, Java, Go, Rust with its message of ParseIntError, Node's of a bad port.
std::string value_in_complaint(const std::string& line) {
    static const std::regex form{
        R"re((?:could not convert string to float: |invalid literal for int\(\) with base 10: |For input string: |strconv\.\w+: parsing |invalid value for Integer\(\): |Received type string \()['"]([^'"]{1,80})['"])re"};
    std::smatch found;
    return std::regex_search(line, found, form) ? found[1].str() : "";
}

bool is_number(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
}

/// One variable only: of two nobody knows which was read.
const VariableFact* find_not_number(const ServiceFact& service, const std::string& line) {
    const std::string value = value_in_complaint(line);
    const bool is_port = contains(line, "ERR_SOCKET_BAD_PORT");
    const VariableFact* only = nullptr;
    for (const VariableFact& it : service.variables) {
        const bool is_it = is_port ? it.name.ends_with("PORT") && !is_number(it.value)
                                   : !value.empty() && it.value == value;
        if (!is_it || it.is_secret || it.is_empty) continue;
        if (only != nullptr) return nullptr;
        only = &it;
    }
    return only;
}

void look_at_number(const ServiceFact& service,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    if (!picture.is_suspect(service)) return;
    const LineFact* const line = picture.find_line(service.name, [&](const std::string& it) {
        return find_not_number(service, it) != nullptr;
    });
    if (line == nullptr) return;
    const VariableFact& variable = *find_not_number(service, line->text);
    Finding finding = begin(service, variable.name);
    finding.id = "variable-not-a-number";
    finding.strength = 82;
    finding.confidence = Confidence::sure;
    finding.what = variable.name + " (" + variable.where + ") of " + service.name + " is \"" +
                   variable.value + "\", where a number is wanted.";
    finding.evidence = {render_line(service.name, *line)};
    finding.fix = "write a number in " + variable.where + ", then devstack restart " + service.name;
    findings.push_back(std::move(finding));
}

/// What a process has been given does not change with the file.
void look_at_age(const ServiceFact& service,
                 const Picture& picture,
                 std::vector<Finding>& findings) {
    if (!picture.is_alive(service) || picture.is_well(service)) return;
    for (const EnvFileFact& file : picture.facts().env_files) {
        constexpr double slack = 1;  // Seconds: what was written for this start.
        const bool is_its_own = file.service == service.name && !file.is_missing;
        if (!is_its_own || file.changed_seconds < 0) continue;
        if (file.changed_seconds + slack >= service.uptime_seconds) continue;
        Finding finding = begin(service, file.path);
        finding.id = "env-file-newer-than-process";
        finding.strength = 60;
        finding.what = file.path + " was changed " + seconds_text(file.changed_seconds) +
                       " ago, and " + service.name + " has been running for " +
                       seconds_text(service.uptime_seconds) +
                       ": it still has the values from before.";
        finding.evidence = {"pid " + std::to_string(service.pid) + " was started before that"};
        finding.fix = "devstack restart " + service.name;
        findings.push_back(std::move(finding));
        return;
    }
}

/// Its command is a script, which is how env files come to be read by a shell.
bool reads_by_shell(const ServiceFact& service) {
    return std::ranges::any_of(service.words, [](const std::string& it) {
        return it.ends_with(".sh") || it == "sh" || it == "bash" || it == "source" || it == ".";
    });
}

/// devstack leaves carriage returns out of env files. A shell that reads such a file itself does
/// not.
void look_at_line_ends(const ServiceFact& service,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    for (const EnvFileFact& file : picture.facts().env_files) {
        const bool is_its_own = file.service == service.name && !file.is_declared;
        if (!is_its_own || !file.has_carriage_returns || !is_hit(service, picture)) continue;
        const LineFact* const line = picture.find_line(service.name, [](const std::string& it) {
            return contains(it, "\\r") || contains(it, "^M") || contains(it, "$'\\r'") ||
                   contains(it, "\\x0d") || contains(it, "\\u000d");
        });
        if (line == nullptr && !reads_by_shell(service)) continue;
        Finding finding = begin(service, file.path);
        finding.id = "env-file-has-dos-line-ends";
        finding.strength = line == nullptr ? 56 : 84;
        finding.what = file.path + ", which " + service.name +
                       " may read itself, has Windows line ends (CRLF): a shell or a simple "
                       "reader takes a carriage return (\\r) into each value.";
        if (line != nullptr) finding.evidence.push_back(render_line(service.name, *line));
        finding.evidence.push_back("file " + file.path + ": with CRLF line terminators");
        finding.fix = "sed -i 's/\\r$//' " + file.path + ", then devstack restart " + service.name;
        findings.push_back(std::move(finding));
    }
}

}  // namespace

void find_bad_values(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        for (const VariableFact& variable : service.variables)
            look_at_flaw(service, variable, picture, findings);
        look_at_number(service, picture, findings);
        look_at_age(service, picture, findings);
        look_at_line_ends(service, picture, findings);
    }
    // What is wrong with where a variable points may come of its being set twice.
    for (Finding& finding : findings) {
        const ServiceFact* const service = picture.service(finding.service);
        if (service == nullptr) continue;
        for (const VariableFact& it : service->variables) {
            const std::string named = it.name + " (" + it.where + ")";
            if (it.overrides.empty() || !contains(finding.what, named)) continue;
            finding.evidence.push_back(it.name + " is set twice: " + it.where + " overrides " +
                                       it.overrides);
        }
    }
}

}  // namespace devstack::core::doctor
