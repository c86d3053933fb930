// Variables that are missing, empty or misspelt, and files that should hold them.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace devstack::core::doctor {

namespace {

bool has_variable(const ServiceFact& service, const std::string& name) {
    return std::ranges::find(service.variables, name, &VariableFact::name) !=
           service.variables.end();
}

std::vector<std::string> names_of(const ServiceFact& service) {
    std::vector<std::string> names;
    for (const VariableFact& it : service.variables)
        names.push_back(it.name);
    return names;
}

/// "JWT_SECRET" as a whole word, in any case: pydantic says "jwt_secret".
const LineFact* find_name(const ServiceFact& service,
                          const std::string& name,
                          const Picture& picture) {
    return picture.find_line(service.name, [&](const std::string& line) {
        std::string text = line;
        std::string wanted = name;
        const auto upper = [](unsigned char c) { return std::toupper(c); };
        std::ranges::transform(text, text.begin(), upper);
        std::ranges::transform(wanted, wanted.begin(), upper);
        const auto at = text.find(wanted);
        if (at == text.npos) return false;
        const auto is_letter = [&](std::size_t i) {
            return i < text.size() &&
                   (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_');
        };
        return !(at > 0 && is_letter(at - 1)) && !is_letter(at + wanted.size());
    });
}

/// A line that complains and has a part of the variable's name in it: "secretOrPrivateKey must have
/// a value" for JWT_SECRET.
const LineFact* find_complaint(const ServiceFact& service,
                               const std::string& name,
                               const Picture& picture) {
    std::vector<std::string> parts;
    std::string part;
    for (const char c : name + "_") {
        if (c != '_') {
            part += c;
            continue;
        }
        constexpr std::size_t part_size_min = 4;
        if (part.size() >= part_size_min) parts.push_back(part);
        part.clear();
    }
    return picture.find_line(service.name, [&](const std::string& line) {
        // What is optional is often missed in the same words.
        for (const char* word : {"warn", "disabled", "optional", "skip", "default", "ignor"}) {
            if (contains_word(line, word)) return false;
        }
        const bool is_error = contains_word(line, "error") || contains_word(line, "exception") ||
                              contains_word(line, "fatal") || contains_word(line, "uncaught");
        if (picture.is_well(service) && !is_error) return false;
        const bool complains =
            contains_word(line, "must have a value") || contains_word(line, "is required") ||
            contains_word(line, "is not set") || contains_word(line, "missing") ||
            contains_word(line, "must be") || contains_word(line, "is empty") ||
            contains_word(line, "undefined") || contains_word(line, "cannot be empty") ||
            contains_word(line, "field required");
        return complains && std::ranges::any_of(parts, [&](const std::string& it) {
                   return contains_word(line, it);
               });
    });
}

void look_for_missing_files(const ServiceFact& service,
                            const Picture& picture,
                            std::vector<Finding>& findings) {
    for (const EnvFileFact& file : picture.facts().env_files) {
        if (file.service != service.name || !file.is_missing) continue;
        const bool is_hit =
            picture.is_troubled(service) || picture.is_waiting(service) || service.phase.empty();
        if (!file.is_declared && !is_hit) continue;
        if (!file.is_declared && picture.is_well(service)) continue;
        Finding finding;
        finding.id = "env-file-missing";
        finding.service = service.name;
        finding.topic = "file " + file.path;
        finding.strength = file.is_declared ? 94 : 70;
        finding.confidence = file.is_declared ? Confidence::sure : Confidence::probable;
        finding.what = file.path + ", the env file of " + service.name + ", does not exist";
        std::vector<std::string> missing;
        for (const std::string& name : file.example_names) {
            if (!has_variable(service, name)) missing.push_back(name);
        }
        if (!missing.empty()) {
            finding.what += ", so that " + join_for_people(missing) +
                            (missing.size() == 1 ? " is not set" : " are not set");
        }
        finding.what += ".";
        if (file.is_declared) {
            finding.evidence.push_back(
                "the profile names it" +
                (service.declared_at.empty() ? "" : " for the service at " + service.declared_at));
        }
        finding.fix = file.example.empty()
                          ? "create " + file.path
                          : "cp " + file.example + " " + file.path + " and fill it in";
        if (!file.is_declared) {
            finding.fix += "; unless " + service.name + " reads it itself, name it in the profile" +
                           declared_at(service) + ": env_file = \"" + base_of(file.path) + "\"";
        }
        findings.push_back(std::move(finding));
    }
}

Finding tell_missing(const ServiceFact& service, const EnvFileFact& file, const std::string& name) {
    Finding finding;
    finding.id = "variable-missing";
    finding.service = service.name;
    finding.topic = "variable " + name;
    finding.what = name + " is not set for " + service.name + ": " + file.path + " lacks it";
    const auto typo = closest_match(name, names_of(service));
    const bool is_typo =
        typo && std::ranges::find(file.example_names, *typo) == file.example_names.end();
    if (is_typo) {
        const auto variable = std::ranges::find(service.variables, *typo, &VariableFact::name);
        finding.id = "variable-misspelt";
        finding.what = name + " is not set for " + service.name + ": " + variable->where +
                       " says " + *typo + ", which is probably meant to be it";
        finding.fix = "rename " + *typo + " to " + name + " in " + variable->where;
    } else {
        finding.fix = "add " + name + "=… to " + file.path;
    }
    if (!file.example.empty()) finding.evidence.push_back(file.example + " has " + name);
    finding.what += ".";
    return finding;
}

/// What the example beside an env file has, and nobody sets.
void look_for_missing_names(const ServiceFact& service,
                            const Picture& picture,
                            std::vector<Finding>& findings) {
    for (const EnvFileFact& file : picture.facts().env_files) {
        if (file.service != service.name || file.is_missing) continue;
        for (const std::string& name : file.example_names) {
            if (has_variable(service, name)) continue;
            // A service that is well may mention what it can do without.
            const LineFact* const line =
                picture.is_well(service) ? nullptr : find_name(service, name, picture);
            const LineFact* const complaint =
                line != nullptr ? line : find_complaint(service, name, picture);
            Finding finding = tell_missing(service, file, name);
            if (complaint != nullptr) {
                finding.evidence.push_back(render_line(service.name, *complaint));
                finding.strength = 88;
                finding.confidence = Confidence::sure;
            } else if (finding.id == "variable-misspelt" && picture.is_troubled(service)) {
                finding.strength = 70;
            } else if (picture.is_waiting(service)) {
                // It has had no chance to complain.
                finding.strength = 60;
                finding.what += " It has not been started yet, and will miss it.";
            } else {
                continue;
            }
            findings.push_back(std::move(finding));
        }
    }
}

void look_for_empty(const ServiceFact& service,
                    const Picture& picture,
                    std::vector<Finding>& findings) {
    for (const VariableFact& variable : service.variables) {
        if (!variable.is_empty) continue;
        const LineFact* line = find_complaint(service, variable.name, picture);
        if (line == nullptr) continue;
        Finding finding;
        finding.id = "variable-empty";
        finding.service = service.name;
        finding.topic = "variable " + variable.name;
        finding.strength = 86;
        finding.confidence = Confidence::sure;
        finding.what =
            variable.name + " of " + service.name + " is empty (" + variable.where + ").";
        finding.evidence = {variable.where + ": " + variable.name + "=",
                            render_line(service.name, *line)};
        finding.explains.push_back(service.name + " fails whenever it needs the value");
        finding.fix = "give " + variable.name + " a value in " + variable.where +
                      ", then devstack "
                      "restart " +
                      service.name;
        findings.push_back(std::move(finding));
    }
}

}  // namespace

void find_variable_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        look_for_missing_files(service, picture, findings);
        look_for_missing_names(service, picture, findings);
        look_for_empty(service, picture, findings);
    }
}

}  // namespace devstack::core::doctor
