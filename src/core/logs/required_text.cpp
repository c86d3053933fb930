#include "devstack/core/logs/line_pattern.hpp"

#include <utility>

// An automaton takes many times as long for a line as memmem. So we look for a text which every
// match contains, and only lines with it are given to the automaton. Finding less than there is
// costs time; finding what is not required would lose lines: whatever is not plain ends the text.

namespace devstack::core {

namespace {

class RequiredTextSearch {
public:
    explicit RequiredTextSearch(std::string_view pattern) : rest_{pattern} {}

    RequiredText run() {
        bool is_whole = true;
        while (!rest_.empty()) {
            if (rest_.front() == '|') return {};  // Either side would do.
            if (!take_plain()) {
                is_whole = false;
                if (!pass_other()) return {};
            }
        }
        finish_text();
        return {longest_, is_whole};
    }

private:
    static bool is_quantifier(char c) { return c == '*' || c == '+' || c == '?' || c == '{'; }
    static bool is_special(char c) {
        return std::string_view{"^$\\.*+?()[]{}|"}.find(c) != std::string_view::npos;
    }
    static bool is_punctuation(char c) {
        return std::string_view{"^$\\.*+?()[]{}|/-"}.find(c) != std::string_view::npos;
    }

    void finish_text() {
        if (text_.size() > longest_.size()) longest_ = text_;
        text_.clear();
    }

    /// Bytes of the character at the front, in UTF-8; it is not cut off.
    std::size_t character_size() const {
        std::size_t size = 1;
        while (size < rest_.size() && (static_cast<unsigned char>(rest_[size]) & 0xC0U) == 0x80U)
            ++size;
        return size;
    }

    /// A character that stands for itself and is not repeated.
    bool take_plain() {
        const bool is_escaped = rest_.size() > 1 && rest_[0] == '\\' && is_punctuation(rest_[1]);
        if (!is_escaped && is_special(rest_.front())) return false;
        const std::size_t length = is_escaped ? 2 : character_size();
        if (length < rest_.size() && is_quantifier(rest_[length])) return false;
        text_ += rest_.substr(is_escaped ? 1 : 0, is_escaped ? 1 : length);
        rest_.remove_prefix(length);
        return true;
    }

    /// Anything else, with what repeats it: it ends the text. False: not understood.
    bool pass_other() {
        finish_text();
        const char c = rest_.front();
        std::size_t length = character_size();
        if (c == '\\') {
            // \xHH, \pN, \Q…\E and \123 are longer than they look: better not to guess.
            if (rest_.size() < 2 || std::string_view{"xpPQ0123456789"}.find(rest_[1]) != rest_.npos)
                return false;
            length = 2;
        } else if (rest_.starts_with("(?") && !rest_.starts_with("(?:")) {
            return false;  // Flags may hold for what follows.
        } else if (c == '(' || c == '[') {
            length = find_close();
            if (length == 0) return false;
        }
        rest_.remove_prefix(length);
        if (!rest_.empty() && rest_.front() == '{') {
            const std::size_t close = rest_.find('}');
            if (close == std::string_view::npos) return false;
            rest_.remove_prefix(close + 1);
        }
        return true;
    }

    /// The length of the group or the bracket at the front; 0 if that is not plain.
    std::size_t find_close() const {
        std::size_t depth = 0;
        bool is_in_bracket = false;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            const char c = rest_[i];
            if (c == '\\') {
                ++i;
            } else if (is_in_bracket) {
                if (c == '[') return 0;  // [[:alpha:]] and its like.
                is_in_bracket = c != ']';
            } else if (c == '[') {
                is_in_bracket = true;
                // As the first one a ] is a character like others.
                if (rest_.substr(i + 1).starts_with('^')) ++i;
                if (rest_.substr(i + 1).starts_with(']')) ++i;
            } else if (c == '(') {
                ++depth;
            } else if (c == ')') {
                --depth;
            }
            if (depth == 0 && !is_in_bracket) return i + 1;
        }
        return 0;
    }

    std::string_view rest_;
    std::string text_;
    std::string longest_;
};

}  // namespace

RequiredText find_required_text(std::string_view pattern) {
    return RequiredTextSearch{pattern}.run();
}

}  // namespace devstack::core
