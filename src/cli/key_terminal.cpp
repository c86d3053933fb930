#include "cli/key_terminal.hpp"

#include "devstack/platform/environment.hpp"
#include "devstack/platform/terminal.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>

#include <poll.h>
#include <unistd.h>

namespace devstack::cli {

namespace {

constexpr char escape = '\x1b';

bool is_ours() {
    return ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
}

/// Bytes of the escape sequence at the front, as ECMA-48 has them (5.4); 1 when it is the key.
std::size_t sequence_length(std::string_view text) {
    if (text.size() < 2) return 1;
    if (text[1] == 'O') return std::min<std::size_t>(text.size(), 3);
    if (text[1] != '[') return 2;
    for (std::size_t i = 2; i < text.size(); ++i) {
        if (text[i] >= '@' && text[i] <= '~') return i + 1;
    }
    return text.size();
}

std::size_t character_length(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

}  // namespace

std::vector<Key> keys_in(const std::string& bytes) {
    std::vector<Key> keys;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const bool is_sequence = rest.front() == escape;
        const std::size_t length = std::min(
            is_sequence ? sequence_length(rest) : character_length(rest.front()), rest.size());
        if (length > 1 && !is_sequence) {
            keys.push_back({Key::Kind::character, std::string{rest.substr(0, length)}});
        } else if (length == 1) {
            const auto byte = static_cast<unsigned char>(rest.front());
            if (byte < 0x80) keys.push_back(key_of_character(byte));
        }
        rest.remove_prefix(length);
    }
    return keys;
}

std::unique_ptr<KeyTerminal> KeyTerminal::open() {
    termios before{};
    // One that can not draw over its last line would only be littered.
    const auto name = platform::find_environment_variable("TERM");
    const bool can_draw = name && !name->empty() && *name != "dumb";
    const bool is_usable = can_draw && platform::is_terminal(STDIN_FILENO) &&
                           platform::is_terminal(STDOUT_FILENO) && is_ours() &&
                           ::tcgetattr(STDIN_FILENO, &before) == 0;
    if (!is_usable) return nullptr;
    return std::unique_ptr<KeyTerminal>{new KeyTerminal{before}};
}

KeyTerminal::KeyTerminal(const termios& before) : before_{before}, last_aid_{before, ""} {
    resume();
}

KeyTerminal::~KeyTerminal() {
    release();
}

int KeyTerminal::fd() const {
    return is_held_ ? STDIN_FILENO : -1;
}

void KeyTerminal::resume() {
    // Sent to the background meanwhile, the terminal is somebody else's.
    is_held_ = is_ours();
    if (!is_held_) return;
    termios wished = before_;
    wished.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    wished.c_cc[VMIN] = 1;
    wished.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &wished);
}

void KeyTerminal::release() {
    if (!is_held_) return;
    is_held_ = false;
    if (is_ours()) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void KeyTerminal::suspend() {
    release();
    ::raise(SIGSTOP);
    resume();
}

std::vector<Key> KeyTerminal::take() {
    std::vector<Key> keys;
    if (!is_held_) return keys;
    pollfd entry{STDIN_FILENO, POLLIN, 0};
    if (::poll(&entry, 1, 0) != 1) return keys;
    std::array<char, 1024> buffer;
    const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size > 0) return keys_in({buffer.data(), static_cast<std::size_t>(size)});
    // Its end, or another job's: nothing is to come, and asking again and again would not help.
    is_held_ = false;
    return keys;
}

}  // namespace devstack::cli
