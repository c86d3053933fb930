// A command that names a module of the program's own (gunicorn main:app, python -m app.server)
// which is not where the command is run, or does not have what is asked of it.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// What a command asks for.
struct Wanted {
    std::string word;    ///< "app.main:api", as it stands there.
    std::string module;  ///< "app.main".
    std::string name;    ///< "api"; empty: nothing in particular.
};

bool is_runner(const std::string& word) {
    constexpr std::array<std::string_view, 6> runners{
        "gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve"};
    return std::ranges::find(runners, std::string_view{base_of(word)}) != runners.end();
}

Wanted parse_wanted(const std::string& word) {
    const auto colon = word.find(':');
    std::string name = colon == word.npos ? "" : word.substr(colon + 1);
    name = name.substr(0, name.find_first_of(".("));
    return {word, word.substr(0, colon), name};
}

std::optional<Wanted> find_wanted(const std::vector<std::string>& words) {
    static const std::regex application{R"(^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(.*\))?$)"};
    bool is_served = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (is_served && std::regex_match(words[i], application)) return parse_wanted(words[i]);
        is_served = is_served || is_runner(words[i]);
        const bool is_python = i > 0 && base_of(words[0]).starts_with("python");
        if (words[i] != "-m" || !is_python || i + 1 == words.size()) continue;
        if (!is_runner(words[i + 1])) return parse_wanted(words[i + 1]);
    }
    return std::nullopt;
}

/// "app.main" is asked for, and "app" or "app.main" is what can not be found.
bool is_part_of(const std::string& missing, const std::string& module) {
    return missing == module || module.starts_with(missing + ".");
}

std::string missing_module_in(const std::string& line) {
    static const std::regex missing{
        R"re((?:No module named ['"]?|Could not import module ["'])([\w.]+))re"};
    std::smatch found;
    return std::regex_search(line, found, missing) ? found[1].str() : "";
}

bool tells_missing_name(const std::string& line, const Wanted& wanted) {
    const bool complains = contains(line, "Failed to find attribute") ||
                           contains(line, "not found in module") ||
                           contains(line, "Failed to find application") ||
                           contains(line, "has no attribute '" + wanted.name + "'");
    return complains && contains(line, wanted.name) && contains(line, wanted.module);
}

std::vector<const ModuleFact*> modules_of(const ServiceFact& service, const Picture& picture) {
    std::vector<const ModuleFact*> modules;
    for (const ModuleFact& it : picture.facts().modules) {
        if (it.service == service.name) modules.push_back(&it);
    }
    return modules;
}

std::string list_modules(const std::vector<const ModuleFact*>& modules) {
    constexpr std::size_t shown_max = 6;
    std::vector<std::string> names;
    for (const ModuleFact* it : modules) {
        // A package that defines nothing only holds others.
        const bool holds =
            it->names.empty() && std::ranges::any_of(modules, [&](const auto* other) {
                return other->name.starts_with(it->name + ".");
            });
        if (!holds) names.push_back(it->name);
    }
    if (names.empty()) return "there is no Python module at all";
    const std::string more = names.size() > shown_max ? ", and more" : "";
    names.resize(std::min(names.size(), shown_max));
    return (names.size() == 1 ? "there is only " : "there are ") + join_for_people(names) + more;
}

/// The module that was probably meant: the same name elsewhere, the same attribute, or the only
/// one.
const ModuleFact* find_meant(const Wanted& wanted, const std::vector<const ModuleFact*>& modules) {
    const auto has_name = [&](const ModuleFact& it) {
        return std::ranges::find(it.names, wanted.name) != it.names.end();
    };
    const std::string last = wanted.module.substr(wanted.module.rfind('.') + 1);
    for (const ModuleFact* it : modules) {
        if (it->name.ends_with("." + last) || it->name == last) return it;
    }
    const ModuleFact* only = nullptr;
    for (const ModuleFact* it : modules) {
        if (wanted.name.empty() || !has_name(*it)) continue;
        if (only != nullptr) return nullptr;
        only = it;
    }
    return only;
}

std::string place_of_command(const ServiceFact& service) {
    return "the command of " + service.name + declared_at(service);
}

