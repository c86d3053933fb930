// What a shell makes of a program: the status of a pipe is that of its last command (POSIX, XCU
// 2.9.2), and what is written may go into files.

#include "devstack/core/doctor/shell_status.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

struct Token {
    std::string text;
    bool is_operator = false;  ///< "|", "||", "&&", ";", "&", ">", "2>>" and so on.
};

bool is_redirection(const Token& token) {
    return token.is_operator && token.text.find('>') != token.text.npos;
}

class Tokens {
public:
    explicit Tokens(std::string_view script) : script_{script} {}

    std::vector<Token> read() {
        while (at_ < script_.size()) {
            const char c = script_[at_];
            if (c == '\'' || c == '"') {
                take_quoted(c);
            } else if (c == '\\' && at_ + 1 < script_.size()) {
                word_ += script_[at_ + 1];
                at_ += 2;
            } else if (c == ' ' || c == '\t') {
                end_word();
                ++at_;
            } else if (std::string_view{"|&;<>\n"}.find(c) != std::string_view::npos) {
                take_operator();
            } else {
                word_ += c;
                ++at_;
            }
        }
        end_word();
        return tokens_;
    }

private:
    void take_quoted(char quote) {
        const auto end = std::min(script_.find(quote, at_ + 1), script_.size());
        word_ += script_.substr(at_ + 1, end - at_ - 1);
        at_ = std::min(end + 1, script_.size());
    }
    void take_operator() {
        std::string text;
        const bool is_number =
            !word_.empty() && word_.find_first_not_of("0123456789") == word_.npos;
        if (script_[at_] == '>' && is_number) text.swap(word_);
        end_word();
        const bool is_line = script_[at_] == '\n';
        while (at_ < script_.size() &&
               std::string_view{"|&;<>\n"}.find(script_[at_]) != std::string_view::npos) {
            text += script_[at_++];
        }
        tokens_.push_back({is_line ? ";" : text, true});
    }
    void end_word() {
        if (!word_.empty()) tokens_.push_back({word_, false});
        word_.clear();
    }

    std::string_view script_;
    std::size_t at_ = 0;
    std::string word_;
    std::vector<Token> tokens_;
};

bool is_void(const std::string& path) {
    return path.empty() || path.starts_with("/dev/") || path.find('$') != path.npos ||
           path.find_first_not_of("0123456789-") == path.npos;  // "2>&1".
}

/// What a program prints may be data: "pg_dump shop > shop.sql".
bool may_be_log(const std::string& path, const std::string& redirection) {
    if (redirection.starts_with('2') || redirection.starts_with('&')) return true;
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto dot = name.rfind('.');
    if (dot == name.npos) return true;
    constexpr std::array<std::string_view, 4> endings{".log", ".txt", ".out", ".err"};
    return std::ranges::find(endings, std::string_view{name}.substr(dot)) != endings.end();
}

}  // namespace

std::string script_of(const std::string& command) {
    static const std::regex shell{R"(^(?:/\S*/)?(?:ba|da|k|z)?sh\s+-\w*c\s+(['"])([^]*)\1$)"};
    std::smatch found;
    return std::regex_match(command, found, shell) ? found[2].str() : command;
}

std::string find_hidden_status(std::string_view script) {
    const std::vector<Token> tokens = Tokens{script}.read();
    std::string hidden;
    // A script that only says something has nothing to hide.
    static const std::regex program{R"(^(?!(?:echo|printf|sleep|true|test|mkdir|exit|:)$))"};
    if (tokens.empty() || !std::regex_search(tokens.front().text, program)) return "";
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        if (!tokens[i].is_operator || tokens[i + 1].is_operator) continue;
        const std::string& next = tokens[i + 1].text;
        const bool is_fine = next == "true" || next == ":" || next == "echo" ||
                             (next == "exit" && i + 2 < tokens.size() && tokens[i + 2].text == "0");
        if (tokens[i].text == "|" || tokens[i].text == "|&") {
            const bool is_told = script.find("pipefail") != script.npos;
            hidden = is_told ? "" : next + ", the last of its pipe";
        } else if ((tokens[i].text == "||" || tokens[i].text == ";") && is_fine) {
            hidden = "“" + tokens[i].text + " " + next + "”";
        } else if (tokens[i].text == ";" || tokens[i].text == "&") {
            hidden.clear();
        }
    }
    return hidden;
}

std::vector<std::string> find_output_files(std::string_view script) {
    const std::vector<Token> tokens = Tokens{script}.read();
    std::vector<std::string> files;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        const std::string& next = tokens[i + 1].text;
        if (is_redirection(tokens[i]) && !tokens[i + 1].is_operator && !is_void(next) &&
            may_be_log(next, tokens[i].text)) {
            files.push_back(next);
        }
        // What tee passes on is in the log anyway.
        const bool is_tee = !tokens[i].is_operator && tokens[i].text == "tee";
        if (!is_tee) continue;
        std::string file;
        bool is_silent = false;
        for (std::size_t j = i + 1; j < tokens.size(); ++j) {
            if (is_redirection(tokens[j])) is_silent = true;
            if (tokens[j].is_operator) break;
            if (!tokens[j].text.starts_with('-') && file.empty()) file = tokens[j].text;
        }
        if (is_silent && !is_void(file)) files.push_back(file);
    }
    return files;
}

}  // namespace devstack::core::doctor
