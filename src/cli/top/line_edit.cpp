#include "cli/top/line_edit.hpp"

#include <algorithm>

namespace devstack::cli {

LineEdit::Outcome LineEdit::take(const Key& key) {
    switch (key.kind) {
        case Key::Kind::enter: return Outcome::entered;
        case Key::Kind::escape: return Outcome::given_up;
        case Key::Kind::character: text_ += key.text; break;
        case Key::Kind::backspace:
            if (text_.empty()) return Outcome::given_up;
            erase_character();
            break;
        case Key::Kind::tab: complete(); break;
        case Key::Kind::control:
            if (key.text == "u") text_.clear();
            if (key.text == "w") erase_word();
            if (key.text == "g") return Outcome::given_up;
            break;
        case Key::Kind::remove:
        case Key::Kind::up:
        case Key::Kind::down:
        case Key::Kind::left:
        case Key::Kind::right:
        case Key::Kind::page_up:
        case Key::Kind::page_down:
        case Key::Kind::home:
        case Key::Kind::end: break;
    }
    return Outcome::going_on;
}

void LineEdit::erase_character() {
    const auto is_inner = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
    while (!text_.empty() && is_inner(text_.back()))
        text_.pop_back();
    if (!text_.empty()) text_.pop_back();
}

void LineEdit::erase_word() {
    while (!text_.empty() && text_.back() == ' ')
        text_.pop_back();
    while (!text_.empty() && text_.back() != ' ')
        text_.pop_back();
}

/// As far as all that begin like this agree.
void LineEdit::complete() {
    std::string common;
    bool is_first = true;
    for (const std::string& word : known_) {
        if (!word.starts_with(text_)) continue;
        if (is_first) common = word;
        is_first = false;
        const auto end = std::ranges::mismatch(common, word).in1;
        common.erase(end, common.end());
    }
    if (common.size() > text_.size()) text_ = common;
}

}  // namespace devstack::cli
