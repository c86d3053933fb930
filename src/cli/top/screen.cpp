#include "cli/top/screen.hpp"

#include "devstack/platform/environment.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/terminal.hpp"

#include "cli/top/known_terminal.hpp"
#include "cli/top/last_aid.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>

// With known_terminal.cpp the only file that knows ncurses. Signals are not its business: who has a
// Screen reads them from a SignalWatch, so that none of ncurses' own handlers ever runs.

namespace devstack::cli {

namespace {

/// Terminals of our time that a host knows nothing of understand this one's language.
constexpr std::array fallbacks = {"xterm-256color", "xterm"};
constexpr int escape_delay_ms = 50;

/// Ends of all that is switched on here, for who has no time to ask ncurses.
std::string end_sequence() {
    std::string sequence = "\x1b[0m";
    for (const char* name : {"rmkx", "cnorm", "rmcup"}) {
        const char* const text = ::tigetstr(name);
        // terminfo(3X): (char*)-1 for what is no such capability. These all are.
        if (text != nullptr) sequence += text;
    }
    return sequence;
}

// ---- Keys and looks ----------------------------------------------------------------------------

std::optional<Key> key_of_code(wint_t code) {
    switch (code) {
        case KEY_UP: return Key{Key::Kind::up, ""};
        case KEY_DOWN: return Key{Key::Kind::down, ""};
        case KEY_LEFT: return Key{Key::Kind::left, ""};
        case KEY_RIGHT: return Key{Key::Kind::right, ""};
        case KEY_PPAGE: return Key{Key::Kind::page_up, ""};
        case KEY_NPAGE: return Key{Key::Kind::page_down, ""};
        case KEY_HOME: return Key{Key::Kind::home, ""};
        case KEY_END: return Key{Key::Kind::end, ""};
        case KEY_BACKSPACE: return Key{Key::Kind::backspace, ""};
        case KEY_DC: return Key{Key::Kind::remove, ""};
        case KEY_ENTER: return Key{Key::Kind::enter, ""};
        default: return std::nullopt;
    }
}

attr_t attributes_of(const Look& look) {
    attr_t attributes = A_NORMAL;
    if (look.is_bold || look.style == Style::bold) attributes |= A_BOLD;
    if (look.style == Style::dim) attributes |= A_DIM;
    if (look.is_reversed) attributes |= A_REVERSE;
    return attributes;
}

short pair_of(Style style) {
    switch (style) {
        case Style::plain:
        case Style::bold:
        case Style::dim: return 0;
        case Style::red: return COLOR_RED;
        case Style::green: return COLOR_GREEN;
        case Style::yellow: return COLOR_YELLOW;
        case Style::blue: return COLOR_BLUE;
        case Style::magenta: return COLOR_MAGENTA;
        case Style::cyan: return COLOR_CYAN;
    }
    return 0;
}

/// Where the terminal's characters are bytes, as in an ancient locale.
std::string ascii_of(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) plain += c;
        if (byte >= 0xC0) plain += '?';
    }
    return plain;
}

std::string terminal_name() {
    return platform::find_environment_variable("TERM").value_or("");
}

SCREEN* open_terminal(const std::string& name) {
    ::use_env(false);
    const auto open = [](const char* known_as) {
        return is_known_terminal(known_as) ? ::newterm(known_as, stdout, stdin) : nullptr;
    };
    if (SCREEN* const screen = open(name.c_str())) return screen;
    for (const char* const fallback : fallbacks) {
        if (SCREEN* const screen = open(fallback)) return screen;
    }
    return nullptr;
}

Error unusable(const std::string& why) {
    return {Error::Kind::invalid,
            why + "; devstack status --watch and devstack logs -f show the same"};
}

}  // namespace

class Screen::Implementation {
public:
    Implementation(SCREEN* screen, const termios& before, bool has_colour)
        : screen_{screen}, last_aid_{before, end_sequence()} {
        ::cbreak();
        ::noecho();
        ::nonl();
        ::keypad(stdscr, true);
        ::nodelay(stdscr, true);
        ::set_escdelay(escape_delay_ms);
        ::curs_set(0);
        has_colour_ = has_colour && ::has_colors();
        if (has_colour_) {
            ::start_color();
            ::use_default_colors();
            for (short colour = COLOR_RED; colour <= COLOR_CYAN; ++colour)
                ::init_pair(colour, colour, -1);
        }
        is_unicode_ = std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
        hold_errors();
        adapt();
    }

