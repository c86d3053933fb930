#include "scope.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <optional>

namespace devstack::core {

namespace {

VariableAnswer problem(std::string text, std::string hint = "") {
    return {std::nullopt, std::move(text), std::move(hint)};
}

std::string quoted(std::string_view name) {
    return "`" + std::string{name} + "`";
}

VariableAnswer find_port(const ServiceSetting& service, std::string_view name) {
    std::vector<std::string> names;
    for (const PortSetting& port : service.ports) {
        if (port.name == name) return {to_string(port.port), "", ""};
        if (!port.name.empty()) names.push_back(port.name);
    }
    const std::string subject =
        (service.kind == ServiceKind::task ? "task " : "service ") + quoted(service.name);
    if (name.empty()) {
        return problem(subject + " declares no `port`",
                       names.empty() ? "" : "its `ports` are " + join_for_people(names));
    }
    const auto guess = closest_match(name, names);
    return problem(subject + " has no port named " + quoted(name),
                   guess            ? "did you mean " + quoted(*guess) + "?"
                   : !names.empty() ? "its `ports` are " + join_for_people(names)
                                    : "");
}

/// "NAME.port" or "NAME.ports.PORT", where NAME may contain dots itself.
VariableAnswer find_service_port(const Profile& profile, std::string_view reference) {
    std::string_view service = reference;
    std::string_view port;
    const auto ports = reference.rfind(".ports.");
    if (reference.ends_with(".port")) {
        service.remove_suffix(5);
    } else if (ports != std::string_view::npos) {
        service = reference.substr(0, ports);
        port = reference.substr(ports + 7);
    } else {
        return problem("cannot read `service." + std::string{reference} + "`",
                       "write ${service.NAME.port} or ${service.NAME.ports.PORT}");
    }
    std::vector<std::string> names;
    for (const ServiceSetting& other : profile.services) {
        if (other.name == service) return find_port(other, port);
        names.push_back(other.name);
    }
    const auto guess = closest_match(service, names);
    return problem("there is no service or task " + quoted(service),
                   guess ? "did you mean " + quoted(*guess) + "?" : "");
}

std::string_view hint_for(const ServiceSetting* service, std::string_view name) {
    if (service == nullptr) return "";
    const bool is_later =
        std::any_of(service->env.begin(), service->env.end(), [&](const VariableSetting& variable) {
            return variable.name.text == name;
        });
    return is_later ? "`env` sets it further down, or with itself: each value sees only those "
                      "above it"
                    : "";
}

}  // namespace

VariableAnswer Scope::find(std::string_view name) const {
    if (name == "PROJECT_DIR") return {project_dir, "", ""};
    const bool is_own_port = name == "port" || name.starts_with("ports.");
    if (is_own_port && service == nullptr) {
        return problem(quoted(name) + " is known only inside a service");
    }
    if (name == "port") return find_port(*service, "");
    if (name.starts_with("ports.")) return find_port(*service, name.substr(6));
    if (name.starts_with("service.")) return find_service_port(*profile, name.substr(8));
    if (const std::string* value = find_variable(std::string{name})) return {*value, "", ""};
    return {std::nullopt, "", std::string{hint_for(service, name)}};
}

const std::string* Scope::find_variable(const std::string& name) const {
    if (const auto own = variables.find(name); own != variables.end()) return &own->second;
    if (inherited == nullptr) return nullptr;
    const auto found = inherited->find(name);
    return found == inherited->end() ? nullptr : &found->second;
}

std::string Scope::home() const {
    const std::string* value = find_variable("HOME");
    return value == nullptr ? "" : *value;
}

std::string expand(const SourceText& text,
                   const Scope& scope,
                   std::vector<Diagnostic>& diagnostics) {
    Interpolated result =
        interpolate(text.text, [&](std::string_view name) { return scope.find(name); });
    const auto line_ends = std::count(text.text.begin(), text.text.end(), '\n');
    const int last_line = text.place.line + static_cast<int>(line_ends) + 1;
    for (InterpolationMistake& mistake : result.mistakes) {
        const SourceFile& source = scope.profile->source;
        diagnostics.push_back(source.error(std::move(mistake.code),
                                           source.find(mistake.part, text.place, last_line),
                                           std::move(mistake.message),
                                           std::move(mistake.hint)));
    }
    return std::move(result.text);
}

}  // namespace devstack::core
