#include "cli/top/screen.hpp"

#include "devstack/platform/environment.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/terminal.hpp"

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

// The only file that knows ncurses. Signals are not its business: who has a Screen reads them from
// a SignalWatch, so that none of ncurses' own handlers ever runs.

namespace devstack::cli {

namespace {

/// Terminals of our time that a host knows nothing of understand this one's language.
constexpr std::array fallbacks = {"xterm-256color", "xterm"};
constexpr int escape_delay_ms = 50;

// ---- When the program ends by its own fault ----------------------------------------------------

constexpr std::array fatal_signals = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/// All that a signal handler needs, made before.
struct LastAid {
    termios settings{};
    std::array<char, 256> sequence{};
    std::size_t size = 0;
    int error_file = -1;  ///< What was written to standard error.
    int error_fd = -1;    ///< Where it belongs.
};
LastAid last_aid;

void copy_errors(int from, int to) {
    std::array<char, 1024> buffer;
    off_t at = 0;
    while (true) {
        const ssize_t size = ::pread(from, buffer.data(), buffer.size(), at);
        if (size <= 0) return;
        if (::write(to, buffer.data(), static_cast<std::size_t>(size)) < 0) return;
        at += size;
    }
}

/// Only what signal-safety(7) allows. The signal comes again when we return, as nobody minds it.
extern "C" void give_last_aid(int signal) {
    (void)!::write(STDOUT_FILENO, last_aid.sequence.data(), last_aid.size);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &last_aid.settings);
    if (last_aid.error_file >= 0) copy_errors(last_aid.error_file, last_aid.error_fd);
    ::raise(signal);
}

void prepare_last_aid() {
    std::string sequence = "\x1b[0m";
    for (const char* name : {"rmkx", "cnorm", "rmcup"}) {
        const char* const text = ::tigetstr(name);
        const bool is_there = text != nullptr && text != reinterpret_cast<const char*>(-1);
        if (is_there) sequence += text;
    }
    last_aid.size = std::min(sequence.size(), last_aid.sequence.size());
    std::copy_n(sequence.begin(), last_aid.size, last_aid.sequence.begin());
    struct sigaction action {};
    action.sa_handler = give_last_aid;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : fatal_signals)
        ::sigaction(signal, &action, nullptr);
}

void forget_last_aid() {
    for (const int signal : fatal_signals)
        std::signal(signal, SIG_DFL);
}

// ---- Keys and looks ----------------------------------------------------------------------------

std::string utf8_of(wint_t character) {
    const auto code = static_cast<unsigned>(character);
    const auto tail = [code](unsigned shift) {
        return static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
    };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xC0U | (code >> 6U)), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xE0U | (code >> 12U)), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

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

Key key_of_character(wint_t character) {
    switch (character) {
        case '\r':
        case '\n': return {Key::Kind::enter, ""};
        case '\t': return {Key::Kind::tab, ""};
        case 0x1B: return {Key::Kind::escape, ""};
        case 0x08:
        case 0x7F: return {Key::Kind::backspace, ""};
        default: break;
    }
    if (character < 0x20) {
        return {Key::Kind::control, std::string(1, static_cast<char>('a' + character - 1))};
    }
    return {Key::Kind::character, utf8_of(character)};
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
    if (SCREEN* const screen = ::newterm(name.c_str(), stdout, stdin)) return screen;
    for (const char* const fallback : fallbacks) {
        if (SCREEN* const screen = ::newterm(fallback, stdout, stdin)) return screen;
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
    Implementation(SCREEN* screen, bool has_colour) : screen_{screen} {
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
        prepare_last_aid();
        hold_errors();
        adapt();
    }

    ~Implementation() {
        ::endwin();
        ::delscreen(screen_);
        forget_last_aid();
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
        last_aid.error_file = held_.get();
        last_aid.error_fd = errors_.get();
    }

    void release_errors() {
        last_aid.error_file = -1;
        if (!held_.is_open() || !errors_.is_open()) return;
        ::dup2(errors_.get(), STDERR_FILENO);
        copy_errors(held_.get(), STDERR_FILENO);
    }

    SCREEN* screen_;
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
    ::tcgetattr(STDIN_FILENO, &last_aid.settings);
    SCREEN* const screen = open_terminal(name);
    if (screen == nullptr) {
        return unusable("this host does not know terminals of the kind \"" + name +
                        "\" (TERM), nor xterm");
    }
    return std::unique_ptr<Screen>{
        new Screen{std::make_unique<Implementation>(screen, has_colour)}};
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
        if (kind != KEY_CODE_YES) return key_of_character(code);
        if (const std::optional<Key> key = key_of_code(code)) return key;
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
