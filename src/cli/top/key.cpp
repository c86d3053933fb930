#include "cli/top/key.hpp"

namespace devstack::cli {

namespace {

std::string utf8_of(char32_t code) {
    const auto tail = [code](unsigned shift) {
        return static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
    };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xC0U | (code >> 6U)), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xE0U | (code >> 12U)), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

}  // namespace

Key key_of_character(char32_t character) {
    switch (character) {
        case U'\r':
        case U'\n': return {Key::Kind::enter, ""};
        case U'\t': return {Key::Kind::tab, ""};
        case 0x1B: return {Key::Kind::escape, ""};
        case 0x08:
        case 0x7F: return {Key::Kind::backspace, ""};
        default: break;
    }
    if (character > 0 && character < 0x1B) {
        return {Key::Kind::control, std::string(1, static_cast<char>('a' + character - 1))};
    }
    if (character < 0x20) return {Key::Kind::control, ""};
    return {Key::Kind::character, utf8_of(character)};
}

}  // namespace devstack::cli
