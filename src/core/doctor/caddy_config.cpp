// Caddy: reverse_proxy in the sites of a Caddyfile.

#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>
#include <optional>

namespace devstack::core::doctor {

namespace {

/// A block, by what stands before its "{".
struct Block {
    std::vector<std::string> words;
    int line = 0;
};

/// "/api/*" -> "/api/"; empty for what is no prefix.
std::string prefix_of(const std::string& matcher) {
    if (matcher == "*") return "/";
    if (!matcher.starts_with('/') || !matcher.ends_with('*')) return "";
    const std::string prefix = matcher.substr(0, matcher.size() - 1);
    return prefix.find('*') == prefix.npos ? prefix : "";
}

class Reader {
public:
    explicit Reader(const std::string& file) : file_{file} {}

    std::vector<ProxyRouteFact> read(std::string_view text) {
        for (ConfigLine line : read_config_lines(text)) {
            if (line.words[0] == "}") {
                if (!blocks_.empty()) leave();
                continue;
            }
            const bool opens = line.words.back() == "{";
            if (opens) line.words.pop_back();
            // A file of one site needs no braces.
            const bool is_site = blocks_.empty() && site_.empty() && !opens;
            if (is_site && line.words[0] != "import") site_ = line.words;
            if (!blocks_.empty() || !site_.empty()) take(line, opens);
            if (opens) blocks_.push_back({line.words, line.number});
        }
        return std::move(routes_);
    }

private:
    std::string place(int line) const { return file_ + ":" + std::to_string(line); }

    void leave() {
        const bool is_proxy =
            !blocks_.back().words.empty() && blocks_.back().words[0] == "reverse_proxy" && open_;
        blocks_.pop_back();
        if (is_proxy) finish();
    }

    void take(const ConfigLine& line, bool opens) {
        const std::string& name = line.words.empty() ? "" : line.words[0];
        if (open_) return take_option(line);
        if (name != "reverse_proxy") return;
        open_ = begin(line);
        if (!opens) finish();
    }

    /// Inside of a reverse_proxy with a block.
    void take_option(const ConfigLine& line) {
        const auto& words = line.words;
        if (words.empty()) return;
        if (words[0] == "to") upstreams_.insert(upstreams_.end(), words.begin() + 1, words.end());
        if (words[0].starts_with("tls")) open_->scheme = "https";
        if (words[0] == "rewrite") open_->path.clear();
        const bool is_timeout = words[0] == "response_header_timeout" || words[0] == "read_timeout";
        if (is_timeout && words.size() > 1) {
            open_->timeout = read_duration(words[1], 0);
            open_->timeout_by = words[0] + " " + words[1];
            open_->timeout_where = place(line.number);
        }
        if (words[0].starts_with("health_")) open_->is_checked = true;
    }

    ProxyRouteFact begin(const ConfigLine& line) {
        ProxyRouteFact route;
        route.product = "Caddy";
        route.directive = "reverse_proxy";
        route.where = place(line.number);
        route.group = route.where;
        route.keeps_host = true;
        route.path = "/";
        upstreams_.assign(line.words.begin() + 1, line.words.end());
        if (!upstreams_.empty() && (upstreams_[0].starts_with('/') || upstreams_[0] == "*" ||
                                    upstreams_[0].starts_with('@'))) {
            route.path = prefix_of(upstreams_[0]);
            upstreams_.erase(upstreams_.begin());
        }
        for (const Block& block : blocks_)
            narrow(block, route);
        route.ports = ports();
        return route;
    }

    /// What a block around it does to the requests.
    void narrow(const Block& block, ProxyRouteFact& route) const {
        const auto& words = block.words;
        const bool is_site = site_.empty() && &block == &blocks_.front();
        if (is_site || words.empty()) return;
        const bool is_matching =
            words[0] == "handle_path" || words[0] == "handle" || words[0] == "route";
        const std::string path = words.size() > 1 ? prefix_of(words[1]) : "/";
        if (!is_matching || path.empty()) {
            route.path.clear();
            return;
        }
        if (route.path == "/") route.path = path;
        if (words[0] != "handle_path" || words.size() < 2) return;
        route.strips = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
        route.strips_by = words[0] + " " + words[1];
        route.strips_where = place(block.line);
    }

