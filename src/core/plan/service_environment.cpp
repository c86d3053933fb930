#include "service_environment.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/profile/name.hpp"

#include "path.hpp"

#include <algorithm>

namespace devstack::core {

namespace {

/// Most programs listen on $PORT, so a service with one port gets it, unless somebody else sets it.
const PortSetting* find_only_port(const ServiceSetting& service) {
    const auto found = std::find_if(service.ports.begin(),
                                    service.ports.end(),
                                    [](const PortSetting& port) { return port.name.empty(); });
    return found == service.ports.end() ? nullptr : &*found;
}

/// Those that devstack sets unless the profile does.
bool is_own_variable(std::string_view name) {
    return name == "PORT" || name == "HOME" || name == "USER" || name == "LOGNAME" ||
           name == "SHELL" || name == "TERM";
}

/// A shell that nobody can work with keeps out who should not log in; here nobody does.
std::string shell_of(const UserAccount& user) {
    const bool is_barred = user.shell.ends_with("/nologin") || user.shell.ends_with("/false");
    return user.shell.empty() || is_barred ? "/bin/sh" : user.shell;
}

/// Says what is wrong without a word of the value: secrets live in env files.
Diagnostic make_diagnostic(const SourceFile& source,
                           const DotenvEntry& entry,
                           const InterpolationMistake& mistake,
                           Place place) {
    std::string message = mistake.message;
    std::string hint;
    if (mistake.code == "missing-variable") {
        hint =
            "give it a default with ${NAME:-…}, or put the value in single quotes to leave it "
            "as it is";
    }
    if (mistake.code == "bad-interpolation") {
        message = "cannot read the `${…}` in the value of `" + entry.name.text + "`";
        hint =
            "write \\$ in double quotes, or use single quotes, for a dollar that is meant as "
            "such";
    }
    Diagnostic diagnostic = source.error(mistake.code, place, std::move(message), std::move(hint));
    diagnostic.line_text.clear();
    return diagnostic;
}

}  // namespace

EnvironmentMaker::EnvironmentMaker(const Profile& profile, const Surroundings& surroundings)
    : profile_{profile}, surroundings_{surroundings} {
    project_.scope =
        Scope{&profile_, nullptr, surroundings_.project_dir, nullptr, surroundings_.environment};
    // What systemd says to devstack itself is not for its services.
    for (const char* name : {"NOTIFY_SOCKET",
                             "WATCHDOG_USEC",
                             "WATCHDOG_PID",
                             "LISTEN_PID",
                             "LISTEN_FDS",
                             "LISTEN_FDNAMES"}) {
        project_.scope.variables.erase(name);
    }
    for (const SourceText& file : profile_.env_files) {
        add_env_file(file, surroundings_.project_dir, project_);
    }
}

ServiceSurroundings EnvironmentMaker::make(const ServiceSetting& service) {
    Layers layers{
        Scope{&profile_, &service, surroundings_.project_dir, &project_.scope.variables, {}},
        project_.declared};
    const std::string project =
        profile_.name ? profile_.name->text : make_name_from_path(surroundings_.project_dir);
    const auto set_own = [&] {
        layers.scope.variables["DEVSTACK_PROJECT"] = project;
        layers.scope.variables["DEVSTACK_SERVICE"] = service.name;
    };
    set_own();
    ServiceSurroundings result;
    result.account = AccountFinder{surroundings_.accounts, missing_accounts_, diagnostics_}.find(
        service.process, layers.scope);
    if (result.account.user) add_user(*result.account.user, layers);
    result.working_dir = surroundings_.project_dir;
    if (service.working_dir) {
        result.working_dir = resolve_path(surroundings_.project_dir,
                                          expand(*service.working_dir, layers.scope, diagnostics_),
                                          layers.scope.home());
    }
    for (const SourceText& file : service.env_files) {
        add_env_file(file, result.working_dir, layers);
    }
    const PortSetting* port = find_only_port(service);
    if (port != nullptr && !layers.declared.contains("PORT")) {
        layers.scope.variables["PORT"] = to_string(port->port);
    }
    if (service.process.tty) add_terminal(layers);
    add_env(service, layers);
    set_own();
    check_port(service, layers.scope);
    check_required(service, layers.scope);
    check_size(service, layers.scope);
    result.scope = std::move(layers.scope);
    return result;
}

void EnvironmentMaker::add_env_file(const SourceText& setting,
                                    const std::string& directory,
                                    Layers& layers) {
    const std::size_t mistakes = diagnostics_.size();
    const std::string text = expand(setting, layers.scope, diagnostics_);
    if (diagnostics_.size() > mistakes) return;
    const std::string path = resolve_path(directory, text, layers.scope.home());
    const bool is_project = layers.scope.service == nullptr;
    if (const ParsedFile* file = find_parsed(path, setting, is_project)) add_entries(*file, layers);
}

const EnvironmentMaker::ParsedFile* EnvironmentMaker::find_parsed(const std::string& path,
                                                                  const SourceText& setting,
                                                                  bool is_project) {
    const auto known = parsed_.find(path);
    if (known != parsed_.end()) return &known->second;
    const auto found = surroundings_.env_files.find(path);
    if (found == surroundings_.env_files.end()) {
        missing_files_.insert(path);
        return nullptr;
    }
    if (!found->second.text) {
        report_unreadable(found->second, setting, is_project);
        return nullptr;
    }
    ParsedFile file;
    file.source = SourceFile{found->second.shown_name, *found->second.text};
    file.dotenv = parse_dotenv(file.source);
    diagnostics_.insert(
        diagnostics_.end(), file.dotenv.diagnostics.begin(), file.dotenv.diagnostics.end());
    return &parsed_.emplace(path, std::move(file)).first->second;
}

void EnvironmentMaker::report_unreadable(const EnvFile& file,
                                         const SourceText& setting,
                                         bool is_project) {
    std::string hint;
    if (file.problem == "no such file") {
        hint = "create it, or remove it from `env_file`";
        if (!is_project) hint += "; paths in a service begin in its `working_dir`";
    }
    diagnostics_.push_back(
        profile_.source.error("missing-env-file",
                              setting.place,
                              "cannot read env file " + file.shown_name + ": " + file.problem,
                              std::move(hint)));
}

void EnvironmentMaker::add_entries(const ParsedFile& file, Layers& layers) {
    const auto lookup = [&](std::string_view name) { return layers.scope.find(name); };
    for (const DotenvEntry& entry : file.dotenv.entries) {
        Interpolated value = interpolate(entry.value.text, lookup);
        const auto line_ends = std::count(entry.value.text.begin(), entry.value.text.end(), '\n');
        const int last_line = entry.value.place.line + static_cast<int>(line_ends);
        for (const InterpolationMistake& mistake : value.mistakes) {
            const Place place = file.source.find(mistake.part, entry.value.place, last_line);
            diagnostics_.push_back(make_diagnostic(file.source, entry, mistake, place));
        }
        layers.scope.variables[entry.name.text] = std::move(value.text);
        if (is_own_variable(entry.name.text)) layers.declared.insert(entry.name.text);
    }
}

/// As a login would (login(1)), but what the project's env files say stands.
void EnvironmentMaker::add_user(const UserAccount& user, Layers& layers) {
    const auto add = [&layers](const char* name, const std::string& value) {
        if (!layers.declared.contains(name)) layers.scope.variables[name] = value;
    };
    add("HOME", user.home);
    add("USER", user.name);
    add("LOGNAME", user.name);
    add("SHELL", shell_of(user));
}

/// Whoever started devstack may have had no terminal, or one that can do nothing.
void EnvironmentMaker::add_terminal(Layers& layers) {
    const std::string* kind = layers.scope.find_variable("TERM");
    const bool is_known = kind != nullptr && !kind->empty() && *kind != "dumb";
    if (!is_known && !layers.declared.contains("TERM"))
        layers.scope.variables["TERM"] = "xterm-256color";
}

void EnvironmentMaker::add_env(const ServiceSetting& service, Layers& layers) {
    for (const VariableSetting& variable : service.env) {
        layers.scope.variables[variable.name.text] =
            expand(variable.value, layers.scope, diagnostics_);
    }
}

void EnvironmentMaker::check_port(const ServiceSetting& service, const Scope& scope) {
    const PortSetting* port = find_only_port(service);
    if (port == nullptr || port->port.number == 0) return;
    const std::string number = to_string(port->port);
    const std::string& value = *scope.find_variable("PORT");
    const bool is_number =
        !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number || value == number) return;
    diagnostics_.push_back(
        profile_.source.warning("port-differs",
                                port->place,
                                "service `" + service.name + "` declares port " + number +
                                    ", but its environment sets PORT to " + value,
                                "env = { PORT = \"${port}\" } makes them agree"));
}

