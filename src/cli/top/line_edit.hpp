#pragma once

#include "cli/top/key.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

/// One line that somebody types, at its end: backspace, Ctrl-U and Ctrl-W as in a shell, and tab
/// for what may be meant.
class LineEdit {
public:
    enum class Outcome { going_on, entered, given_up };

    /// `known`: words that tab completes.
    explicit LineEdit(std::string title, std::vector<std::string> known = {})
        : title_{std::move(title)}, known_{std::move(known)} {}

    Outcome take(const Key& key);
    const std::string& text() const { return text_; }
    /// What is asked for, and what has been typed.
    std::string shown() const { return title_ + text_; }

private:
    void erase_character();
    void erase_word();
    void complete();

    std::string title_;
    std::vector<std::string> known_;
    std::string text_;
};

}  // namespace devstack::cli
