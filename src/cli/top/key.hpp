#pragma once

#include <string>

namespace devstack::cli {

/// What somebody has pressed.
struct Key {
    enum class Kind {
        character,  ///< `text` is it, in UTF-8.
        control,    ///< With Ctrl; `text` is the small letter.
        enter,
        escape,
        backspace,
        remove,
        tab,
        up,
        down,
        left,
        right,
        page_up,
        page_down,
        home,
        end,
    };
    Kind kind = Kind::character;
    std::string text;

    bool is(const char* character) const { return kind == Kind::character && text == character; }
    bool is_control(const char* letter) const { return kind == Kind::control && text == letter; }
    bool operator==(const Key&) const = default;
};

/// What a terminal means by a character that it sends: 0x0D is enter, 0x0C Ctrl-L.
Key key_of_character(char32_t character);

}  // namespace devstack::cli
