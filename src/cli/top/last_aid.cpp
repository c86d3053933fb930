#include "cli/top/last_aid.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include <sys/types.h>
#include <unistd.h>

namespace devstack::cli {

namespace {

constexpr std::array fatal_signals = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/// All that a signal handler needs, made before.
struct Prepared {
    termios settings{};
    std::array<char, 256> sequence{};
    std::size_t size = 0;
    int error_file = -1;
    int error_fd = -1;
};
Prepared prepared;
LastAid* current = nullptr;

/// Only what signal-safety(7) allows. The signal comes again when we return, as nobody minds it.
extern "C" void give_last_aid(int signal) {
    (void)!::write(STDOUT_FILENO, prepared.sequence.data(), prepared.size);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &prepared.settings);
    if (prepared.error_file >= 0) copy_whole_file(prepared.error_file, prepared.error_fd);
    ::raise(signal);
}

}  // namespace

void copy_whole_file(int from, int to) {
    std::array<char, 1024> buffer;
    off_t at = 0;
    while (true) {
        const ssize_t size = ::pread(from, buffer.data(), buffer.size(), at);
        if (size <= 0) return;
        if (::write(to, buffer.data(), static_cast<std::size_t>(size)) < 0) return;
        at += size;
    }
}

LastAid::LastAid(const termios& settings, const std::string& sequence)
    : settings_{settings}, sequence_{sequence}, before_{std::exchange(current, this)} {
    arm();
    struct sigaction action {};
    action.sa_handler = give_last_aid;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : fatal_signals)
        ::sigaction(signal, &action, nullptr);
}

LastAid::~LastAid() {
    current = before_;
    hold_errors(-1, -1);
    if (before_ != nullptr) {
        before_->arm();
        return;
    }
    for (const int signal : fatal_signals)
        std::signal(signal, SIG_DFL);
}

void LastAid::arm() const {
    prepared.settings = settings_;
    prepared.size = std::min(sequence_.size(), prepared.sequence.size());
    std::copy_n(sequence_.begin(), prepared.size, prepared.sequence.begin());
}

void LastAid::hold_errors(int file, int fd) {
    prepared.error_file = file;
    prepared.error_fd = fd;
}

}  // namespace devstack::cli
