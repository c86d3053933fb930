// Apache: whom it lets in, and what it makes of paths.

#include "devstack/core/doctor/proxy_config.hpp"

#include "core/doctor/config_words.hpp"

#include <algorithm>
#include <cctype>

namespace devstack::core::doctor {

namespace {

using Words = std::vector<std::string>;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::string join_words(const Words& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

/// A container, such as <Location /api>.
struct Block {
    std::string name;  ///< "<location".
    std::string text;
    std::string path;  ///< Prefix of the requests that it is for; empty: unknown.
};

class Reader {
public:
    explicit Reader(const std::string& file) : file_{file} {}

    std::vector<ProxyRuleFact> read(std::string_view text) {
        for (const ConfigLine& line : read_config_lines(text)) {
            const std::string name = lower(line.words[0]);
            if (name.starts_with("</")) {
                if (!blocks_.empty()) blocks_.pop_back();
            } else if (name.starts_with('<')) {
                enter(line);
            } else if (line.words.size() > 1) {
                take(line, name);
            }
        }
        for (ProxyRuleFact& rule : rules_) {
            if (rule.ports.empty()) rule.ports = listens_;
        }
        return std::move(rules_);
    }

private:
    void enter(const ConfigLine& line) {
        Block block;
        block.name = lower(line.words[0]);
        block.text = join_words(line.words);
        std::string argument = line.words.size() > 1 ? line.words[1] : "";
        if (argument.ends_with('>')) argument.pop_back();
        if (argument.size() > 1 && argument.ends_with('/')) argument.pop_back();
        const int port = block.name == "<virtualhost" ? port_of(argument) : 0;
        if (port != 0) host_ports_ = {std::to_string(port)};
        const bool is_plain = argument.starts_with('/') && argument.find('*') == argument.npos;
        if (block.name == "<location" && is_plain) block.path = argument;
        const bool is_root = !document_root_.empty() && is_plain &&
                             (argument + "/").starts_with(document_root_ + "/");
        if (block.name == "<directory" && is_root) {
            block.path = argument.substr(document_root_.size());
            if (block.path.empty()) block.path = "/";
        }
        if (block.name == "<directory" && argument == "/") block.path = "/";
        blocks_.push_back(std::move(block));
    }

    void take(const ConfigLine& line, const std::string& name) {
        const Words& words = line.words;
        if (name == "listen") listens_.push_back(std::to_string(port_of(words[1])));
        if (name == "documentroot") document_root_ = words[1];
        if (name == "rewritecond") has_condition_ = true;
        if (name == "rewriterule" && words.size() > 2) {
            ProxyRuleFact& rule = add(line, "rewrite");
            rule.condition = has_condition_ ? "?" : "";
            rule.path = words[1];
            rule.target = words[2];
            has_condition_ = false;
        }
        if (name == "require") take_require(line);
        const bool denies = name == "deny" && lower(words[1]) == "from";
        if (denies) add(line, "deny").status = 403;
    }

    void take_require(const ConfigLine& line) {
        const std::string what = lower(line.words[1]);
        const std::string second = line.words.size() > 2 ? lower(line.words[2]) : "";
        if (what == "all" && second == "granted") return;
        const bool is_login = what == "valid-user" || what == "user" || what == "group";
        add(line, is_login ? "login" : "deny").status = is_login ? 401 : 403;
    }

    ProxyRuleFact& add(const ConfigLine& line, const std::string& kind) {
        ProxyRuleFact rule;
        rule.product = "Apache";
        rule.kind = kind;
        rule.text = join_words(line.words);
        rule.where = file_ + ":" + std::to_string(line.number);
        rule.ports = host_ports_;
        for (const Block& block : blocks_) {
            const bool is_place =
                block.name.starts_with("<location") || block.name.starts_with("<directory") ||
                block.name.starts_with("<proxy") || block.name.starts_with("<files");
            if (!is_place) continue;
            rule.group = block.text;
            rule.path = block.path;
        }
        rules_.push_back(std::move(rule));
        return rules_.back();
    }

    std::string file_;
    std::vector<Block> blocks_;
    std::vector<std::string> listens_;
    std::vector<std::string> host_ports_;
    std::string document_root_;
    bool has_condition_ = false;
    std::vector<ProxyRuleFact> rules_;
};

}  // namespace

std::vector<ProxyRuleFact> read_apache_rules(const std::string& file, std::string_view text) {
    return Reader{file}.read(text);
}

std::vector<std::string> list_apache_words(std::string_view text, std::string_view directive) {
    std::vector<std::string> words;
    for (const ConfigLine& line : read_config_lines(text)) {
        if (line.words.size() > 1 && lower(line.words[0]).starts_with(directive)) {
            words.push_back(line.words[1]);
        }
    }
    return words;
}

std::string find_apache_word(std::string_view text, std::string_view directive) {
    for (const ConfigLine& line : read_config_lines(text)) {
        if (line.words.size() > 1 && lower(line.words[0]) == directive) return line.words[1];
    }
    return "";
}

}  // namespace devstack::core::doctor
