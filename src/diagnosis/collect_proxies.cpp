#include "devstack/core/doctor/proxy_config.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/platform/procfs.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include <fnmatch.h>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ProxyRouteFact;
using core::doctor::ProxyRuleFact;

/// The word behind an option, or `usual`.
std::string word_after(const ServiceScene& service,
                       const std::vector<std::string>& options,
                       const std::string& usual) {
    const auto& words = service.fact.words;
    const auto found = std::ranges::find_first_of(words, options);
    return found == words.end() || std::next(found) == words.end() ? usual : *std::next(found);
}

/// By the environment of the process, and else by what its profile gives it and we have ourselves.
bool is_set(const ServiceScene& service, const std::string& name) {
    if (service.fact.pid != 0) {
        const auto values =
            platform::read_environment_variables({}, service.fact.pid, {"PATH", name});
        // Nobody is without PATH: it may not be looked at.
        if (!values[0]) return true;
        return values[1] && !values[1]->empty();
    }
    const auto found = service.environment.find(name);
    if (found != service.environment.end()) return !found->second.empty();
    return !platform::find_environment_variable(name).value_or("").empty();
}

/// "[NAME=]ADDRESS[,PROTOCOL]" of each -a (varnishd(1)).
std::vector<std::string> ports_of_varnish(const ServiceScene& service) {
    std::vector<std::string> ports;
    const auto& words = service.fact.words;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] != "-a") continue;
        std::string address = words[i + 1].substr(words[i + 1].find('=') + 1);
        address = address.substr(0, address.find(','));
        const auto colon = address.rfind(':');
        ports.push_back(colon == address.npos ? "80" : address.substr(colon + 1));
    }
    return ports;
}

bool is_apache(const ServiceScene& service) {
    if (service.fact.words.empty()) return false;
    const std::string program = fs::path{service.fact.words[0]}.filename().string();
    return program == "apache2" || program == "httpd";
}
std::string apache_file(const ServiceScene& service) {
    const fs::path root = word_after(service, {"-d"}, "");
    return (root / word_after(service, {"-f"}, "httpd.conf")).string();
}

class ProxyFiles {
public:
    ProxyFiles(const Scene& scene, const ServiceScene& service, Facts& facts)
        : scene_{scene}, service_{service}, facts_{facts} {}

    std::vector<ProxyRouteFact> read() {
        if (service_.fact.words.empty()) return {};
        const std::string program = fs::path{service_.fact.words[0]}.filename().string();
        if (program == "haproxy") {
            open(word_after(service_, {"-f"}, "haproxy.cfg"));
            add(core::doctor::read_haproxy(file_, text_),
                core::doctor::read_haproxy_rules(file_, text_));
        } else if (is_apache(service_)) {
            read_apache();
        } else if (program == "caddy") {
            open(word_after(service_, {"--config", "-c"}, "Caddyfile"));
            add(core::doctor::read_caddy(file_, text_),
                core::doctor::read_caddy_rules(file_, text_));
        } else if (program == "varnishd") {
            open(word_after(service_, {"-f"}, ""));
            const auto ports = ports_of_varnish(service_);
            add(core::doctor::read_varnish(file_, text_, ports),
                core::doctor::read_varnish_rules(file_, text_, ports));
        }
        if (program == "traefik") read_traefik();
        return std::move(added_);
    }

private:
    /// Its files may have any name. With one server alone it is known who is asked.
    void read_traefik() {
        constexpr int files_max = 20;
        std::vector<ProxyRouteFact> routes;
        std::string options;
        for (const std::string& word : service_.fact.words)
            options += word + "\n";
        auto ports = core::doctor::read_traefik_ports(options);
        int count = 0;
        for (const char* folder : {".", "dynamic", "conf.d", "config", "traefik"}) {
            std::error_code error;
            const fs::path directory = fs::path{service_.working_dir} / folder;
            for (fs::directory_iterator it{directory, error};
                 !error && it != fs::directory_iterator{} && count < files_max;
                 it.increment(error)) {
                const std::string kind = it->path().extension().string();
                if (kind != ".yml" && kind != ".yaml" && kind != ".toml") continue;
                ++count;
                open(fs::path{folder} / it->path().filename());
                for (const std::string& port : core::doctor::read_traefik_ports(text_))
                    ports.push_back(port);
                for (ProxyRouteFact& route : core::doctor::read_traefik(file_, text_))
                    routes.push_back(std::move(route));
            }
        }
        if (routes.size() == 1) {
            routes[0].path = "/";
            routes[0].ports = ports;
        }
        add(std::move(routes), {});
    }

