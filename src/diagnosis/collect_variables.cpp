#include "devstack/core/doctor/redact.hpp"
#include "devstack/core/doctor/service_url.hpp"
#include "devstack/core/profile/dotenv.hpp"
#include "devstack/platform/clock.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/split_variables.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <functional>
#include <random>
#include <set>

#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::EnvFileFact;
using core::doctor::VariableFact;

core::Dotenv read_dotenv(const Scene& scene, const std::string& path) {
    return core::parse_dotenv(core::SourceFile{scene.shown(path), read_small(path)});
}

/// ".env.local.example", "env.local.template" and "example.env.local" are all about ".env.local".
std::string without_marks(std::string name) {
    for (const std::string_view mark : {"example", "template", "sample", "dist"}) {
        const auto at = name.find(mark);
        if (at != name.npos) name.erase(at, mark.size());
    }
    std::string letters;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) letters += c;
    }
    return letters;
}

/// A file beside it that says what belongs into it.
std::string find_example(const fs::path& path) {
    const std::string wanted = without_marks(path.filename().string());
    std::error_code error;
    for (fs::directory_iterator it{path.parent_path(), error}, end; !error && it != end;
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        const bool is_example = name.find("example") != name.npos ||
                                name.find("template") != name.npos ||
                                name.find("sample") != name.npos || name.ends_with(".dist");
        if (is_example && without_marks(name) == wanted) return it->path().string();
    }
    return "";
}

EnvFileFact examine_file(const Scene& scene, const std::string& service, const std::string& path) {
    EnvFileFact fact;
    fact.service = service;
    fact.path = scene.shown(path);
    fact.is_missing = !is_there(path);
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        const WallTime changed{std::chrono::seconds{status.st_mtim.tv_sec} +
                               std::chrono::nanoseconds{status.st_mtim.tv_nsec}};
        fact.changed_seconds =
            std::chrono::duration<double>(platform::wall_now() - changed).count();
    }
    const std::string text = read_small(path);
    fact.has_carriage_returns = text.find("\r\n") != std::string::npos;
    for (const core::DotenvEntry& entry :
         core::parse_dotenv(core::SourceFile{fact.path, text}).entries)
        fact.names.push_back(entry.name.text);
    const std::string example = find_example(path);
    if (example.empty()) return fact;
    fact.example = scene.shown(example);
    for (const core::DotenvEntry& entry : read_dotenv(scene, example).entries)
        fact.example_names.push_back(entry.name.text);
    return fact;
}

/// What nobody means to have in a value, and programs stumble over.
std::string find_flaw(const std::string& value) {
    if (value.size() < 2) return "";
    const bool is_quoted =
        value.front() == value.back() && (value.front() == '"' || value.front() == '\'');
    if (is_quoted) return "quotes";
    if (value.ends_with('\r')) return "carriage return";
    const bool is_padded = value.front() == ' ' || value.back() == ' ' || value.back() == '\n';
    return is_padded ? "space" : core::doctor::find_url_mistake(value);
}

/// Tells equal secrets from different ones. With a number of this process alone in it nobody can
/// try out which value has such a mark.
std::string mark_of(const std::string& value) {
    static const std::uint64_t salt = [] {
        std::random_device device;
        return (std::uint64_t{device()} << 32U) | device();
    }();
    return std::to_string(std::hash<std::string>{}(std::to_string(salt) + value) % 1'000'000);
}

VariableFact make_variable(const std::string& name,
                           const std::string& value,
                           const std::string& where) {
    VariableFact fact;
    fact.name = name;
    fact.where = where;
    fact.is_empty = value.empty();
    fact.flaw = find_flaw(value);
    auto url = core::doctor::parse_service_url(value);
    if (!url) url = core::doctor::parse_connection_string(value);
    // Of a URL that is none it is not known where the password ends.
    const bool is_mistaken = !core::doctor::find_url_mistake(value).empty();
    if (is_mistaken) url.reset();
    fact.is_secret = is_mistaken || (!url && core::doctor::names_secret(name));
    if (fact.is_secret && !value.empty()) fact.mark = mark_of(value);
    if (url) {
        fact.value = url->shown();
    } else if (!fact.is_secret) {
        fact.value = core::doctor::redact(value, {});
    }
    return fact;
}

/// Files that frameworks read by themselves, from weak to strong.
constexpr std::array<const char*, 4> usual_files{
    ".env", ".env.development", ".env.local", ".env.development.local"};

struct FileOfService {
    std::string path;
    bool is_declared = false;
};

