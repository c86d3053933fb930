#include "diagnosis/scene.hpp"

#include "devstack/base/match.hpp"
#include "devstack/client/connection.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/core/doctor/shell_words.hpp"
#include "devstack/core/profile/dotenv.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/platform/procfs.hpp"
#include "devstack/platform/signal_watch.hpp"
#include "devstack/project/event_reader.hpp"
#include "devstack/project/ledger_file.hpp"
#include "devstack/project/load_plan.hpp"
#include "devstack/project/load_profile.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/stand_ins.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

#include <unistd.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
namespace api = core::api;
using core::doctor::ServiceFact;
using std::chrono_literals::operator""ms;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string name_of(core::NeedCondition condition) {
    switch (condition) {
        case core::NeedCondition::started: return "started";
        case core::NeedCondition::ready: return "ready";
        case core::NeedCondition::completed: return "completed";
    }
    return "";
}

std::string absolute(const std::string& path, const std::string& base) {
    return (fs::path{base} / path).lexically_normal().string();
}

void take_command(ServiceScene& service, const core::CommandLine& command) {
    service.fact.command = command.text();
    service.fact.words = command.argv;
    if (!command.is_shell()) return;
    const auto found = core::doctor::find_main_command(command.argv[2]);
    service.fact.words = found.words;
    if (!found.directory.empty()) {
        service.working_dir = absolute(found.directory, service.working_dir);
    }
}

void take_probe(ServiceScene& service, const core::ServicePlan& plan) {
    if (plan.health) {
        service.probe = plan.health->probe;
        service.fact.probe_timeout = seconds(plan.health->timeout);
    } else if (plan.ready) {
        service.probe = plan.ready->probe;
        service.fact.probe_timeout = seconds(plan.ready->timeout);
    }
    if (!service.probe) return;
    service.fact.probe = core::describe(*service.probe);
    if (const auto* url = std::get_if<core::UrlProbe>(&*service.probe)) {
        service.fact.probe_url = url->url;
    }
}

void take_identity(ServiceScene& service, const core::ProcessSettings& process) {
    const std::uint32_t self = ::geteuid();
    service.fact.user_id = process.identity ? process.identity->user : self;
    service.fact.user = process.identity ? process.identity->user_name : platform::user_name(self);
}

void take_environment(ServiceScene& service, const std::vector<std::string>& variables) {
    for (const std::string& it : variables) {
        const auto equals = it.find('=');
        service.environment[it.substr(0, equals)] = it.substr(equals + 1);
    }
}

ServiceScene make_service(const core::Plan& plan, const core::ServicePlan& it) {
    ServiceScene service;
    service.fact.name = it.name;
    service.fact.kind = it.kind == core::ServiceKind::task ? "task" : "service";
    service.working_dir = it.working_dir;
    service.declared_dir = it.working_dir;
    take_command(service, it.command);
    for (const core::DeclaredPort& port : it.ports)
        service.fact.ports.push_back(to_string(port.port));
    for (const core::Need& need : it.needs) {
        service.fact.needs.push_back(
            {plan.services[need.service.index].name, name_of(need.condition)});
    }
    take_probe(service, it);
    take_identity(service, it.process);
    take_environment(service, core::complete_environment(plan, it));
    service.fact.start_timeout = seconds(it.start_timeout);
    service.fact.may_end = it.restart.mode == core::RestartMode::no;
    return service;
}

bool is_plain(const std::string& text) {
    return text.find('$') == text.npos;
}

/// From a profile that makes no plan: what stands there as it is.
ServiceScene make_service(const core::ServiceSetting& it, const std::string& project_dir) {
    ServiceScene service;
    service.fact.name = it.name;
    service.fact.kind = it.kind == core::ServiceKind::task ? "task" : "service";
    service.working_dir = project_dir;
    if (it.working_dir && is_plain(it.working_dir->text)) {
        service.working_dir = absolute(it.working_dir->text, project_dir);
    }
    service.declared_dir = service.working_dir;
    if (it.command) {
        std::vector<std::string> words;
        for (const core::SourceText& word : it.command->words)
            words.push_back(word.text);
        const bool is_whole = std::ranges::all_of(words, is_plain) && !words.empty();
        if (is_whole && it.command->is_shell) {
            take_command(service, core::CommandLine::shell(words[0]));
        } else if (is_whole) {
            take_command(service, core::CommandLine{words});
        }
    }
    for (const core::PortSetting& port : it.ports)
        service.fact.ports.push_back(to_string(port.port));
    take_identity(service, {});
    return service;
}