    std::vector<std::string> ports() const {
        std::vector<std::string> ports;
        for (std::string address : site_.empty() ? blocks_.front().words : site_) {
            if (address.ends_with(',')) address.pop_back();
            const bool is_plain = address.starts_with("http://");
            const auto scheme = address.find("://");
            if (scheme != address.npos) address = address.substr(scheme + 3);
            address = address.substr(0, address.find('/'));
            const bool has_port = address.find(':') != address.npos;
            const int port = has_port ? port_of(address) : is_plain ? 80 : 443;
            if (port != 0) ports.push_back(std::to_string(port));
        }
        return ports;
    }

    void finish() {
        for (std::string upstream : upstreams_) {
            ProxyRouteFact route = *open_;
            const auto scheme = upstream.find("://");
            std::string speaks = "http";
            if (scheme != upstream.npos) {
                speaks = upstream.substr(0, scheme);
                upstream = upstream.substr(scheme + 3);
            }
            const bool is_dialled = upstream.find_first_of("{/") == upstream.npos;
            if (!is_dialled || upstream.empty()) continue;
            const bool has_port = upstream.find(':') != upstream.npos;
            route.host = has_port ? host_of(upstream) : upstream;
            if (route.host.empty()) route.host = "localhost";
            route.port = has_port ? port_of(upstream) : speaks == "https" ? 443 : 80;
            if (route.port == 0) continue;
            if (speaks != "http") route.scheme = speaks == "https" ? "https" : "tcp";
            if (route.scheme.empty()) route.scheme = "http";
            routes_.push_back(std::move(route));
        }
        upstreams_.clear();
        open_.reset();
    }

    std::string file_;
    std::vector<Block> blocks_;
    std::vector<std::string> site_;
    std::optional<ProxyRouteFact> open_;
    std::vector<std::string> upstreams_;
    std::vector<ProxyRouteFact> routes_;
};

}  // namespace

std::vector<ProxyRouteFact> read_caddy(const std::string& file, std::string_view text) {
    return Reader{file}.read(text);
}

// ---- What all of them have in common -----------------------------------------------------------

std::vector<const ProxyRouteFact*> find_servers(const Facts& facts,
                                                int port,
                                                const std::string& target) {
    const std::string path = target.substr(0, target.find('?'));
    const ProxyRouteFact* best = nullptr;
    for (const ProxyRouteFact& it : facts.proxy_routes) {
        const bool is_there = std::ranges::find(it.ports, std::to_string(port)) != it.ports.end();
        if (!is_there) continue;
        if (it.path.empty()) return {};  // It may be this one.
        if (!path.starts_with(it.path)) continue;
        if (best == nullptr) best = &it;
        // Of Apache the first one counts.
        if (it.product != "Apache" && it.path.size() > best->path.size()) best = &it;
    }
    std::vector<const ProxyRouteFact*> servers;
    if (best == nullptr || best->host.empty()) return servers;
    for (const ProxyRouteFact& it : facts.proxy_routes) {
        const bool is_same = &it == best || (it.service == best->service && !it.group.empty() &&
                                             it.group == best->group && it.path == best->path);
        const bool is_there = std::ranges::find(it.ports, std::to_string(port)) != it.ports.end();
        if (is_same && is_there) servers.push_back(&it);
    }
    return servers;
}

std::string passed_path(const ProxyRouteFact& route, const std::string& path) {
    if (route.strips.empty() || !path.starts_with(route.strips)) return path;
    const std::string passed = route.puts + path.substr(route.strips.size());
    return passed.starts_with('/') ? passed : "/" + passed;
}

}  // namespace devstack::core::doctor