    void open(const std::string& file) {
        const fs::path path = (fs::path{service_.working_dir} / file).lexically_normal();
        file_ = scene_.shown(path.string());
        text_ = read_small(path.string());
    }

    /// With the files that it includes, as far as their names are plain, or end in a pattern.
    void read_apache() {
        open(apache_file(service_));
        const std::string main = text_;
        std::vector<std::pair<std::string, std::string>> files{{file_, text_}};
        for (const std::string& word : core::doctor::list_apache_words(main, "include")) {
            for (const std::string& file : find_included(word, main)) {
                open(file);
                files.emplace_back(file_, text_);
            }
        }
        std::vector<std::string> ports;
        for (const auto& [file, text] : files) {
            for (const std::string& it : core::doctor::list_apache_words(text, "listen"))
                ports.push_back(it.substr(it.rfind(':') + 1));
        }
        for (const auto& [file, text] : files) {
            auto routes = core::doctor::read_apache(file, text);
            auto rules = core::doctor::read_apache_rules(file, text);
            for (ProxyRouteFact& route : routes)
                if (route.ports.empty()) route.ports = ports;
            for (ProxyRuleFact& rule : rules)
                if (rule.ports.empty()) rule.ports = ports;
            add(std::move(routes), std::move(rules));
        }
        text_ = main;
        add_htaccess();
    }
    std::vector<std::string> find_included(const std::string& word, const std::string& main) const {
        constexpr std::size_t files_max = 50;
        const fs::path root = core::doctor::find_apache_word(main, "serverroot");
        const fs::path path = fs::path{service_.working_dir} / root / word;
        const std::string pattern = path.filename().string();
        if (pattern.find_first_of("*?[") == pattern.npos) return {path.string()};
        std::vector<std::string> files;
        std::error_code error;
        for (fs::directory_iterator it{path.parent_path(), error};
             !error && it != fs::directory_iterator{} && files.size() < files_max;
             it.increment(error)) {
            const std::string name = it->path().filename().string();
            if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0) {
                files.push_back(it->path().string());
            }
        }
        std::ranges::sort(files);  // As Apache reads them.
        return files;
    }

    /// What lies in the directory of the pages, if it is not ignored there.
    void add_htaccess() {
        const std::string root = core::doctor::find_apache_word(text_, "documentroot");
        const std::string allows = core::doctor::find_apache_word(text_, "allowoverride");
        const std::string listens = core::doctor::find_apache_word(text_, "listen");
        if (root.empty() || allows.empty() || allows == "None") return;
        const fs::path base = core::doctor::find_apache_word(text_, "serverroot");
        const std::string directory = (base / root).string();
        open(directory + "/.htaccess");
        auto rules = core::doctor::read_apache_rules(file_, text_);
        for (ProxyRuleFact& rule : rules) {
            rule.ports = {listens.substr(listens.rfind(':') + 1)};
            if (rule.kind != "rewrite") rule.path = "/";
        }
        add({}, std::move(rules));
    }

    void add(std::vector<ProxyRouteFact> routes, std::vector<ProxyRuleFact> rules) {
        for (ProxyRouteFact& route : routes) {
            route.service = service_.fact.name;
            facts_.proxy_routes.push_back(route);
            added_.push_back(std::move(route));
        }
        for (ProxyRuleFact& rule : rules) {
            rule.service = service_.fact.name;
            if (rule.kind == "variable" && is_set(service_, rule.target)) continue;
            facts_.proxy_rules.push_back(std::move(rule));
        }
    }

    const Scene& scene_;
    const ServiceScene& service_;
    Facts& facts_;
    std::string file_;
    std::string text_;
    std::vector<ProxyRouteFact> added_;
};

}  // namespace

std::string find_proxy_log(const ServiceScene& service) {
    if (!is_apache(service)) return "";
    const fs::path directory = service.working_dir;
    const std::string text = read_small((directory / apache_file(service)).string());
    const std::string log = core::doctor::find_apache_word(text, "errorlog");
    // A program, or the journal.
    if (log.empty() || log.starts_with('|') || log.starts_with("syslog")) return "";
    const fs::path root = core::doctor::find_apache_word(text, "serverroot");
    return (directory / root / log).lexically_normal().string();
}

std::vector<ProxyRouteFact> read_proxy_files(const Scene& scene,
                                             const ServiceScene& service,
                                             Facts& facts) {
    return ProxyFiles{scene, service, facts}.read();
}

}  // namespace devstack::diagnosis
