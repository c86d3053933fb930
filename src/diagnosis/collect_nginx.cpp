#include "devstack/core/doctor/nginx_config.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include <glob.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::NginxDirective;
using core::doctor::NginxFact;

/// How nginx was, or will be, called.
struct Call {
    std::string service;
    std::string directory;
    std::string prefix;
    std::string config;
    std::string error_log;
};

bool is_nginx(const std::vector<std::string>& words) {
    return !words.empty() && fs::path{words[0]}.filename() == "nginx";
}

Call read_call(const std::vector<std::string>& words, const std::string& directory) {
    Call call;
    call.directory = directory;
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
        if (words[i] == "-p") call.prefix = words[i + 1];
        if (words[i] == "-c") call.config = words[i + 1];
        if (words[i] == "-e") call.error_log = words[i + 1];
    }
    call.prefix = call.prefix.empty() ? "/etc/nginx" : (fs::path{directory} / call.prefix).string();
    if (call.config.empty()) call.config = "/etc/nginx/nginx.conf";
    call.config = (fs::path{call.prefix} / call.config).lexically_normal().string();
    return call;
}

std::vector<std::string> expand(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i)
            paths.emplace_back(found.gl_pathv[i]);
    }
    ::globfree(&found);
    return paths;
}

/// Reads a configuration with all that it includes.
class Loader {
public:
    Loader(const Scene& scene, const Call& call, NginxFact& fact)
        : scene_{scene}, base_{fs::path{call.config}.parent_path()}, fact_{fact} {}

    std::vector<NginxDirective> load(const std::string& path) {
        constexpr int files_max = 200;
        if (++files_ > files_max) return {};
        auto text = core::doctor::parse_nginx(scene_.shown(path), read_small(path));
        if (!text.problem.empty() && fact_.problem.empty()) {
            fact_.problem = text.problem;
            fact_.problem_where = scene_.shown(path) + ":" + std::to_string(text.problem_line);
        }
        return resolve(std::move(text.directives));
    }

private:
    std::vector<NginxDirective> resolve(std::vector<NginxDirective> directives) {
        std::vector<NginxDirective> result;
        for (NginxDirective& it : directives) {
            if (it.words.front() == "include" && it.words.size() > 1) {
                const auto paths = expand((base_ / it.words[1]).string());
                if (paths.empty()) {
                    fact_.empty_includes.push_back("include " + it.words[1] + " (" + it.where() +
                                                   ")");
                }
                for (const std::string& path : paths) {
                    for (NginxDirective& inner : load(path))
                        result.push_back(std::move(inner));
                }
                continue;
            }
            it.block = resolve(std::move(it.block));
            result.push_back(std::move(it));
        }
        return result;
    }

    const Scene& scene_;
    fs::path base_;
    NginxFact& fact_;
    int files_ = 0;
};

void examine(const Scene& scene, const Call& call, Facts& facts) {
    NginxFact fact;
    fact.service = call.service;
    fact.config = scene.shown(call.config);
    fact.directory = call.directory;
    fact.prefix = call.prefix;
    std::error_code ignored;
    if (!fs::exists(call.config, ignored)) {
        fact.problem = "there is no such file";
        fact.problem_where = fact.config;
    } else {
        core::doctor::summarise_nginx(Loader{scene, call, fact}.load(call.config), fact);
    }
    std::string error_log = fact.error_log.empty() ? call.error_log : fact.error_log;
    if (error_log.empty()) error_log = "/var/log/nginx/error.log";
    // Of another process /dev/stderr is not ours.
    if (error_log != "stderr" && !error_log.starts_with("/dev/") &&
        !error_log.starts_with("/proc/")) {
        const fs::path path = fs::path{call.prefix} / error_log;
        fact.error_log = scene.shown(path.lexically_normal().string());
        add_log_file(scene, path.lexically_normal().string(), call.service, facts);
    }
    facts.nginx.push_back(std::move(fact));
}

/// The service whose command it is, or whose shell has started it; empty: none.
std::string name_of_starter(const platform::ProcessInfo& process, const Scene& scene) {
    const auto starter = std::ranges::find_if(scene.services, [&](const ServiceScene& it) {
        const int pid = it.fact.pid;
        return pid != 0 && (pid == process.pid || pid == process.parent);
    });
    return starter == scene.services.end() ? "" : starter->fact.name;
}

}  // namespace

std::vector<std::string> read_nginx_call(int pid) {
    // The title of a master: "nginx: master process /usr/sbin/nginx -c …".
    const auto title = platform::read_command_line({}, pid);
    const auto at = title.empty() ? std::string::npos : title[0].find("nginx: master process ");
    if (at != 0) return {};
    std::istringstream call{title[0].substr(std::string_view{"nginx: master process "}.size())};
    std::vector<std::string> words;
    for (std::string word; call >> word;)
        words.push_back(word);
    return words;
}

Facts collect_nginx(const Scene& scene) {
    Facts facts;
    std::set<std::string> seen;
    for (const ServiceScene& service : scene.services) {
        if (!is_nginx(service.fact.words)) continue;
        Call call = read_call(service.fact.words, service.working_dir);
        call.service = service.fact.name;
        if (seen.insert(call.config).second) examine(scene, call, facts);
    }
    for (const platform::ProcessInfo& process : platform::collect_processes({})) {
        if (process.name != "nginx") continue;
        const auto words = read_nginx_call(process.pid);
        if (words.empty()) continue;
        Call call = read_call(words, platform::read_working_dir({}, process.pid));
        call.service = name_of_starter(process, scene);
        if (seen.insert(call.config).second) examine(scene, call, facts);
    }
    return facts;
}

void read_nginx_logs_again(const Scene& scene, Facts& facts) {
    for (const core::doctor::NginxFact& nginx : facts.nginx) {
        if (nginx.error_log.empty()) continue;
        std::erase_if(facts.logs, [&](const core::doctor::LogFact& it) {
            return it.service == nginx.service && it.file == nginx.error_log;
        });
        const fs::path path = fs::path{scene.project_dir} / nginx.error_log;
        add_log_file(scene, path.lexically_normal().string(), nginx.service, facts);
    }
}

}  // namespace devstack::diagnosis
