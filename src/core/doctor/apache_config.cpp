// Apache: ProxyPass and balancers.

#include "devstack/core/doctor/proxy_config.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace devstack::core::doctor {

namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

class Reader {
public:
    explicit Reader(const std::string& file) : file_{file} {}

    std::vector<ProxyRouteFact> read(std::string_view text) {
        for (const ConfigLine& line : read_config_lines(text))
            take(line);
        for (ProxyRouteFact& route : routes_) {
            if (route.ports.empty()) route.ports = listens_;
            const bool has_own = route.timeout > 0;
            if (!has_own && timeout_.timeout > 0) {
                route.timeout = timeout_.timeout;
                route.timeout_by = timeout_.timeout_by;
                route.timeout_where = timeout_.timeout_where;
            }
            route.keeps_host = keeps_host_;
        }
        return std::move(routes_);
    }

private:
    std::string place(const ConfigLine& line) const {
        return file_ + ":" + std::to_string(line.number);
    }

    void take(const ConfigLine& line) {
        const auto& words = line.words;
        const std::string name = lower(words[0]);
        if (name.starts_with("</")) return leave(name);
        if (name.starts_with("<")) return enter(line);
        if (words.size() < 2) return;
        if (name == "listen") listens_.push_back(std::to_string(port_of(words[1])));
        if (name == "proxypreservehost") keeps_host_ = lower(words[1]) == "on";
        if (name == "proxytimeout" || (name == "timeout" && timeout_.timeout_by.empty())) {
            timeout_.timeout = read_duration(words[1], 1);
            timeout_.timeout_by = words[0] + " " + words[1];
            timeout_.timeout_where = place(line);
        }
        if (name == "balancermember") add_member(line);
        if (name == "proxypass" || name == "proxypassmatch") add_pass(line);
    }

    void enter(const ConfigLine& line) {
        const auto& words = line.words;
        const std::string name = lower(words[0]);
        std::string argument = words.size() > 1 ? words[1] : "";
        if (argument.ends_with('>')) argument.pop_back();
        if (name == "<virtualhost") {
            const int port = port_of(argument);
            if (port != 0) host_ports_ = {std::to_string(port)};
        }
        if (name == "<location") location_ = argument.starts_with('/') ? argument : "?";
        if (name == "<locationmatch") location_ = "?";
        if (name == "<proxy") balancer_ = argument;
    }
    void leave(const std::string& name) {
        if (name == "</virtualhost>") host_ports_.clear();
        if (name.starts_with("</location")) location_.clear();
        if (name == "</proxy>") balancer_.clear();
    }

    ProxyRouteFact begin(const ConfigLine& line) const {
        ProxyRouteFact route;
        route.product = "Apache";
        route.directive = line.words[0];
        route.where = place(line);
        route.ports = host_ports_;
        for (const std::string& word : line.words) {
            if (!word.starts_with("timeout=")) continue;
            route.timeout = read_duration(word.substr(8), 1);
            route.timeout_by = word;
            route.timeout_where = route.where;
        }
        return route;
    }
    static bool take_url(const std::string& text, ProxyRouteFact& route) {
        const auto url = parse_service_url(text);
        if (!url || (url->scheme != "http" && url->scheme != "https")) return false;
        route.scheme = url->scheme;
        route.host = url->host;
        route.port = url->port;
        return true;
    }

    void add_member(const ConfigLine& line) {
        ProxyRouteFact route = begin(line);
        if (!take_url(line.words[1], route)) return;
        route.group = balancer_;
        const auto use = balancers_.find(balancer_);
        if (use != balancers_.end()) route.path = use->second;
        routes_.push_back(std::move(route));
    }

    void add_pass(const ConfigLine& line) {
        const auto& words = line.words;
        // Inside of a Location the path is that one's.
        const bool is_inside = !location_.empty();
        if (!is_inside && words.size() < 3) return;
        const std::string path = is_inside ? location_ : words[1];
        const std::string& target = is_inside ? words[1] : words[2];
        ProxyRouteFact route = begin(line);
        // Of these the last one counts.
        if (is_inside) route.group = "<Location " + path + ">";
        const bool is_plain = lower(words[0]) == "proxypass" && path.starts_with('/');
        route.path = is_plain ? path : "";
        if (target.starts_with("balancer://")) {
            const std::string name = target.substr(0, target.find('/', 11));
            balancers_[name] = route.path;
            for (ProxyRouteFact& it : routes_) {
                if (it.group == name) it.path = route.path;
            }
            return;
        }
        if (target != "!") {
            if (!take_url(target, route)) return;
            const auto url = parse_service_url(target);
            route.strips = path;
            route.puts = url->path;
            route.strips_by = words[0] + " " + path + " " + target;
            route.strips_where = route.where;
        }
        routes_.push_back(std::move(route));
    }

    std::string file_;
    std::vector<std::string> listens_;
    std::vector<std::string> host_ports_;
    std::string location_;  ///< "?": one that is no plain path.
    std::string balancer_;
    std::map<std::string, std::string> balancers_;
    bool keeps_host_ = false;
    ProxyRouteFact timeout_;
    std::vector<ProxyRouteFact> routes_;
};

}  // namespace

std::vector<ProxyRouteFact> read_apache(const std::string& file, std::string_view text) {
    return Reader{file}.read(text);
}

}  // namespace devstack::core::doctor
