#include "diagnosis/stand_ins.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/units.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include <sys/stat.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;

std::string proc(int pid, const char* file) {
    return "/proc/" + std::to_string(pid) + "/" + file;
}

/// The ports of each process that listens; of processes that share a socket it is the oldest's.
std::map<int, std::set<int>> find_servers() {
    const auto sockets = platform::collect_listening_sockets({});
    const auto holders = find_socket_holders(sockets);
    std::map<int, std::set<int>> servers;
    for (const platform::ListeningSocket& it : sockets) {
        const auto holder = holders.find(it.inode);
        if (holder != holders.end()) servers[holder->second].insert(it.port.number);
    }
    return servers;
}

bool is_below(const std::string& path, const std::string& directory) {
    return path == directory || path.starts_with(directory + "/");
}

/// "server.js" of "node server.js", "php-fpm" of the title "php-fpm: master process (…)", else the
/// program's name.
std::string name_program(const std::vector<std::string>& words, int pid) {
    const std::string title = words[0].substr(0, words[0].find(": "));
    const std::string program = fs::path{title}.filename().string();
    static const std::regex interpreters{
        R"((node|nodejs|deno|bun|tsx|php|perl|ruby|bash|sh|python[\d.]*))"};
    if (!std::regex_match(program, interpreters)) return program;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-m" && i + 1 < words.size()) return words[i + 1];
        if (!words[i].empty() && words[i][0] != '-') return fs::path{words[i]}.filename().string();
    }
    return platform::read_program_name({}, pid);
}

/// "/system.slice/nginx.service": systemd.special(7).
std::string find_unit(int pid) {
    static const std::regex unit{R"(/([\w@\\:.-]+\.service)(?:/|\n|$))"};
    const std::string cgroup = read_small(proc(pid, "cgroup"), 4096);
    std::string last;
    for (std::sregex_iterator it{cgroup.begin(), cgroup.end(), unit}, end; it != end; ++it)
        last = (*it)[1].str();
    // The one of all that a person starts.
    return last.starts_with("user@") ? "" : last;
}

/// Where its output goes, if that is a file.
std::string find_output(int pid) {
    for (const char* stream : {"fd/2", "fd/1"}) {
        std::error_code error;
        const fs::path file = fs::read_symlink(proc(pid, stream), error);
        if (!error && fs::is_regular_file(file, error)) return file.string();
    }
    return "";
}

void take_environment(int pid, ServiceScene& service) {
    const std::string text = read_small(proc(pid, "environ"));
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\0', at), text.size());
        const auto equals = text.find('=', at);
        if (equals < end) {
            const std::string name = text.substr(at, equals - at);
            const std::string value = text.substr(equals + 1, end - equals - 1);
            service.environment[name] = value;
            // Of all that it has inherited only what names a place.
            if (value.find("://") != value.npos) {
                service.fact.variables.push_back(
                    {name, "", false, false, "the environment of " + service.fact.name});
            }
        }
        at = end + 1;
    }
}

/// It lives, and nobody says that it should not.
void take_life(int pid, core::doctor::ServiceFact& fact) {
    fact.phase = "ready";
    fact.is_wanted = true;
    fact.pid = pid;
    fact.unit = find_unit(pid);
    const auto process = platform::find_process({}, pid);
    if (!process) return;
    const auto age = platform::read_age({}, *process).value_or(Duration{});
    fact.uptime_seconds = std::chrono::duration<double>(age).count();
    fact.phase_seconds = fact.uptime_seconds;
}

ServiceScene describe(int pid, const std::set<int>& ports) {
    ServiceScene service;
    auto& fact = service.fact;
    fact.words = read_nginx_call(pid);
    if (fact.words.empty()) fact.words = platform::read_command_line({}, pid);
    if (fact.words.empty()) return service;
    fact.name = name_program(fact.words, pid) + " (pid " + std::to_string(pid) + ")";
    fact.kind = "process";
    fact.command = join(fact.words, " ");
    for (const int port : ports)
        fact.ports.push_back(std::to_string(port));
    fact.user = platform::read_user({}, pid);
    struct stat status {};
    if (::stat(proc(pid, "").c_str(), &status) == 0) fact.user_id = status.st_uid;
    take_life(pid, fact);
    service.working_dir = platform::read_working_dir({}, pid);
    service.declared_dir = service.working_dir;
    service.output = find_output(pid);
    std::error_code unknown;
    if (!service.output.empty()) service.output_begin = fs::file_size(service.output, unknown);
    take_environment(pid, service);
    return service;
}

void add_ports_in(const std::string& text, std::set<int>& ports) {
    static const std::regex port{R"(:(\d{2,5})\b)"};
    for (std::sregex_iterator it{text.begin(), text.end(), port}, end; it != end; ++it)
        ports.insert(core::doctor::to_port((*it)[1].str()));
}

/// Where those that are known already pass requests to.
std::set<int> find_ports_behind(Scene scene, std::vector<ServiceScene> fronts) {
    std::set<int> ports;
    if (fronts.empty()) return ports;
    scene.services = std::move(fronts);
    Facts facts = collect_nginx(scene);
    for (const core::doctor::NginxFact& nginx : facts.nginx) {
        if (scene.find(nginx.service) == nullptr) continue;
        for (const auto& server : nginx.servers) {
            for (const auto& location : server.locations)
                add_ports_in(location.proxy_pass + " " + location.other_pass, ports);
        }
        for (const auto& upstream : nginx.upstreams)
            add_ports_in(join(upstream.servers, " "), ports);
    }
    for (const ServiceScene& it : scene.services) {
        for (const core::doctor::ProxyRouteFact& route : read_proxy_files(scene, it, facts))
            ports.insert(route.port);
    }
    return ports;
}

