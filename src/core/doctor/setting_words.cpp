// Where a value comes from that a program complains of: a variable, an option of its command.

#include "core/doctor/setting_words.hpp"

#include "devstack/core/doctor/logged_ports.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace devstack::core::doctor {

namespace {

/// Characters that a pattern must not read as its own.
std::string quoted(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        if (std::string_view{R"(\^$.|?*+()[]{})"}.find(c) != std::string_view::npos) safe += '\\';
        safe += c;
    }
    return safe;
}

/// "-Xmx1g", "--ws none", "--env-file=.env.local"; empty: it is not there.
std::string option_in(const std::string& command, const std::string& name) {
    // An option of Java has its value at its end, others behind = or a space.
    const bool is_java = name.starts_with("-X");
    const std::regex option{"(?:^|\\s|['\"])(" + quoted(name) +
                            (is_java ? "[^\\s'\"]*)" : "(?:(?:=|\\s+)[^\\s'\"-][^\\s'\"]*)?)") +
                            "(?=$|\\s|['\"])"};
    std::smatch found;
    return std::regex_search(command, found, option) ? found[1].str() : "";
}

const VariableFact* variable_of_value(const ServiceFact& service, const std::string& value) {
    constexpr std::size_t size_min = 3;  // "1" and "on" are the values of many.
    if (value.size() < size_min) return nullptr;
    const auto found = std::ranges::find_if(service.variables, [&](const VariableFact& it) {
        return !it.is_secret && it.value == value;
    });
    return found == service.variables.end() ? nullptr : &*found;
}

std::string render_named(const ServiceFact& service, const std::string& value) {
    const VariableFact* const variable = variable_of_value(service, value);
    if (variable != nullptr) return " (" + variable->name + ", " + variable->where + ")";
    if (value.empty()) return "";
    const std::regex use{"(?:^|\\s)(--?[A-Za-z][\\w-]*)(?:=|\\s+)['\"]?" + quoted(value) +
                         "(?=$|['\"\\s])"};
    std::smatch found;
    if (!std::regex_search(service.command, found, use)) return "";
    const std::string where = service.declared_at.empty() ? "" : ", " + service.declared_at;
    return " (" + found[1].str() + " in its command" + where + ")";
}

std::string render_peer(const ServiceFact& service,
                        const std::string& endpoint,
                        const Picture& picture) {
    const int port = to_port(endpoint.substr(endpoint.rfind(':') + 1));
    std::vector<std::string> said;
    if (const ServiceFact* const owner = picture.owner_of(port)) said.push_back(owner->name);
    for (const ReferenceFact* it : picture.references_of(service.name)) {
        if (it->port == port && it->kind == "env") {
            said.push_back(it->name + ", " + it->where);
            break;
        }
    }
    if (said.empty()) return endpoint;
    return endpoint + " (" + said.front() + (said.size() > 1 ? "; " + said.back() : "") + ")";
}

/// Modules whose package is called otherwise, and what a package of their name would be instead.
std::string render_package(const std::string& module) {
    struct Package {
        const char* module;
        const char* name;
    };
    static constexpr std::array packages{Package{"yaml", "PyYAML"},
                                         Package{"PIL", "Pillow"},
                                         Package{"cv2", "opencv-python-headless"},
                                         Package{"sklearn", "scikit-learn"},
                                         Package{"skimage", "scikit-image"},
                                         Package{"bs4", "beautifulsoup4"},
                                         Package{"dotenv", "python-dotenv"},
                                         Package{"jwt", "PyJWT"},
                                         Package{"jose", "python-jose"},
                                         Package{"multipart", "python-multipart"},
                                         Package{"dateutil", "python-dateutil"},
                                         Package{"decouple", "python-decouple"},
                                         Package{"slugify", "python-slugify"},
                                         Package{"magic", "python-magic"},
                                         Package{"ldap", "python-ldap"},
                                         Package{"docx", "python-docx"},
                                         Package{"telegram", "python-telegram-bot"},
                                         Package{"psycopg2", "psycopg2-binary"},
                                         Package{"MySQLdb", "mysqlclient"},
                                         Package{"Crypto", "pycryptodome"},
                                         Package{"OpenSSL", "pyOpenSSL"},
                                         Package{"nacl", "PyNaCl"},
                                         Package{"zmq", "pyzmq"},
                                         Package{"serial", "pyserial"},
                                         Package{"grpc", "grpcio"},
                                         Package{"google.protobuf", "protobuf"},
                                         Package{"attr", "attrs"},
                                         Package{"websocket", "websocket-client"},
                                         Package{"kafka", "kafka-python"},
                                         Package{"rest_framework", "djangorestframework"},
                                         Package{"corsheaders", "django-cors-headers"},
                                         Package{"environ", "django-environ"},
                                         Package{"debug_toolbar", "django-debug-toolbar"},
                                         Package{"flask_sqlalchemy", "Flask-SQLAlchemy"},
                                         Package{"pkg_resources", "\"setuptools<81\""}};
    for (const Package& it : packages) {
        const std::string name = it.module;
        if (module == name || module.starts_with(name + ".")) {
            return std::string{"pip install "} + it.name;
        }
    }
    return "pip install " + module + "; its name may differ";
}