Finding begin(const ServiceFact& service, const LineFact& line) {
    Finding finding;
    finding.service = service.name;
    finding.topic = "module";
    finding.strength = 80;
    finding.confidence = Confidence::sure;
    finding.evidence = {render_line(service.name, line), "command: " + service.command};
    return finding;
}

void tell_missing_module(const ServiceFact& service,
                         const Wanted& wanted,
                         const LineFact& line,
                         const Picture& picture,
                         std::vector<Finding>& findings) {
    const auto modules = modules_of(service, picture);
    const bool is_there =
        std::ranges::find(modules, wanted.module, &ModuleFact::name) != modules.end();
    if (is_there) return;  // Then it is something that this one imports.
    Finding finding = begin(service, line);
    finding.id = "app-module-not-found";
    finding.what = "The command of " + service.name + " names the module " + wanted.module + " (" +
                   wanted.word + "), which is not in its working directory " +
                   folder_of(service, picture) + "; " + list_modules(modules) + ".";
    const ModuleFact* const meant = find_meant(wanted, modules);
    const std::string name = wanted.name.empty() ? "" : ":" + wanted.name;
    finding.fix = meant == nullptr ? "correct " + wanted.word + " in " + place_of_command(service) +
                                         ", or set working_dir to where " + wanted.module + " is"
                                   : "write " + meant->name + name + " for " + wanted.word +
                                         " in " + place_of_command(service);
    findings.push_back(std::move(finding));
}

void tell_missing_name(const ServiceFact& service,
                       const Wanted& wanted,
                       const LineFact& line,
                       const Picture& picture,
                       std::vector<Finding>& findings) {
    const auto modules = modules_of(service, picture);
    const auto module = std::ranges::find(modules, wanted.module, &ModuleFact::name);
    Finding finding = begin(service, line);
    finding.id = "app-name-not-found";
    finding.what = "The command of " + service.name + " names " + wanted.name + " of the module " +
                   wanted.module + " (" + wanted.word + "), which has no such name";
    std::string meant;
    if (module != modules.end() && !(*module)->names.empty()) {
        const auto& names = (*module)->names;
        finding.what += "; it defines " + join_for_people(names);
        for (const char* usual : {"app", "application", "api"}) {
            const bool is_there = std::ranges::find(names, usual) != names.end();
            if (meant.empty() && is_there) meant = usual;
        }
        if (names.size() == 1) meant = names.front();
    }
    finding.what += ".";
    finding.fix = meant.empty()
                      ? "correct the name behind the colon in " + place_of_command(service)
                      : "write " + wanted.module + ":" + meant + " in " + place_of_command(service);
    findings.push_back(std::move(finding));
}

/// "site_/settings" of the module "site_.settings".
std::string path_of_module(std::string name) {
    std::ranges::replace(name, '.', '/');
    return name;
}

/// redis.py beside the program is imported in place of the package redis.
void tell_no_package(const ServiceFact& service,
                     const std::string& missing,
                     const Picture& picture,
                     Finding& finding) {
    const std::string module = missing.substr(0, missing.find('.'));
    const std::string file = module + ".py in " + folder_of(service, picture);
    finding.id = "module-is-no-package";
    finding.what = service.name + " imports " + missing + ", and " + module + " is its own file " +
                   file + ", which is no package and hides one of that name.";
    finding.fix = "rename " + module + ".py if an installed package " + module +
                  " is meant; else make it a directory " + module + "/ with " +
                  path_of_module(missing) + ".py";
}

void tell_no_file(const ServiceFact& service,
                  const std::string& missing,
                  const std::vector<const ModuleFact*>& modules,
                  const Picture& picture,
                  Finding& finding) {
    const std::string package = missing.substr(0, missing.rfind('.'));
    std::vector<const ModuleFact*> beside;
    for (const ModuleFact* it : modules) {
        if (it->name.starts_with(package + ".")) beside.push_back(it);
    }
    const std::string file = path_of_module(missing) + ".py";
    finding.id = "module-file-missing";
    finding.what = service.name + " imports its own module " + missing + ", and " + file +
                   " does not exist in " + folder_of(service, picture) +
                   (beside.empty() ? "." : "; " + list_modules(beside) + ".");
    const std::string name =
        beside.size() == 1 ? "write " + beside.front()->name + " for it" : "correct the name";
    finding.fix = "make " + file + ", or " + name +
                  (contains(missing, "settings") ? ": DJANGO_SETTINGS_MODULE, in the env of " +
                                                       service.name + ", manage.py or wsgi.py"
                                                 : " where it is imported");
    // An installed package goes before a directory that is none.
    const std::string top = missing.substr(0, missing.find('.'));
    if (std::ranges::find(modules, top, &ModuleFact::name) == modules.end()) {
        finding.confidence = Confidence::probable;
        finding.fix += "; or, if an installed package " + top + " is meant, install it";
    }
}

