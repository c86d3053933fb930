// Varnish: backends of a VCL.

#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>
#include <map>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// Comments become spaces, so that places stay what they are; what is in quotes is left alone.
std::string without_comments(std::string text) {
    bool is_quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '"') is_quoted = !is_quoted;
        if (is_quoted) continue;
        const bool is_long = text.compare(at, 2, "/*") == 0;
        if (!is_long && text[at] != '#' && text.compare(at, 2, "//") != 0) continue;
        std::size_t end = text.find(is_long ? "*/" : "\n", at);
        end = end == text.npos ? text.size() : end + (is_long ? 2 : 0);
        std::replace_if(
            text.begin() + static_cast<std::ptrdiff_t>(at),
            text.begin() + static_cast<std::ptrdiff_t>(end),
            [](char c) { return c != '\n'; },
            ' ');
        at = end - 1;
    }
    return text;
}

class Reader {
public:
    Reader(const std::string& file, std::string_view text, const std::vector<std::string>& ports)
        : file_{file}, text_{without_comments(std::string{text})}, ports_{ports} {}

    std::vector<ProxyRouteFact> read() {
        static const std::regex form{R"re(\b(backend|probe)\s+(\w+)\s*\{)re"};
        for (std::sregex_iterator it{text_.begin(), text_.end(), form}, end; it != end; ++it) {
            const auto begin = static_cast<std::size_t>(it->position() + it->length());
            const std::string body = block_at(begin);
            if ((*it)[1] == "probe") {
                probes_[(*it)[2].str()] = body;
            } else {
                add((*it)[2].str(), body, static_cast<std::size_t>(it->position()));
            }
        }
        choose();
        return std::move(routes_);
    }

private:
    std::string block_at(std::size_t begin) const {
        int depth = 1;
        std::size_t end = begin;
        for (; end < text_.size() && depth > 0; ++end) {
            if (text_[end] == '{') ++depth;
            if (text_[end] == '}') --depth;
        }
        return text_.substr(begin, end - begin);
    }
    std::string place(std::size_t at) const {
        const auto end = text_.begin() + static_cast<std::ptrdiff_t>(at);
        return file_ + ":" + std::to_string(std::count(text_.begin(), end, '\n') + 1);
    }
    static std::string member(const std::string& body, const std::string& name) {
        const std::regex form{"\\." + name + R"re(\s*=\s*"?([^";\s{]+))re"};
        std::smatch found;
        return std::regex_search(body, found, form) ? found[1].str() : "";
    }

    void add(const std::string& name, std::string body, std::size_t at) {
        ProxyRouteFact route;
        route.product = "Varnish";
        route.ports = ports_;
        route.group = "backend " + name;
        route.directive = "backend " + name;
        route.where = place(at);
        route.keeps_host = true;
        route.scheme = "http";
        static const std::regex inner{R"re(\.probe\s*=\s*\{([^}]*)\})re"};
        static const std::regex outer{R"re(\.probe\s*=\s*(\w+)\s*;)re"};
        std::smatch found;
        std::string probe;
        if (std::regex_search(body, found, inner)) probe = found[1].str();
        if (std::regex_search(body, found, outer)) probe = probes_[found[1].str()];
        route.is_checked = !probe.empty();
        if (route.is_checked) {
            const std::string url = member(probe, "url");
            const bool is_usual =
                member(probe, "expected_response").empty() && probe.find(".request") == probe.npos;
            if (is_usual) route.check_path = url.empty() ? "/" : url;
            route.check_by = ".probe of backend " + name + ", GET " + route.check_path;
            route.check_where = route.where;
        }
        body = std::regex_replace(body, inner, "");
        route.host = member(body, "host");
        const std::string port = member(body, "port");
        route.port = port.empty() ? 80 : port_of(port);
        route.timeout = read_duration(member(body, "first_byte_timeout"), 0);
        if (route.timeout > 0) {
            route.timeout_by = ".first_byte_timeout of backend " + name;
            route.timeout_where = route.where;
        }
        if (!route.host.empty() && route.port != 0) routes_.push_back(std::move(route));
    }

    /// The one that is called default, or else the first, unless VCL chooses another one.
    void choose() {
        const bool is_chosen = text_.find("backend_hint") != text_.npos ||
                               text_.find("bereq.backend") != text_.npos ||
                               text_.find("directors.") != text_.npos;
        if (is_chosen || routes_.empty()) return;
        auto usual =
            std::ranges::find(routes_, std::string{"backend default"}, &ProxyRouteFact::directive);
        if (usual == routes_.end()) usual = routes_.begin();
        usual->path = "/";
        for (ProxyRouteFact& route : routes_) {
            if (route.path.empty()) route.ports.clear();
        }
    }

    std::string file_;
    std::string text_;
    std::vector<std::string> ports_;
    std::map<std::string, std::string> probes_;
    std::vector<ProxyRouteFact> routes_;
};

}  // namespace

std::vector<ProxyRuleFact> read_varnish_rules(const std::string& file,
                                              std::string_view text,
                                              const std::vector<std::string>& ports) {
    static const std::regex form{R"re(\bsynth\s*\(\s*(\d{3})[^;]*)re"};
    const std::string plain = without_comments(std::string{text});
    std::vector<ProxyRuleFact> rules;
    for (std::sregex_iterator it{plain.begin(), plain.end(), form}, end; it != end; ++it) {
        ProxyRuleFact rule;
        rule.product = "Varnish";
        rule.kind = "answer";
        rule.ports = ports;
        rule.status = std::stoi((*it)[1].str());
        rule.text = (*it)[0].str();
        // "return (synth(403));" has one bracket more.
        if (std::ranges::count(rule.text, ')') > std::ranges::count(rule.text, '(')) {
            rule.text.resize(rule.text.rfind(')'));
        }
        const auto line = std::count(plain.begin(), plain.begin() + it->position(), '\n') + 1;
        rule.where = file + ":" + std::to_string(line);
        rules.push_back(std::move(rule));
    }
    return rules;
}

std::vector<ProxyRouteFact> read_varnish(const std::string& file,
                                         std::string_view text,
                                         const std::vector<std::string>& ports) {
    return Reader{file, text, ports}.read();
}

}  // namespace devstack::core::doctor
