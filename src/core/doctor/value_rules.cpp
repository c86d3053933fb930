// What is in the value of a variable and was not meant to be: quotes, the end of a Windows line,
// the first of two settings.

#include "core/doctor/picture.hpp"

#include <algorithm>

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
