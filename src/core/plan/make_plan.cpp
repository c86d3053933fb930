#include "devstack/core/plan/make_plan.hpp"

#include "devstack/base/assert.hpp"
#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/plan/secrets.hpp"
#include "devstack/core/probes/url.hpp"
#include "devstack/core/profile/name.hpp"

#include "dependency_order.hpp"
#include "path.hpp"
#include "probe_plan.hpp"
#include "process_plan.hpp"
#include "service_environment.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace devstack::core {

namespace {

/// "http://localhost:3200/" if the service speaks HTTP, as far as its profile tells.
std::string make_url(const ServicePlan& service) {
    const UrlProbe* probe = nullptr;
    if (service.ready) {
        if (const auto* it = std::get_if<UrlProbe>(&service.ready->probe)) probe = it;
    }
    if (service.health) {
        if (const auto* it = std::get_if<UrlProbe>(&service.health->probe)) probe = it;
    }
    if (probe != nullptr) {
        return Url{probe->is_tls, probe->host, probe->port, "/"}.origin() + "/";
    }
    for (const DeclaredPort& port : service.ports) {
        if (port.name == "http" || port.name == "https") {
            return Url{port.name == "https", "localhost", port.port, "/"}.origin() + "/";
        }
    }
    return "";
}

RestartPolicy make_restart(const ServiceSetting& setting, Mode mode) {
    RestartPolicy policy;
    if (setting.kind == ServiceKind::task) policy.mode = RestartMode::no;
    const RestartSetting& restart = setting.restart;
    policy.mode = restart.policy.value_or(policy.mode);
    policy.max = restart.max.value_or(policy.max);
    policy.window = restart.window.value_or(policy.window);
    policy.delay = restart.delay.value_or(policy.delay);
    policy.max_delay = restart.max_delay.value_or(std::max(policy.max_delay, policy.delay));
    policy.delay = std::min(policy.delay, policy.max_delay);
    policy.gives_up = mode == Mode::development;
    return policy;
}

class PlanMaker {
public:
    PlanMaker(const Profile& profile, const Surroundings& surroundings)
        : profile_{profile}, surroundings_{surroundings}, environments_{profile, surroundings} {}

    Checked<Plan> make() {
        check_ports();
        const DependencyGraph graph = make_dependency_graph(profile_, diagnostics_);
        const std::vector<std::size_t> order = make_dependency_order(profile_, graph, diagnostics_);
        services_.reserve(profile_.services.size());
        for (const ServiceSetting& setting : profile_.services) {
            services_.push_back(make_service(setting));
        }
        return finish(graph, order);
    }

private:
    void check_ports() {
        std::map<Port, std::pair<const ServiceSetting*, Place>> owners;
        for (const ServiceSetting& service : profile_.services) {
            for (const PortSetting& port : service.ports) {
                const auto [first, is_new] =
                    owners.emplace(port.port, std::pair{&service, port.place});
                if (is_new || port.port.number == 0) continue;
                const auto& [owner, place] = first->second;
                diagnostics_.push_back(
                    profile_.source.error("duplicate-port",
                                          port.place,
                                          "port " + to_string(port.port) + " of `" + service.name +
                                              "` is already declared by `" + owner->name + "` (" +
                                              profile_.source.describe(place) + ")",
                                          "give one of them another port"));
            }
        }
    }

    ServicePlan make_service(const ServiceSetting& setting) {
        const ServiceSurroundings around = environments_.make(setting);
        ServicePlan service;
        service.name = setting.name;
        service.kind = setting.kind;
        service.working_dir = around.working_dir;
        if (setting.command) {
            service.command = make_command(*setting.command, around.scope, diagnostics_);
        }
        service.environment = make_environment(around.scope.variables);
        service.process =
            make_process_settings(setting.process, around, surroundings_.accounts, diagnostics_);
        for (const PortSetting& port : setting.ports) {
            const std::string address = port.host ? port.host->text : "127.0.0.1";
            service.ports.push_back({port.name, port.port, port.is_socket ? address : ""});
        }
        if (setting.prepare) service.prepare = make_prepare(*setting.prepare, around);
        for (const SourceText& glob : setting.watch)
            service.watch.push_back(resolve(glob, around));
        service.restart = make_restart(setting, profile_.mode);
        ProbeMaker probes{around, diagnostics_};
        if (setting.ready) service.ready = probes.make_ready(*setting.ready);
        if (setting.ready) service.ready_sign = make_ready_sign(*setting.ready);
        if (setting.health) service.health = probes.make_health(*setting.health);
        service.watchdog = setting.watchdog.value_or(service.watchdog);
        service.on_demand = setting.on_demand;
        check_sockets(setting);
        service.start_timeout = setting.start_timeout.value_or(service.start_timeout);
        service.stop_timeout = setting.stop_timeout.value_or(service.stop_timeout);
        service.stop_signal = setting.stop_signal.value_or(service.stop_signal);
        service.dump_signal = setting.dump_signal.value_or(service.dump_signal);
        service.success_exit_codes = setting.success_exit_codes;
        service.url = make_url(service);
        return service;
    }

