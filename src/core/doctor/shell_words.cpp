#include "devstack/core/doctor/shell_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace devstack::core::doctor {

namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 22> builtins{
    "cd",   "ulimit", "export", "set",  "unset", "echo",   "sleep",  "true",  "false", "test", "[",
    "trap", "umask",  "wait",   "exit", ".",     "source", "printf", "mkdir", "touch", "rm",   ":"};
constexpr std::array<std::string_view, 5> prefixes{"exec", "env", "nohup", "time", "command"};
constexpr std::array<std::string_view, 9> keywords{
    "if", "for", "while", "case", "until", "{", "(", "function", "then"};

bool is_among(const auto& table, const std::string& word) {
    return std::ranges::find(table, std::string_view{word}) != table.end();
}

bool is_assignment(const std::string& word) {
    const auto equals = word.find('=');
    return equals != word.npos && equals > 0 &&
           std::all_of(word.begin(),
                       word.begin() + static_cast<std::ptrdiff_t>(equals),
                       [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

/// Splits a script into simple commands. Empty when there is something in it that only a shell
/// understands.
class Splitter {
public:
    explicit Splitter(std::string_view script) : script_{script} {}

    std::optional<std::vector<Words>> split() {
        while (at_ < script_.size()) {
            if (!take()) return std::nullopt;
        }
        end_command();
        return commands_;
    }

private:
    bool take() {
        const char c = script_[at_++];
        switch (c) {
            case '\'': return take_quoted('\'');
            case '"': return take_quoted('"');
            case '`': return false;
            case '$': return take_dollar();
            case '\\':
                if (at_ < script_.size()) add(script_[at_++]);
                return true;
            case ';':
            case '\n':
            case '|':
            case '&': end_command(); return true;
            case '>':
            case '<': return skip_redirection();
            case ' ':
            case '\t': end_word(); return true;
            case '#':
                if (has_word_) break;
                at_ = std::min(script_.find('\n', at_), script_.size());
                return true;
            default: break;
        }
        add(c);
        return true;
    }
    void add(char c) {
        word_ += c;
        has_word_ = true;
    }
    bool take_quoted(char quote) {
        has_word_ = true;
        while (at_ < script_.size() && script_[at_] != quote) {
            const char c = script_[at_++];
            if (quote == '"' && c == '`') return false;
            if (quote == '"' && c == '\\' && at_ < script_.size()) {
                add(script_[at_++]);
            } else {
                add(c);
            }
        }
        ++at_;
        return true;
    }
    /// A variable's value is not known here; the word keeps its name. `$(…)` may be anything.
    bool take_dollar() {
        add('$');
        if (at_ >= script_.size() || script_[at_] != '(') return true;
        int depth = 0;
        for (; at_ < script_.size(); ++at_) {
            depth += script_[at_] == '(' ? 1 : script_[at_] == ')' ? -1 : 0;
            if (depth == 0) break;
        }
        ++at_;
        return true;
    }
    /// The file, or the descriptor's number.
    bool skip_redirection() {
        if (std::ranges::all_of(word_, [](unsigned char c) { return std::isdigit(c) != 0; })) {
            word_.clear();
            has_word_ = false;
        }
        end_word();
        while (at_ < script_.size() && (script_[at_] == '>' || script_[at_] == '&'))
            ++at_;
        while (at_ < script_.size() && script_[at_] == ' ')
            ++at_;
        while (at_ < script_.size() &&
               std::string_view{" \t\n;|&"}.find(script_[at_]) == std::string_view::npos) {
            ++at_;
        }
        return true;
    }
    void end_word() {
        if (has_word_) words_.push_back(word_);
        word_.clear();
        has_word_ = false;
    }
    void end_command() {
        end_word();
        if (!words_.empty()) commands_.push_back(words_);
        words_.clear();
    }

    std::string_view script_;
    std::size_t at_ = 0;
    std::string word_;
    bool has_word_ = false;
    Words words_;
    std::vector<Words> commands_;
};

Words without_prefixes(Words words) {
    while (!words.empty() && (is_assignment(words.front()) || is_among(prefixes, words.front())))
        words.erase(words.begin());
    return words;
}

}  // namespace

ShellCommand find_main_command(std::string_view script) {
    ShellCommand found;
    const auto commands = Splitter{script}.split();
    if (!commands) return found;
    for (const Words& command : *commands) {
        const Words words = without_prefixes(command);
        if (words.empty()) continue;
        if (is_among(keywords, words.front())) return {};
        if (words.front() == "cd" && words.size() > 1) found.directory = words[1];
        if (!is_among(builtins, words.front())) found.words = words;
    }
    const bool is_known = !found.words.empty() && !found.words.front().starts_with('$');
    if (!is_known) found.words.clear();
    return found;
}

}  // namespace devstack::core::doctor