/// Places and files of a service, which a plan does not keep.
void take_settings(const Scene& scene, const core::ServiceSetting& setting, ServiceScene& service) {
    const auto place = [&](core::Place it) {
        return scene.shown(scene.profile_path) + ":" + std::to_string(it.line);
    };
    service.fact.declared_at = place(setting.place);
    for (const core::SourceText& file : setting.env_files) {
        if (!is_plain(file.text)) continue;
        service.env_files.push_back(absolute(file.text, service.declared_dir));
    }
    for (const core::VariableSetting& variable : setting.env) {
        service.fact.variables.push_back(
            {variable.name.text, "", false, false, place(variable.name.place)});
    }
}

void take_profile(Scene& scene) {
    const auto path = project::find_profile(scene.question.directory, std::nullopt);
    if (scene.profile_path.empty() && path) scene.profile_path = *path;
    if (scene.profile_path.empty()) return;
    project::LoadRequest request;
    request.profile_path = scene.profile_path;
    request.environment = platform::environment();
    request.shown_relative_to = scene.project_dir;
    const auto loaded = project::load_plan(request);
    for (const Diagnostic& it : loaded.diagnostics) {
        if (it.severity != Diagnostic::Severity::error) continue;
        std::string where = it.where.file;
        if (it.where.line > 0) where += ":" + std::to_string(it.where.line);
        scene.problems.push_back({it.code, it.message, where, it.hint});
    }
    const auto profile = project::load_profile(scene.profile_path);
    if (loaded.value) {
        const core::Plan& plan = loaded.value->plan;
        scene.project = plan.project;
        scene.project_dir = plan.project_dir;
        scene.secrets = plan.secrets;
        for (const core::ServicePlan& it : plan.services)
            scene.services.push_back(make_service(plan, it));
    }
    if (!profile) return;
    for (const core::KnowledgeSetting& it : profile->knowledge) {
        scene.knowledge.push_back(
            {it.name, it.pattern, it.meaning, it.look, it.fix, it.services, it.when_well});
    }
    for (const core::SourceText& file : profile->env_files)
        scene.env_files.push_back(absolute(file.text, scene.project_dir));
    for (const core::ServiceSetting& setting : profile->services) {
        if (!loaded.value) scene.services.push_back(make_service(setting, scene.project_dir));
        const auto service = std::ranges::find(
            scene.services, setting.name, [](const ServiceScene& it) { return it.fact.name; });
        if (service == scene.services.end()) continue;
        take_settings(scene, setting, *service);
    }
}

/// Without a profile the directory itself is looked at as if it were a service, unless somebody
/// serves something in it.
void take_directory(Scene& scene) {
    scene.services = find_stand_ins(scene);
    const bool is_served = std::ranges::any_of(scene.services, [&](const ServiceScene& it) {
        return it.working_dir == scene.question.directory;
    });
    if (is_served) return;
    ServiceScene here;
    here.fact.name = fs::path{scene.question.directory}.filename().string();
    here.fact.kind = "directory";
    here.working_dir = scene.question.directory;
    scene.services.push_back(std::move(here));
}

void overlay(ServiceFact& fact, const api::ServiceState& state) {
    fact.phase = state.phase;
    fact.why = state.why;
    fact.phase_seconds = state.phase_seconds;
    fact.is_wanted = state.is_wanted;
    fact.pid = state.pid;
    fact.run = state.run;
    fact.uptime_seconds = state.uptime_seconds;
    fact.restarts = state.restarts;
    fact.differences = state.differences;
    fact.watch_suspended = state.watch_suspended;
    fact.health = state.health.status;
    fact.last_answer = state.health.last_answer;
    if (state.last_exit) {
        fact.has_exited = true;
        fact.exit_code = state.last_exit->code;
        fact.exit_signal = state.last_exit->signal;
    }
}

/// A daemon that has died is there again after a tenth of a second, as a rule.
constexpr Duration daemon_patience = 600ms;
constexpr Duration daemon_pause = 20ms;

/// "the daemon ended (signal 6); the services run on, and it is started again in 5000 ms".
std::string last_word_of_keeper(const std::string& state_dir) {
    constexpr std::string_view speaker = "devstack: ";
    std::string word;
    std::istringstream text{read_small(state_dir + "/daemon.stderr")};
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with(speaker)) word = line.substr(speaker.size());
    }
    return word;
}

bool is_nobody_there(const Error& error) {
    return error.kind == Error::Kind::not_found || error.kind == Error::Kind::busy;
}

