// HAProxy: what its frontends and backends do with requests besides passing them on.

#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/haproxy_sections.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace devstack::core::doctor {

namespace {

using Words = std::vector<std::string>;

std::string join_from(const Words& words, std::size_t begin) {
    std::string text;
    for (std::size_t i = begin; i < words.size(); ++i)
        text += (text.empty() ? "" : " ") + words[i];
    return text;
}

struct Section {
    std::string kind;
    std::string name;
    int line = 0;
    std::string mode = "tcp";
    std::vector<std::string> ports;
    std::map<std::string, std::string> conditions;  ///< Of each acl: "path_beg /api".
    std::vector<ProxyRuleFact> rules;
    bool has_default = false;
    bool has_servers = false;
};

class Reader {
public:
    explicit Reader(const std::string& file) : file_{file} {}

    std::vector<ProxyRuleFact> read(std::string_view text) {
        for (const HaproxySection& it : read_haproxy_sections(text)) {
            Section& section = sections_.emplace_back();
            section.kind = it.kind;
            section.name = it.name;
            section.line = it.line;
            for (const ConfigLine& line : it.defaults)
                inherit(line, section);
            for (const ConfigLine& line : it.lines)
                take(line, section);
        }
        std::vector<ProxyRuleFact> rules;
        for (const Section& section : sections_) {
            if (section.kind == "defaults" || section.mode != "http") continue;
            add_rules(section, rules);
        }
        return rules;
    }

private:
    void inherit(const ConfigLine& line, Section& section) const {
        if (line.words.size() < 2) return;
        if (line.words[0] == "mode") section.mode = line.words[1];
        if (line.words[0] != "default_backend") return;
        section.has_default = true;
        if (section.kind != "backend") add_default(line, section);
    }

    std::string place(int line) const { return file_ + ":" + std::to_string(line); }

    void take(const ConfigLine& line, Section& section) const {
        const Words& words = line.words;
        const std::string& name = words[0];
        if (name == "server" || name == "server-template" || name == "dispatch" ||
            name == "use-server" || name == "stats" || name == "redirect") {
            section.has_servers = true;
        }
        if (words.size() < 2) return;
        if (name == "mode") section.mode = words[1];
        if (name == "option" && words[1] == "http_proxy") section.has_servers = true;
        if (name == "bind") {
            add_ports(words[1], section.ports);
            if (std::ranges::find(words, "accept-proxy") != words.end()) {
                add(line, "accept-proxy", 0, section).target = words[1];
            }
        }
        const bool sends = std::ranges::any_of(words, [](const std::string& word) {
            return word == "send-proxy" || word == "send-proxy-v2";
        });
        if (name == "server" && sends) add(line, "send-proxy", 0, section);
        if (name == "acl" && words.size() > 2) define(words, section);
        if (name == "use_backend") add_choice(line, section);
        if (name == "default_backend") add_default(line, section);
        if (name == "http-request") take_action(line, section);
        if (name == "monitor-uri") {
            add(line, "answer", 200, section).path = words[1];
        }
    }

    /// Several lines of one name apply when any does; of one kind they are one with more patterns.
    static void define(const Words& words, Section& section) {
        std::string& known = section.conditions[words[1]];
        if (known.empty()) {
            known = join_from(words, 2);
        } else if (known.starts_with(words[2] + " ")) {
            for (std::size_t i = 3; i < words.size(); ++i) {
                if (!words[i].starts_with('-')) known += " " + words[i];
            }
        } else {
            known = "?";
        }
    }

    /// "if is_api !local" -> "if { path_beg /api } !{ src 127.0.0.1 }".
    static std::string write_out(const Words& words, std::size_t begin, const Section& section) {
        std::string text;
        for (std::size_t i = begin; i < words.size(); ++i) {
            const bool is_negated = words[i].starts_with('!') && words[i].size() > 1;
            const std::string name = is_negated ? words[i].substr(1) : words[i];
            const auto known = section.conditions.find(name);
            const bool is_known = known != section.conditions.end() && known->second != "?";
            text += (text.empty() ? "" : " ") + std::string{is_negated ? "!" : ""} +
                    (is_known ? "{ " + known->second + " }" : name);
        }
        return text;
    }
    static std::size_t find_condition(const Words& words) {
        const auto found = std::ranges::find_if(
            words, [](const std::string& word) { return word == "if" || word == "unless"; });
        return static_cast<std::size_t>(found - words.begin());
    }