    ~Implementation() {
        ::endwin();
        ::delscreen(screen_);
        release_errors();
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    void adapt() const {
        const FrameSize size = measure();
        ::resizeterm(static_cast<int>(size.height), static_cast<int>(size.width));
    }

    static FrameSize measure() {
        winsize size{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
        return {size.ws_col, size.ws_row};
    }

    void draw(const Frame& frame) const {
        ::werase(stdscr);
        for (std::size_t y = 0; y < frame.lines.size(); ++y) {
            ::wmove(stdscr, static_cast<int>(y), 0);
            for (const Span& span : frame.lines[y])
                draw(span);
        }
        ::curs_set(frame.cursor ? 1 : 0);
        if (frame.cursor) {
            ::wmove(
                stdscr, static_cast<int>(frame.size.height) - 1, static_cast<int>(*frame.cursor));
        }
    }

private:
    void draw(const Span& span) const {
        const short pair = has_colour_ ? pair_of(span.look.style) : short{0};
        ::wattr_set(stdscr, attributes_of(span.look), pair, nullptr);
        const std::string text = is_unicode_ ? span.text : ascii_of(span.text);
        ::waddnstr(stdscr, text.data(), static_cast<int>(text.size()));
    }

    /// Messages must not get into the picture, nor be lost with it.
    void hold_errors() {
        if (!platform::is_terminal(STDERR_FILENO)) return;
        held_ = platform::FileDescriptor{::memfd_create("devstack-top-errors", MFD_CLOEXEC)};
        errors_ = platform::FileDescriptor{::dup(STDERR_FILENO)};
        if (!held_.is_open() || !errors_.is_open()) return;
        ::dup2(held_.get(), STDERR_FILENO);
        LastAid::hold_errors(held_.get(), errors_.get());
    }

    void release_errors() {
        if (!held_.is_open() || !errors_.is_open()) return;
        ::dup2(errors_.get(), STDERR_FILENO);
        copy_whole_file(held_.get(), STDERR_FILENO);
    }

    SCREEN* screen_;
    LastAid last_aid_;
    bool has_colour_ = false;
    bool is_unicode_ = true;
    platform::FileDescriptor held_;
    platform::FileDescriptor errors_;
};

Screen::Screen(std::unique_ptr<Implementation> implementation)
    : implementation_{std::move(implementation)} {}
Screen::~Screen() = default;

Status Screen::check() {
    if (!platform::is_terminal(STDIN_FILENO) || !platform::is_terminal(STDOUT_FILENO)) {
        return unusable("devstack top needs a terminal for its input and its output");
    }
    const std::string name = terminal_name();
    if (name.empty() || name == "dumb") {
        return unusable("a terminal without a cursor to move (TERM is \"" + name +
                        "\") can not show devstack top");
    }
    return ok();
}

Result<std::unique_ptr<Screen>> Screen::open(bool has_colour) {
    if (const Status usable = check(); !usable) return usable.error();
    const std::string name = terminal_name();
    // Text is UTF-8 here, whatever the environment says.
    if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
    termios before{};
    ::tcgetattr(STDIN_FILENO, &before);
    SCREEN* const screen = open_terminal(name);
    if (screen == nullptr) {
        return unusable("this host does not know terminals of the kind \"" + name +
                        "\" (TERM), nor xterm");
    }
    return std::unique_ptr<Screen>{
        new Screen{std::make_unique<Implementation>(screen, before, has_colour)}};
}

FrameSize Screen::size() const {
    return Implementation::measure();
}

void Screen::adapt() {
    implementation_->adapt();
}

void Screen::show(const Frame& frame) {
    implementation_->draw(frame);
    ::wrefresh(stdscr);
}

void Screen::show_anew(const Frame& frame) {
    ::clearok(stdscr, true);
    show(frame);
}

void Screen::suspend() {
    ::endwin();
    ::raise(SIGSTOP);
    adapt();
    ::clearok(stdscr, true);
}

int Screen::fd() {
    return STDIN_FILENO;
}

std::optional<Key> Screen::take_key() {
    while (true) {
        wint_t code = 0;
        const int kind = ::wget_wch(stdscr, &code);
        if (kind == ERR) return std::nullopt;
        if (kind != KEY_CODE_YES) return key_of_character(static_cast<char32_t>(code));
        if (std::optional<Key> key = key_of_code(code)) return key;
    }
}

bool Screen::is_gone() {
    pollfd entry{STDIN_FILENO, POLLIN, 0};
    if (::poll(&entry, 1, 0) != 1) return false;
    if ((entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return true;
    int waiting = 0;
    // Readable without anything to read: its end.
    return ::ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0;
}

}  // namespace devstack::cli
