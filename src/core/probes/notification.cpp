#include "devstack/core/probes/notification.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace devstack::core {

namespace {

template <typename Number>
std::optional<Number> read_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || last != end) return std::nullopt;
    return number;
}

std::optional<Duration> read_microseconds(std::string_view text) {
    const auto number = read_number<std::uint64_t>(text);
    if (!number) return std::nullopt;
    const auto longest = std::chrono::microseconds{limits::notified_duration_max};
    const auto most = static_cast<std::uint64_t>(longest.count());
    return std::chrono::microseconds{static_cast<std::int64_t>(std::min(*number, most))};
}

void read_watchdog(std::string_view value, Notification& notification) {
    notification.is_alive |= value == "1";
    notification.is_in_trouble |= value == "trigger";
}

void read_assignment(std::string_view name, std::string_view value, Notification& notification) {
    const bool is_set = value == "1";
    if (name == "READY") notification.is_ready |= is_set;
    if (name == "RELOADING") notification.is_reloading |= is_set;
    if (name == "STOPPING") notification.is_stopping |= is_set;
    if (name == "FDSTORE") notification.hands_over |= is_set;
    if (name == "WATCHDOG") read_watchdog(value, notification);
    if (name == "STATUS") {
        notification.status = shorten(sane_text(value), limits::shown_line_max);
    }
    if (name == "WATCHDOG_USEC") notification.watchdog = read_microseconds(value);
    if (name == "EXTEND_TIMEOUT_USEC") notification.extension = read_microseconds(value);
    if (name == "MAINPID") notification.main_pid = read_number<int>(value);
    if (name == "ERRNO") notification.error = read_number<int>(value);
}

}  // namespace

Notification parse_notification(std::string_view datagram) {
    Notification notification;
    while (!datagram.empty()) {
        const std::size_t end = std::min(datagram.find('\n'), datagram.size());
        const std::string_view line = datagram.substr(0, end);
        datagram.remove_prefix(std::min(end + 1, datagram.size()));
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        read_assignment(line.substr(0, equals), line.substr(equals + 1), notification);
    }
    return notification;
}

}  // namespace devstack::core