std::string render_locale(const ServiceFact& service) {
    // In this order they count: locale(7).
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const auto it = std::ranges::find(service.variables, name, &VariableFact::name);
        if (it != service.variables.end() && !it->value.empty()) {
            return it->name + " (" + it->where + ") is " + it->value;
        }
    }
    return "its locale is not UTF-8";
}

using Render = std::function<std::string(const std::string&)>;

void replace_each(std::string& text, const std::string& kind, const Render& render) {
    const std::string begin = "{" + kind;
    for (auto at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
        const auto end = text.find('}', at);
        if (end == text.npos) return;
        const auto from = std::min(at + begin.size() + 1, end);
        const std::string put = render(text.substr(from, end - from));
        text.replace(at, end + 1 - at, put);
        at += put.size();
    }
}

}  // namespace

std::string render_variable(const ServiceFact& service, const std::string& name) {
    const auto it = std::ranges::find(service.variables, name, &VariableFact::name);
    return it == service.variables.end() ? name : name + " (" + it->where + ")";
}

std::string render_option(const ServiceFact& service, const std::string& name) {
    const std::string option = option_in(service.command, name);
    if (!option.empty()) return option + declared_at(service);
    for (const VariableFact& it : service.variables) {
        const std::string in_value = it.is_secret ? "" : option_in(it.value, name);
        if (!in_value.empty()) return in_value + " (" + it.name + ", " + it.where + ")";
    }
    return name;
}

std::string render_limit(const ServiceFact& service, char option) {
    const std::regex limit{std::string{"\\bulimit\\s+(?:-[HS]+\\s+)?-[HS]*"} + option +
                           "\\s*\\d+(?:[kKmMgG])?"};
    std::smatch found;
    if (!std::regex_search(service.command, found, limit)) return "";
    return found[0].str() + " in its command" + declared_at(service);
}

std::string fill_settings(std::string text,
                          const std::smatch& found,
                          const ServiceFact& service,
                          const Picture& picture) {
    const auto caught = [&](const std::string& number) {
        const auto i = static_cast<std::size_t>(to_port(number));
        return i < found.size() ? found[i].str() : "";
    };
    replace_each(
        text, "variable", [&](const std::string& it) { return render_variable(service, it); });
    replace_each(text, "option", [&](const std::string& it) { return render_option(service, it); });
    // "{limit f or the limit of …}": what is said where the command sets none.
    replace_each(text, "limit", [&](const std::string& it) {
        const std::string limit = render_limit(service, it.front());
        const auto or_else = it.find(" or ");
        return !limit.empty() || or_else == it.npos ? limit : it.substr(or_else + 4);
    });
    replace_each(text, "locale", [&](const std::string&) { return render_locale(service); });
    replace_each(
        text, "named", [&](const std::string& it) { return render_named(service, caught(it)); });
    replace_each(text, "peer", [&](const std::string& it) {
        return render_peer(service, caught(it), picture);
    });
    replace_each(text, "pip", [&](const std::string& it) { return render_package(caught(it)); });
    return text;
}

}  // namespace devstack::core::doctor
