#include "devstack/platform/terminal.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

std::tm local_fields(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto count = static_cast<std::time_t>(seconds.time_since_epoch().count());
    std::tm fields{};
    localtime_r(&count, &fields);
    return fields;
}

std::string two_digits(int number) {
    return std::string(number < 10 ? "0" : "") + std::to_string(number);
}

std::string clock_of(const std::tm& fields) {
    return two_digits(fields.tm_hour) + ":" + two_digits(fields.tm_min) + ":" +
           two_digits(fields.tm_sec);
}

}  // namespace

bool is_terminal(int fd) {
    return isatty(fd) == 1;
}

OwnTerminals::OwnTerminals() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (is_terminal(fd)) fds_.push_back(fd);
    }
}

bool OwnTerminals::have_hung_up() const {
    return std::ranges::any_of(fds_, [](int fd) {
        pollfd it{fd, 0, 0};
        return ::poll(&it, 1, 0) == 1 && (it.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
    });
}

std::size_t terminal_width(int fd) {
    winsize size{};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string render_local_clock(WallTime time) {
    return clock_of(local_fields(time));
}

std::string render_local_clock(WallTime time, WallTime today) {
    static constexpr std::array months = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::tm then = local_fields(time);
    const std::tm current = local_fields(today);
    if (then.tm_year == current.tm_year && then.tm_yday == current.tm_yday) return clock_of(then);
    return std::string{months[static_cast<std::size_t>(then.tm_mon)]} + " " +
           std::to_string(then.tm_mday) + " " + clock_of(then);
}

Duration utc_offset(WallTime time) {
    return std::chrono::seconds{local_fields(time).tm_gmtoff};
}

}  // namespace devstack::platform
