#include "devstack/core/limits.hpp"
#include "devstack/core/profile/name.hpp"
#include "devstack/core/profile/profile.hpp"

#include "api_keys.hpp"
#include "knowledge_keys.hpp"
#include "profile_keys.hpp"
#include "section.hpp"
#include "service_keys.hpp"
#include "toml_reader.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

namespace devstack::core {

namespace {

constexpr std::array modes{Choice<Mode>{"development", Mode::development},
                           Choice<Mode>{"host", Mode::host}};

constexpr std::array keeper_deaths{Choice<OnKeeperDeath>{"stop", OnKeeperDeath::stop},
                                   Choice<OnKeeperDeath>{"keep", OnKeeperDeath::keep}};

std::string name_pattern() {
    return "^[A-Za-z0-9_][A-Za-z0-9_.-]{0," + std::to_string(limits::name_length_max - 1) + "}$";
}

void read_name(const Setting& it, Profile& profile) {
    profile.name = read_text(it);
    if (!profile.name) return;
    if (const auto problem = find_name_problem(profile.name->text)) {
        it.report_bad_value("bad-name", "\"" + profile.name->text + "\" " + *problem);
    }
}

/// What to do with log files that have been rotated.
constexpr std::array compressions{Choice<bool>{"none", false}, Choice<bool>{"zstd", true}};

constexpr std::array log_keys{
    Key<Profile>{.name = "compress",
                 .expected = "\"zstd\" or \"none\"",
                 .read =
                     [](const Setting& it, Profile& to) {
                         to.compresses_logs = read_choice(it, compressions).value_or(false);
                     },
                 .also_called = "compression zstd",
                 .form = one_of(words_of<compressions>),
                 .summary = "How log files are compressed once they have been rotated.",
                 .if_absent = "\"none\""},
    Key<Profile>{.name = "max_size",
                 .expected = "a size",
                 .read =
                     [](const Setting& it, Profile& to) {
                         to.logs_size_max =
                             read_size(it, limits::logs_size_max_min).value_or(to.logs_size_max);
                     },
                 .also_called = "size max limit max-size maxsize",
                 .form = size_text,
                 .summary = "All log files of the project together; the oldest are removed first.",
                 .if_absent = "\"1GiB\""}};

constexpr std::array project_keys{
    Key<Profile>{.name = "name",
                 .expected = "a string",
                 .read = read_name,
                 .form = text_like(name_pattern),
                 .summary = "The name of the project; that of its directory if absent."},
    Key<Profile>{.name = "env_file",
                 .expected = "a path or an array of paths",
                 .read = [](const Setting& it, Profile& to) { to.env_files = read_texts(it); },
                 .also_called = "envfile dotenv",
                 .form = text_or_texts,
                 .summary = "Files of variables for all services; a later one wins."},
    Key<Profile>{.name = "mode",
                 .expected = "\"development\" or \"host\"",
                 .read = [](const Setting& it,
                            Profile& to) { to.mode = read_choice(it, modes).value_or(to.mode); },
                 .form = one_of(words_of<modes>),
                 .summary = "\"host\" is for a machine that runs for months: nothing is given up.",
                 .if_absent = "\"development\""},
    Key<Profile>{
        .name = "logs",
        .expected = "a table",
        .read =
            [](const Setting& it, Profile& to) {
                if (!it.value.is_table()) {
                    return it.report_wrong_type("write logs = { max_size = \"1GiB\" }");
                }
                read_section(it.value, log_keys, to, {"[project.logs]", "logs."}, it.report);
            },
        .also_called = "log logging",
        .form = table_with(views_of<log_keys>),
        .summary = "How much of the services' output is kept."},
    Key<Profile>{.name = "cgroups",
                 .expected = "true or false",
                 .read = [](const Setting& it, Profile& to) { to.cgroups = read_boolean(it); },
                 .also_called = "cgroup use_cgroups",
                 .form = true_or_false,
                 .summary = "Every service lives in a cgroup of its own, where that can be had; if "
                            "absent, true on a host and false in development."},
    Key<Profile>{.name = "description",
                 .expected = "a string",
                 .read = [](const Setting& it, Profile&) { read_text(it); },
                 .also_called = "comment title",
                 .form = any_text,
                 .summary = "For people."},
    Key<Profile>{.name = "on_keeper_death",
                 .expected = "\"stop\" or \"keep\"",
                 .read = [](const Setting& it,
                            Profile& to) { to.on_keeper_death = read_choice(it, keeper_deaths); },
                 .form = one_of(words_of<keeper_deaths>),
                 .summary =
                     "What becomes of the services when devstack itself is killed; if absent, "
                     "\"keep\" on a host and \"stop\" in development."}};

void read_services(const Setting& it, Profile& profile, ServiceKind kind) {
    if (!it.value.is_table()) return it.report_wrong_type("write [" + it.name + ".NAME]");
    for (const TomlEntry& entry : it.value.entries) {
        const std::string name = it.name + "." + entry.key.text;
        const Setting part{name, it.expected, entry.key.place, entry.value, it.report};
        if (!entry.value.is_table()) {
            part.report_wrong_type("write [" + it.name + ".NAME], then its keys");
            continue;
        }
        profile.services.push_back(read_service(entry, kind, it.report));
    }
}

void read_all_knowledge(const Setting& it, Profile& profile) {
    if (!it.value.is_table()) return it.report_wrong_type("write [knowledge.NAME]");
    for (const TomlEntry& entry : it.value.entries) {
        const std::string name = it.name + "." + entry.key.text;
        const Setting part{name, it.expected, entry.key.place, entry.value, it.report};
        if (entry.value.is_table()) {
            profile.knowledge.push_back(read_knowledge(entry, it.report));
        } else {
            part.report_wrong_type("write [knowledge.NAME], then its keys");
        }
    }
}

constexpr Form knowledge_form = table_with(knowledge_key_views);
constexpr Form service_form = table_with(service_key_views);
constexpr Form task_form = table_with(task_key_views);

constexpr std::array top_keys{
    Key<Profile>{
        .name = "project",
        .expected = "a table",
        .read =
            [](const Setting& it, Profile& to) {
                if (!it.value.is_table()) return it.report_wrong_type("write [project]");
                read_section(it.value, project_keys, to, {"[project]", "project."}, it.report);
            },
        .also_called = "settings config",
        .form = table_with(views_of<project_keys>),
        .summary = "What holds for the whole project."},
    Key<Profile>{
        .name = "service",
        .expected = "a table",
        .read = [](const Setting& it, Profile& to) { read_services(it, to, ServiceKind::service); },
        .also_called = "services process processes program programs app apps",
        .form = table_of(service_form, name_pattern),
        .summary = "Services by their names: meant to stay, watched, and restarted.",
        .presence = Presence::any_of},
    Key<Profile>{
        .name = "task",
        .expected = "a table",
        .read = [](const Setting& it, Profile& to) { read_services(it, to, ServiceKind::task); },
        .also_called = "tasks job jobs",
        .form = table_of(task_form, name_pattern),
        .summary = "Tasks by their names: run to their end, when asked for or needed.",
        .presence = Presence::any_of},
    Key<Profile>{
        .name = "knowledge",
        .expected = "a table",
        .read = read_all_knowledge,
        .also_called = "doctor diagnosis log_knowledge",
        .form = table_of(knowledge_form, name_pattern),
        .summary = "What lines in the logs mean, by names of your choice: for the doctor."},
    Key<Profile>{.name = "api",
                 .expected = "a table",
                 .read = [](const Setting& it, Profile& to) { to.api = read_api(it); },
                 .also_called = "http server dashboard metrics",
                 .form = table_with(api_key_views),
                 .summary = "The API by TCP: for Prometheus, browsers and other hosts."},
    Key<Profile>{.name = "gateway", .read = nullptr},
    Key<Profile>{.name = "check", .read = nullptr},
    Key<Profile>{.name = "notify", .read = nullptr}};

void check_names(const Profile& profile, Report& report) {
    std::map<std::string, const ServiceSetting*> first;
    for (const ServiceSetting& service : profile.services) {
        if (const auto problem = find_name_problem(service.name)) {
            report.error("bad-name", service.place, "\"" + service.name + "\" " + *problem);
        }
        const auto [other, is_new] = first.emplace(service.name, &service);
        if (is_new) continue;
        const bool is_task = other->second->kind == ServiceKind::task;
        report.error("duplicate-name",
                     service.place,
                     "`" + service.name + "` is already the name of a " +
                         (is_task ? "task (" : "service (") +
                         report.source().describe(other->second->place) + ")",
                     "give one of them another name");
    }
}

void check_count(const Profile& profile, Report& report) {
    if (profile.services.empty()) {
        report.error("no-services",
                     {},
                     "there is no service in this profile",
                     "add one: [service.NAME], and below it command = \"…\"");
    } else if (profile.services.size() > limits::services_max) {
        report.error("too-large",
                     {},
                     "a profile has at most " + std::to_string(limits::services_max) +
                         " services, and this one has " + std::to_string(profile.services.size()));
    }
}

/// Where `key = npm run dev` begins to be no TOML; empty if the line is not of this sort.
std::optional<Place> find_bare_text(const SourceFile& source, int number) {
    const std::string line = source.line(number);
    const auto equals = line.find('=');
    if (equals == std::string::npos) return std::nullopt;
    const auto start = line.find_first_not_of(" \t", equals + 1);
    if (start == std::string::npos) return std::nullopt;
    const std::string value = line.substr(start);
    const bool is_bare = std::isalpha(static_cast<unsigned char>(value.front())) != 0 ||
                         std::string_view{"/.~$@"}.find(value.front()) != std::string_view::npos;
    for (const std::string_view word : {"true", "false", "inf", "nan"}) {
        if (value.starts_with(word)) return std::nullopt;
    }
    if (!is_bare) return std::nullopt;
    return source.find(value, {number, 1}, number);
}

/// The parser's words are for those who know how it works; the usual mistakes get better ones.
void report_syntax(const TomlMistake& mistake, Report& report) {
    const std::string start = "this is not TOML: ";
    if (mistake.message.find("unescaped control characters") != std::string::npos) {
        const int length = static_cast<int>(report.source().line(mistake.place.line).size());
        const std::string what = mistake.place.column > length
                                     ? "the string has no closing quote on its line"
                                     : "the string contains a control character";
        return report.error("syntax", mistake.place, start + what);
    }
    if (const auto bare = find_bare_text(report.source(), mistake.place.line)) {
        return report.error("syntax",
                            *bare,
                            start + "text must be in quotes",
                            "write it as in command = \"npm run dev\"");
    }
    report.error("syntax", mistake.place, mistake.message);
}

void read_document(const TomlValue& root, Profile& profile, Report& report) {
    read_section(root, top_keys, profile, {"a profile", ""}, report);
    std::stable_sort(
        profile.services.begin(),
        profile.services.end(),
        [](const ServiceSetting& a, const ServiceSetting& b) { return a.place < b.place; });
    check_names(profile, report);
    check_count(profile, report);
}

}  // namespace

ReadProfile read_profile(std::string name, std::string text) {
    ReadProfile result;
    Profile& profile = result.profile;
    profile.source = SourceFile{std::move(name), std::move(text)};
    Report report{profile.source};
    if (profile.source.text().size() > limits::profile_size_max) {
        report.error(
            "too-large", {}, "a profile has at most " + render_bytes(limits::profile_size_max));
        result.diagnostics = report.take();
        return result;
    }
    const TomlDocument document = read_toml(profile.source.text());
    if (document.mistake) {
        report_syntax(*document.mistake, report);
    } else {
        read_document(document.root, profile, report);
    }
    result.diagnostics = report.take();
    return result;
}

std::vector<KeyView> profile_key_views() {
    return views_of<top_keys>();
}

}  // namespace devstack::core