    ProxyRuleFact& add(const ConfigLine& line,
                       const std::string& kind,
                       int status,
                       Section& section) const {
        ProxyRuleFact rule;
        rule.product = "HAProxy";
        rule.kind = kind;
        rule.text = join_from(line.words, 0);
        rule.where = place(line.number);
        rule.condition = write_out(line.words, find_condition(line.words), section);
        rule.status = status;
        section.rules.push_back(std::move(rule));
        return section.rules.back();
    }

    void add_choice(const ConfigLine& line, Section& section) const {
        ProxyRuleFact& rule = add(line, "use", 0, section);
        rule.target = line.words[1];
        if (rule.condition.empty()) section.has_default = true;
    }
    void add_default(const ConfigLine& line, Section& section) const {
        std::erase_if(section.rules,
                      [](const ProxyRuleFact& rule) { return rule.kind == "default"; });
        add(line, "default", 0, section).target = line.words[1];
        section.has_default = true;
    }

    void take_action(const ConfigLine& line, Section& section) const {
        const std::string& action = line.words[1];
        const auto number_after = [&](std::string_view option, int usual) {
            const auto found = std::ranges::find(line.words, option);
            int number = usual;
            if (found == line.words.end() || std::next(found) == line.words.end()) return usual;
            const std::string& text = *std::next(found);
            std::from_chars(text.data(), text.data() + text.size(), number);
            return number;
        };
        if (action == "deny" || action == "block") {
            add(line, "deny", number_after("deny_status", 403), section);
        } else if (action == "tarpit") {
            add(line, "deny", number_after("deny_status", 500), section);
        } else if (action == "reject" || action == "silent-drop") {
            add(line, "deny", 0, section);
        } else if (action == "auth") {
            add(line, "login", 401, section);
        } else if (action == "return") {
            add(line, "answer", number_after("status", 200), section);
        }
    }

    const Section* backend(const std::string& name) const {
        const auto found = std::ranges::find_if(sections_, [&](const Section& it) {
            return it.name == name && (it.kind == "backend" || it.kind == "listen");
        });
        return found == sections_.end() ? nullptr : &*found;
    }
    static bool uses(const Section& front, const std::string& name) {
        return std::ranges::any_of(front.rules,
                                   [&](const ProxyRuleFact& rule) { return rule.target == name; });
    }

    void add_rules(const Section& section, std::vector<ProxyRuleFact>& rules) const {
        std::vector<std::string> ports = section.ports;
        for (const Section& front : sections_) {
            if (section.kind != "backend" || !uses(front, section.name)) continue;
            ports.insert(ports.end(), front.ports.begin(), front.ports.end());
        }
        const std::string group = section.kind + " " + section.name;
        const auto complete = [&](ProxyRuleFact rule) {
            rule.ports = ports;
            rule.group = group;
            rules.push_back(std::move(rule));
        };
        for (const ProxyRuleFact& rule : section.rules)
            complete(rule);
        ProxyRuleFact missing;
        missing.product = "HAProxy";
        missing.where = place(section.line);
        missing.text = group;
        const bool is_front =
            section.kind == "frontend" || (section.kind == "listen" && !section.has_servers);
        if (is_front && !section.has_default) {
            missing.kind = "default";
            complete(missing);
        }
        if (section.kind == "backend" && !section.has_servers && !ports.empty()) {
            missing.kind = "empty";
            missing.target = section.name;
            complete(missing);
        }
    }

    std::string file_;
    std::vector<Section> sections_;
};

}  // namespace

std::vector<ProxyRuleFact> read_haproxy_rules(const std::string& file, std::string_view text) {
    return Reader{file}.read(text);
}

}  // namespace devstack::core::doctor