void ask_daemon(Scene& scene) {
    if (!scene.question.project) return;
    const auto& paths = *scene.question.project;
    const TimePoint deadline = platform::now() + daemon_patience;
    auto connection = client::Connection::open(paths.control_socket());
    const auto is_alone = [&] { return !connection && is_nobody_there(connection.error()); };
    while (is_alone() && project::find_living_keeper(paths.state_dir)) {
        if (platform::now() >= deadline) {
            scene.daemon = "dead";
            scene.daemon_problem = last_word_of_keeper(paths.state_dir);
            return;
        }
        platform::wait_readable({}, daemon_pause);
        connection = client::Connection::open(paths.control_socket());
    }
    if (is_alone()) return;
    if (!connection) {
        scene.daemon = "silent";
        scene.daemon_problem = connection.error().message;
        return;
    }
    const auto reply = connection->get(api::render_request(api::StateRequest{}), Duration{500ms});
    if (!reply) {
        scene.daemon = "silent";
        scene.daemon_problem = reply.error().message;
        return;
    }
    auto state = api::parse_state(reply->body);
    if (!state) return;
    scene.daemon = "running";
    if (scene.profile_path.empty()) scene.profile_path = state->profile;
    if (scene.project.empty()) scene.project = state->project;
    scene.state = std::move(*state);
}

/// Env files that programs read by themselves hold secrets too.
void recall_secrets(Scene& scene) {
    for (const ServiceScene& service : scene.services) {
        for (const char* name : {".env", ".env.local", ".env.development"}) {
            const std::string path = service.working_dir + "/" + name;
            const auto file = core::parse_dotenv(core::SourceFile{name, read_small(path)});
            for (const core::DotenvEntry& it : file.entries) {
                for (std::string& secret : core::doctor::secrets_in(it.name.text, it.value.text))
                    scene.secrets.push_back(std::move(secret));
            }
        }
    }
    for (const ServiceScene& service : scene.services) {
        if (service.fact.kind != "process" && service.fact.kind != "unit") continue;
        for (const auto& [name, value] : service.environment) {
            for (std::string& secret : core::doctor::secrets_in(name, value))
                scene.secrets.push_back(std::move(secret));
        }
    }
    // What everybody takes for a password is no secret, and to hide it would hide half of a log.
    constexpr std::array<std::string_view, 8> usual{
        "postgres", "password", "secret", "mysql", "redis", "changeme", "localhost", "development"};
    std::erase_if(scene.secrets, [&](const std::string& it) {
        return std::ranges::find(usual, std::string_view{it}) != usual.end();
    });
}

/// The event journal knows what has become of earlier runs.
void recall_readiness(Scene& scene) {
    if (!scene.question.project) return;
    project::EventQuery query;
    query.tail = 1000;
    const auto answer = project::read_events(scene.question.project->state_dir, query);
    if (!answer) return;
    for (ServiceScene& service : scene.services) {
        std::uint32_t last_run = 0;
        for (const api::EventMessage& it : answer->events) {
            if (it.service != service.fact.name || it.kind != "phase") continue;
            if (it.run != last_run) service.fact.has_been_ready = false;
            last_run = it.run;
            if (it.to == "ready") service.fact.has_been_ready = true;
        }
    }
}

}  // namespace

std::string Scene::shown(const std::string& path) const {
    if (path == project_dir) return path;
    const std::string base = project_dir + "/";
    if (project_dir.size() > 1 && path.starts_with(base)) return path.substr(base.size());
    // A profile may lie beside what it starts.
    const fs::path near = fs::path{path}.lexically_relative(project_dir);
    const std::string text = near.string();
    return text.starts_with("../..") || text.empty() ? path : text;
}

const ServiceScene* Scene::find(const std::string& name) const {
    const auto found =
        std::ranges::find(services, name, [](const ServiceScene& it) { return it.fact.name; });
    return found == services.end() ? nullptr : &*found;
}

Scene set_scene(const Question& question) {
    Scene scene;
    scene.question = question;
    scene.project_dir = question.project ? question.project->project_dir : question.directory;
    ask_daemon(scene);
    take_profile(scene);
    recall_readiness(scene);
    if (scene.profile_path.empty() && !scene.state) take_directory(scene);
    if (!scene.profile_path.empty() && scene.daemon == "none") attach_running(scene);
    recall_secrets(scene);
    if (!scene.state) return scene;
    for (const api::ServiceState& state : scene.state->services) {
        auto service = std::ranges::find(
            scene.services, state.name, [](const ServiceScene& it) { return it.fact.name; });
        if (service == scene.services.end()) {
            ServiceScene unknown;
            unknown.fact.name = state.name;
            unknown.fact.kind = state.kind;
            unknown.working_dir = scene.project_dir;
            scene.services.push_back(unknown);
            service = std::prev(scene.services.end());
        }
        overlay(service->fact, state);
    }
    return scene;
}

}  // namespace devstack::diagnosis