/// "app/main.py", which python is told to run: it looks for modules beside that, not where it is
/// started. Empty: it is told another way, or the script is there.
std::string script_below(const ServiceFact& service) {
    const auto& words = service.words;
    if (words.size() < 2 || !base_of(words[0]).starts_with("python")) return "";
    const std::string& script = words[1];
    const bool is_below = script.ends_with(".py") && script.find('/') != script.npos &&
                          !script.starts_with('/') && !script.starts_with("..");
    if (!is_below) return "";
    const std::string path = script.starts_with("./") ? script.substr(2) : script;
    return path.find('/') == path.npos ? "" : path;
}

bool tell_not_on_path(const ServiceFact& service,
                      const std::string& missing,
                      const Picture& picture,
                      Finding& finding) {
    const std::string script = script_below(service);
    if (script.empty()) return false;
    const std::string folder = folder_of(service, picture);
    std::string module = script.substr(0, script.size() - 3);
    std::ranges::replace(module, '/', '.');
    finding.id = "module-not-on-path";
    finding.confidence = Confidence::probable;
    finding.what = service.name + " imports its own " + missing + ", which is in " + folder +
                   ", and Python looks for it beside " + script + " only, the script that it runs.";
    finding.fix = "python -m " + module + " for " + script + " in " + place_of_command(service) +
                  ", or PYTHONPATH = \".\" in the env of " + service.name;
    return true;
}

/// A module below a package of the program's own, or such a package: nothing to install.
void tell_own_module(const ServiceFact& service,
                     const LineFact& line,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const std::string missing = missing_module_in(line.text);
    const std::string top = missing.substr(0, missing.find('.'));
    const auto modules = modules_of(service, picture);
    const auto has = [&](const std::string& name) {
        return std::ranges::find(modules, name, &ModuleFact::name) != modules.end();
    };
    const std::string package = missing.substr(0, missing.rfind('.'));
    const bool is_own = has(package) || std::ranges::any_of(modules, [&](const ModuleFact* it) {
                            return it->name.starts_with(package + ".");
                        });
    Finding finding;
    finding.service = service.name;
    finding.topic = "python-module-missing";
    finding.strength = 80;
    finding.confidence = Confidence::sure;
    finding.evidence = {render_line(service.name, line)};
    if (missing == top) {
        if (!has(top) || !tell_not_on_path(service, missing, picture, finding)) return;
    } else if (!is_own || has(missing)) {
        return;
    } else if (contains(line.text, "is not a package")) {
        tell_no_package(service, missing, picture, finding);
    } else {
        tell_no_file(service, missing, modules, picture, finding);
    }
    findings.push_back(std::move(finding));
}

}  // namespace

void find_wrong_modules(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        const LineFact* const failed_import =
            picture.find_line(service.name, [](const std::string& text) {
                return contains(text, "ModuleNotFoundError: ") && !missing_module_in(text).empty();
            });
        if (failed_import != nullptr && !picture.is_well(service)) {
            tell_own_module(service, *failed_import, picture, findings);
        }
        const auto wanted = find_wanted(service.words);
        if (!wanted || picture.is_well(service)) continue;
        const LineFact* const missing = picture.find_line(service.name, [&](const auto& text) {
            const std::string module = missing_module_in(text);
            return !module.empty() && is_part_of(module, wanted->module);
        });
        const LineFact* const nameless =
            wanted->name.empty() ? nullptr : picture.find_line(service.name, [&](const auto& text) {
                return tells_missing_name(text, *wanted);
            });
        if (nameless != nullptr) {
            tell_missing_name(service, *wanted, *nameless, picture, findings);
        } else if (missing != nullptr) {
            tell_missing_module(service, *wanted, *missing, picture, findings);
        }
    }
}

}  // namespace devstack::core::doctor