/// Servers that stand in a project's directory without being of its making. A script that starts a
/// proxy may read one, to fill in its configuration.
bool reads_env_files(const ServiceScene& service) {
    static const std::set<std::string> stores{
        "redis-server", "postgres", "mysqld", "mariadbd", "memcached", "mongod"};
    static const std::set<std::string> proxies{"nginx", "haproxy", "apache2", "httpd", "varnishd"};
    if (service.fact.words.empty()) return true;
    const std::string program = fs::path{service.fact.words[0]}.filename().string();
    return !stores.contains(program) &&
           !(proxies.contains(program) && service.fact.kind == "process");
}

std::vector<FileOfService> files_of(const Scene& scene, const ServiceScene& service) {
    std::vector<FileOfService> files;
    if (!reads_env_files(service)) return files;
    const auto add = [&](const std::string& path, bool is_declared) {
        const bool is_known =
            std::ranges::any_of(files, [&](const FileOfService& it) { return it.path == path; });
        if (!is_known) files.push_back({path, is_declared});
    };
    for (const std::string& path : scene.env_files)
        add(path, true);
    for (const std::string& path : service.env_files)
        add(path, true);
    for (const char* name : usual_files) {
        const fs::path path = fs::path{service.working_dir} / name;
        if (is_there(path) || (name == std::string{".env"} && !find_example(path).empty())) {
            add(path.string(), false);
        }
    }
    return files;
}

/// The dollar of an env file's value is doubled where it is to stay.
std::string plain_value(const std::string& text) {
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        value += text[i];
        if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '$') ++i;
    }
    return value;
}

/// By the other values of the same file.
std::string expand(const std::string& text, const std::vector<core::DotenvEntry>& entries) {
    return expand_names(text, [&](const std::string& name) -> std::optional<std::string> {
        const auto entry = std::ranges::find_if(
            entries, [&](const core::DotenvEntry& it) { return it.name.text == name; });
        if (entry == entries.end()) return std::nullopt;
        return plain_value(entry->value.text);
    });
}

/// The last one of each name is the one that counts.
std::vector<core::DotenvEntry> last_entries(const std::vector<core::DotenvEntry>& entries) {
    std::vector<core::DotenvEntry> last;
    for (const core::DotenvEntry& entry : entries) {
        std::erase_if(last,
                      [&](const core::DotenvEntry& it) { return it.name.text == entry.name.text; });
        last.push_back(entry);
    }
    return last;
}

/// What is in effect: the plan's value where there is one, else what stands in the file.
void add_variables(const Scene& scene,
                   const ServiceScene& service,
                   const std::string& path,
                   std::vector<VariableFact>& variables) {
    const core::Dotenv file = read_dotenv(scene, path);
    const auto entries = last_entries(file.entries);
    for (const core::DotenvEntry& entry : entries) {
        const std::string& name = entry.name.text;
        const std::string where = scene.shown(path) + ":" + std::to_string(entry.name.place.line);
        const auto effective = service.environment.find(name);
        const std::string value = effective == service.environment.end()
                                      ? expand(plain_value(entry.value.text), entries)
                                      : effective->second;
        const auto known = std::ranges::find(variables, name, &VariableFact::name);
        VariableFact fact = make_variable(name, value, where);
        const auto first = std::ranges::find_if(file.entries, [&](const core::DotenvEntry& it) {
            return it.name.text == name && it.value.text != entry.value.text;
        });
        if (first != file.entries.end()) {
            fact.overrides = scene.shown(path) + ":" + std::to_string(first->name.place.line);
        }
        if (known == variables.end()) {
            variables.push_back(fact);
        } else if (effective == service.environment.end()) {
            *known = fact;
        } else if (known->overrides.empty() && entry.value.text.find('$') == std::string::npos &&
                   entry.value.text != effective->second) {
            known->overrides = where;
        }
    }
}

}  // namespace

Facts collect_variables(const Scene& scene) {
    Facts facts;
    for (const ServiceScene& service : scene.services) {
        core::doctor::ServiceFact fact = service.fact;
        for (VariableFact& variable : fact.variables) {
            const auto value = service.environment.find(variable.name);
            if (value == service.environment.end()) continue;
            variable = make_variable(variable.name, value->second, variable.where);
        }
        for (const FileOfService& file : files_of(scene, service)) {
            facts.env_files.push_back(examine_file(scene, fact.name, file.path));
            facts.env_files.back().is_declared = file.is_declared;
            add_variables(scene, service, file.path, fact.variables);
        }
        fact.working_dir = scene.shown(service.working_dir);
        facts.services.push_back(std::move(fact));
    }
    return facts;
}

}  // namespace devstack::diagnosis