    void check_sockets(const ServiceSetting& setting) {
        const auto sockets =
            static_cast<std::size_t>(std::ranges::count_if(setting.ports, &PortSetting::is_socket));
        if (setting.on_demand && sockets == 0) {
            diagnostics_.push_back(profile_.source.error(
                "no-socket",
                setting.on_demand_place,
                "`on_demand` of `" + setting.name + "` needs a port with `socket = true`",
                "port = { port = 3000, socket = true }"));
        }
        if (sockets <= limits::sockets_max) return;
        diagnostics_.push_back(profile_.source.error(
            "too-large",
            setting.place,
            "`" + setting.name + "` has " + count_of(sockets, "socket") + ", and " +
                std::to_string(limits::sockets_max) + " can be handed to a service"));
    }

    std::vector<std::string> make_environment(const std::map<std::string, std::string>& variables) {
        std::vector<std::string> environment;
        environment.reserve(variables.size());
        for (const auto& [name, value] : variables) {
            environment.push_back(name + "=" + value);
            for (std::string& secret : find_secrets(name, value)) {
                secrets_.insert(std::move(secret));
            }
        }
        return environment;
    }

    std::string resolve(const SourceText& path, const ServiceSurroundings& around) {
        return resolve_path(
            around.working_dir, expand(path, around.scope, diagnostics_), around.scope.home());
    }

    PrepareStep make_prepare(const PrepareSetting& setting, const ServiceSurroundings& around) {
        PrepareStep step;
        step.command = make_command(*setting.command, around.scope, diagnostics_);
        if (setting.creates) step.creates = resolve(*setting.creates, around);
        for (const SourceText& input : setting.inputs) {
            step.inputs.push_back(resolve(input, around));
        }
        return step;
    }

    Checked<Plan> finish(const DependencyGraph& graph, const std::vector<std::size_t>& order) {
        DEVSTACK_ASSERT(environments_.missing_files().empty(),
                        "all env files have been looked for");
        DEVSTACK_ASSERT(environments_.missing_accounts().is_empty(),
                        "all users and groups have been looked for");
        Checked<Plan> result;
        result.diagnostics = environments_.take_diagnostics();
        result.diagnostics.insert(
            result.diagnostics.end(), diagnostics_.begin(), diagnostics_.end());
        if (has_errors(result.diagnostics)) return result;

        Plan plan;
        plan.project =
            profile_.name ? profile_.name->text : make_name_from_path(surroundings_.project_dir);
        plan.project_dir = surroundings_.project_dir;
        plan.mode = profile_.mode;
        plan.on_keeper_death = profile_.on_keeper_death.value_or(
            plan.mode == Mode::host ? OnKeeperDeath::keep : OnKeeperDeath::stop);
        if (profile_.api) {
            plan.api = {profile_.api->address, profile_.api->port, profile_.api->is_remote};
        }
        plan.logs_size_max = profile_.logs_size_max;
        plan.compresses_logs = profile_.compresses_logs;
        plan.has_cgroups = profile_.cgroups.value_or(profile_.mode == Mode::host);
        plan.environment = make_environment(environments_.project_variables());
        plan.services.reserve(order.size());
        plan.secrets.assign(secrets_.begin(), secrets_.end());
        std::ranges::stable_sort(plan.secrets, std::ranges::greater{}, &std::string::size);
        std::vector<ServiceId> id_of(order.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            id_of[order[i]] = ServiceId{i};
        }
        for (const std::size_t index : order) {
            ServicePlan& service = plan.services.emplace_back(std::move(services_[index]));
            for (const Need& need : graph.needs[index]) {
                service.needs.push_back({id_of[need.service.index], need.condition});
            }
            for (const ServiceId companion : graph.restart_with[index]) {
                service.restart_with.push_back(id_of[companion.index]);
            }
        }
        result.value = std::move(plan);
        return result;
    }

    const Profile& profile_;
    const Surroundings& surroundings_;
    EnvironmentMaker environments_;
    std::vector<Diagnostic> diagnostics_;
    std::vector<ServicePlan> services_;
    std::set<std::string> secrets_;
};

}  // namespace

Checked<Plan> make_plan(const Profile& profile, const Surroundings& surroundings) {
    return PlanMaker{profile, surroundings}.make();
}

}  // namespace devstack::core