void EnvironmentMaker::check_required(const ServiceSetting& service, const Scope& scope) {
    for (const SourceText& name : service.require_env) {
        const std::string* value = scope.find_variable(name.text);
        const bool is_set = value != nullptr;
        if (is_set && !value->empty()) continue;
        diagnostics_.push_back(profile_.source.error("missing-variable",
                                                     name.place,
                                                     "`" + service.name + "` requires variable `" +
                                                         name.text + "`, which is " +
                                                         (is_set ? "empty" : "not set"),
                                                     "set it in " + describe_sources(service)));
    }
}

std::string EnvironmentMaker::describe_sources(const ServiceSetting& service) const {
    std::vector<std::string> sources;
    for (const SourceText& file : service.env_files) {
        sources.push_back(file.text);
    }
    for (const SourceText& file : profile_.env_files) {
        if (std::find(sources.begin(), sources.end(), file.text) == sources.end()) {
            sources.push_back(file.text);
        }
    }
    std::string text;
    for (const std::string& source : sources) {
        text += source + ", ";
    }
    return text + "`env` or the environment of devstack";
}

void EnvironmentMaker::check_size(const ServiceSetting& service, const Scope& scope) {
    std::size_t size = 0;
    const auto add = [&](const std::string& name, const std::string& value) {
        size += name.size() + value.size() + 2;
        if (name.size() + value.size() + 1 <= limits::interpolated_size_max) return;
        diagnostics_.push_back(profile_.source.error(
            "too-large",
            service.place,
            "variable `" + name + "` of `" + service.name + "` is longer than " +
                render_bytes(limits::interpolated_size_max + 1) + ", which Linux refuses"));
    };
    for (const auto& [name, value] : scope.variables)
        add(name, value);
    for (const auto& [name, value] : project_variables()) {
        if (!scope.variables.contains(name)) add(name, value);
    }
    if (size <= limits::environment_size_max) return;
    diagnostics_.push_back(profile_.source.error(
        "too-large",
        service.place,
        "the environment of `" + service.name + "` has " + render_bytes(size) +
            ", and Linux accepts about " + render_bytes(limits::environment_size_max)));
}

std::vector<std::string> find_missing_env_files(const Profile& profile,
                                                const Surroundings& surroundings) {
    EnvironmentMaker maker{profile, surroundings};
    for (const ServiceSetting& service : profile.services) {
        if (!service.env_files.empty()) maker.make(service);
    }
    return {maker.missing_files().begin(), maker.missing_files().end()};
}

MissingAccounts find_missing_accounts(const Profile& profile, const Surroundings& surroundings) {
    EnvironmentMaker maker{profile, surroundings};
    for (const ServiceSetting& service : profile.services) {
        const ProcessSetting& process = service.process;
        const bool asks = process.user || process.group || !process.group_add.empty();
        if (asks) maker.make(service);
    }
    return maker.missing_accounts();
}

}  // namespace devstack::core