bool is_of_here(const Unit& unit, const std::string& here) {
    if (here == "/") return false;
    return is_below(unit.said.working_dir, here) ||
           std::ranges::any_of(unit.said.command, [&](const std::string& it) {
               return it.starts_with('/') && is_below(it, here);
           });
}

/// One that should run, and does not; or that runs, and listens nowhere.
ServiceScene describe(const Unit& unit) {
    ServiceScene service;
    auto& fact = service.fact;
    fact.name = unit.name;
    fact.kind = "unit";
    fact.phase = "stopped";
    fact.words = unit.said.command;
    fact.command = join(fact.words, " ");
    fact.ports = core::doctor::find_ports(unit.said);
    fact.declared_at = unit.file;
    if (!unit.pids.empty()) take_life(unit.pids.front(), fact);
    fact.unit = unit.name;
    service.working_dir = unit.said.working_dir.empty() ? "/" : unit.said.working_dir;
    service.declared_dir = service.working_dir;
    service.environment = unit.said.environment;
    service.env_files = unit.said.environment_files;
    return service;
}

void add_units(const std::string& here,
               const std::set<int>& ports,
               const std::set<int>& taken,
               std::vector<ServiceScene>& found) {
    const auto is_served = [&](const std::string& port) {
        return std::ranges::any_of(found, [&](const ServiceScene& it) {
            return std::ranges::find(it.fact.ports, port) != it.fact.ports.end();
        });
    };
    for (const Unit& unit : find_units()) {
        const auto declared = core::doctor::find_ports(unit.said);
        const bool is_asked = std::ranges::any_of(declared, [&](const std::string& it) {
            return ports.contains(core::doctor::to_port(it));
        });
        const bool is_known =
            std::ranges::any_of(unit.pids, [&](int pid) { return taken.contains(pid); });
        // Somebody has started it by hand.
        const bool is_elsewhere = unit.pids.empty() && std::ranges::any_of(declared, is_served);
        if (is_known || is_elsewhere || unit.said.command.empty() || unit.said.type == "oneshot") {
            continue;
        }
        if (is_asked || is_of_here(unit, here)) found.push_back(describe(unit));
    }
}

}  // namespace

std::vector<ServiceScene> find_stand_ins(const Scene& scene) {
    constexpr std::size_t stand_ins_max = 20;
    const std::string& here = scene.question.directory;
    const auto servers = find_servers();
    std::vector<ServiceScene> found;
    std::set<int> taken;
    const auto take = [&](const auto& is_wanted) {
        for (const auto& [pid, ports] : servers) {
            if (found.size() == stand_ins_max || taken.contains(pid)) continue;
            if (!is_wanted(pid, ports)) continue;
            taken.insert(pid);
            ServiceScene it = describe(pid, ports);
            // Several may listen there beside each other (SO_REUSEPORT, socket(7)).
            const bool is_like = std::ranges::any_of(found, [&](const ServiceScene& other) {
                return other.fact.ports == it.fact.ports && other.fact.command == it.fact.command;
            });
            if (!it.fact.name.empty() && !is_like) found.push_back(std::move(it));
        }
    };
    take([&](int, const std::set<int>& ports) {
        return ports.contains(scene.question.subject.port);
    });
    const std::set<int> behind = find_ports_behind(scene, found);
    take([&](int, const std::set<int>& ports) {
        return std::ranges::any_of(ports, [&](int it) { return behind.contains(it); });
    });
    take([&](int pid, const std::set<int>&) {
        return here != "/" && is_below(platform::read_working_dir({}, pid), here);
    });
    std::set<int> wanted = behind;
    wanted.insert(scene.question.subject.port);
    add_units(here, wanted, taken, found);
    return found;
}

void attach_running(Scene& scene) {
    const auto servers = find_servers();
    std::set<int> taken;
    for (const auto& [pid, ports] : servers) {
        taken.insert(ports.begin(), ports.end());
        const std::string directory = platform::read_working_dir({}, pid);
        const bool is_here = !directory.empty() && is_below(directory, scene.project_dir);
        if (!is_here || platform::read_environment_variable({}, pid, "DEVSTACK_RUN")) continue;
        for (ServiceScene& service : scene.services) {
            const bool is_it =
                std::ranges::any_of(service.fact.ports, [&held = ports](const std::string& port) {
                    return held.contains(core::doctor::to_port(port));
                });
            if (service.fact.pid == 0 && is_it) take_life(pid, service.fact);
        }
    }
    const bool is_up = std::ranges::any_of(scene.services,
                                           [](const ServiceScene& it) { return it.fact.pid != 0; });
    for (ServiceScene& service : scene.services) {
        const bool is_missed = std::ranges::none_of(service.fact.ports, [&](const std::string& it) {
            return taken.contains(core::doctor::to_port(it));
        });
        const bool may_be = service.fact.kind == "service" && !service.fact.ports.empty();
        if (is_up && may_be && is_missed) service.fact.phase = "stopped";
    }
}

}  // namespace devstack::diagnosis
