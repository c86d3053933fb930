// Caddy: for which hosts its sites are, and what they answer by themselves.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <regex>

namespace devstack::core::doctor {

namespace {

using Words = std::vector<std::string>;

/// What stands for a matcher that is not understood.
constexpr std::string_view unknown = "?";

std::string join_words(const Words& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

int read_status(const std::string& word) {
    int status = 0;
    const char* const end = word.data() + word.size();
    const bool is_number = std::from_chars(word.data(), end, status).ptr == end;
    return is_number && status >= 100 && status < 600 ? status : 0;
}

struct Block {
    Words words;
    std::string paths;  ///< Patterns of requests that get here; empty: all.
};

class Reader {
public:
    explicit Reader(const std::string& file) : file_{file} {}

    std::vector<ProxyRuleFact> read(std::string_view text) {
        for (ConfigLine line : read_config_lines(text)) {
            note_variables(line);
            if (line.words[0] == "}") {
                if (!blocks_.empty()) blocks_.pop_back();
                if (blocks_.empty()) site_ = ProxyRuleFact{};
                continue;
            }
            const bool opens = line.words.back() == "{";
            if (opens) line.words.pop_back();
            if (blocks_.empty()) {
                begin_site(line, opens);
            } else {
                take(line);
            }
            if (opens) blocks_.push_back({line.words, paths_of(line.words)});
        }
        for (ProxyRuleFact& rule : rules_) {
            if (rule.kind == "variable") rule.ports = all_ports_;
        }
        // What other files add is not known.
        if (has_imports_) std::erase_if(rules_, [](const auto& it) { return it.kind == "site"; });
        return std::move(rules_);
    }

private:
    std::string place(const ConfigLine& line) const {
        return file_ + ":" + std::to_string(line.number);
    }

    // ---- Variables -----------------------------------------------------------------------------

    void note_variables(const ConfigLine& line) {
        static const std::regex form{R"re(\{(?:\$|env\.)(\w+)\})re"};
        // On a line of its own it adds what may as well be nothing.
        const bool is_alone = line.words.size() == 1 && line.words[0].ends_with('}');
        if (is_alone) return;
        for (const std::string& word : line.words) {
            std::smatch found;
            if (!std::regex_search(word, found, form)) continue;
            ProxyRuleFact rule = begin(line, "variable");
            if (rule.text.ends_with(" {")) rule.text.resize(rule.text.size() - 2);
            rule.target = found[1].str();
            rules_.push_back(std::move(rule));
        }
    }

    // ---- Sites ---------------------------------------------------------------------------------

    void begin_site(const ConfigLine& line, bool opens) {
        const Words& words = line.words;
        has_imports_ = has_imports_ || (!words.empty() && words[0] == "import");
        // Options for all, a snippet, or a route that others call.
        if (words.empty() || words[0].starts_with('(') || words[0].starts_with("&(")) return;
        const bool goes_on = !opens && words.back().ends_with(',');
        if (site_.where.empty()) site_ = begin(line, "site");
        for (const std::string& word : words)
            take_address(word);
        if (goes_on) return;
        site_.text = join(addresses_, ", ");
        addresses_.clear();
        if (!site_.ports.empty()) rules_.push_back(site_);
        // A file of one site needs no braces.
        if (!opens) blocks_.push_back({words, ""});
    }

    void take_address(std::string address) {
        if (address.ends_with(',')) address.pop_back();
        addresses_.push_back(address);
        const bool is_plain = address.starts_with("http://");
        const auto scheme = address.find("://");
        if (scheme != address.npos) address = address.substr(scheme + 3);
        address = address.substr(0, address.find('/'));
        const bool has_port = port_of(address) != 0 && address.find(':') != address.npos;
        const int port = has_port ? port_of(address) : is_plain ? 80 : 443;
        std::string host = has_port ? host_of(address) : address;
        if (host.starts_with('[')) host = host.substr(1, host.find(']') - 1);
        site_.ports.push_back(std::to_string(port));
        all_ports_.push_back(std::to_string(port));
        const bool is_any = host.empty() || host == "*" || host.find('{') != host.npos;
        site_.hosts.push_back(is_any ? "*" : host);
    }

    // ---- Answers -------------------------------------------------------------------------------

    ProxyRuleFact begin(const ConfigLine& line, const std::string& kind) const {
        ProxyRuleFact rule;
        rule.product = "Caddy";
        rule.kind = kind;
        rule.text = join_words(line.words);
        rule.where = place(line);
        return rule;
    }

    /// "/api/*", "@api", "*"; empty: the word is no matcher.
    std::string patterns_of(const std::string& word) const {
        if (word == "*") return "/*";
        if (word.starts_with('/')) return word;
        if (!word.starts_with('@')) return "";
        const auto known = matchers_.find(word);
        return known == matchers_.end() ? std::string{unknown} : known->second;
    }

    std::string paths_of(const Words& words) const {
        const bool is_nested = words.size() > 1 && !blocks_.empty();
        const std::string own = is_nested ? patterns_of(words[1]) : "";
        const std::string& outer = blocks_.empty() ? own : blocks_.back().paths;
        if (!is_routing(words)) return outer;
        // handle_path takes the prefix away before what is inside of it looks at the path.
        if (words[0] == "handle_path") return std::string{unknown};
        if (own.empty() || own == "/*") return outer;
        return outer.empty() ? own : std::string{unknown};
    }
    static bool is_routing(const Words& words) {
        constexpr std::array<std::string_view, 4> names{"handle", "handle_path", "route", "abort"};
        return !words.empty() &&
               std::ranges::find(names, std::string_view{words[0]}) != names.end();
    }

    void take(const ConfigLine& line) {
        const Words& words = line.words;
        if (words.empty()) return;
        if (words[0].starts_with('@')) {
            const bool is_path = words.size() > 2 && words[1] == "path";
            matchers_[words[0]] =
                is_path ? join_words({words.begin() + 2, words.end()}) : std::string{unknown};
        }
        if (site_.ports.empty()) return;
        if (words[0] == "respond" || words[0] == "error") add_answer(line);
        if (words[0] == "abort") add_answer(line);
        if (words[0] == "basic_auth" || words[0] == "basicauth") add_answer(line);
        if (words[0] == "file_server") add_answer(line);
    }

    void add_answer(const ConfigLine& line) {
        const Words& words = line.words;
        const bool is_files = words[0] == "file_server";
        const bool is_login = words[0].starts_with("basic");
        ProxyRuleFact rule = begin(line, is_login ? "login" : is_files ? "files" : "answer");
        std::size_t at = 1;
        std::string own = words.size() > 1 ? patterns_of(words[1]) : "";
        if (!own.empty()) ++at;
        if (own == "/*") own.clear();
        const std::string& outer = blocks_.back().paths;
        rule.condition = outer.empty() ? own : own.empty() ? outer : std::string{unknown};
        rule.status = words[0] == "respond" ? 200 : words[0] == "error" ? 500 : 0;
        if (is_login) rule.status = 401;
        for (; at < words.size(); ++at) {
            const int status = read_status(words[at]);
            if (status != 0) rule.status = status;
        }
        rule.ports = site_.ports;
        rule.hosts = site_.hosts;
        rules_.push_back(std::move(rule));
    }

    std::string file_;
    std::vector<Block> blocks_;
    ProxyRuleFact site_;
    Words addresses_;
    std::map<std::string, std::string> matchers_;
    std::vector<std::string> all_ports_;
    std::vector<ProxyRuleFact> rules_;
    bool has_imports_ = false;
};

}  // namespace

std::vector<ProxyRuleFact> read_caddy_rules(const std::string& file, std::string_view text) {
    return Reader{file}.read(text);
}

}  // namespace devstack::core::doctor
