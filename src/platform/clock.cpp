#include "devstack/platform/clock.hpp"

#include <array>
#include <ctime>

namespace devstack::platform {

namespace {

std::tm local_time(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const std::time_t count = static_cast<std::time_t>(seconds.time_since_epoch().count());
    std::tm fields{};
    localtime_r(&count, &fields);
    return fields;
}

}  // namespace

TimePoint now() {
    return std::chrono::steady_clock::now();
}

WallTime wall_now() {
    return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

std::string render_local_time(WallTime time, WallTime today) {
    // Not strftime("%b"): the words of devstack are English whatever the locale is.
    static constexpr std::array months = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::tm then = local_time(time);
    const std::tm current = local_time(today);
    const auto two_digits = [](int number) {
        return std::string(number < 10 ? "0" : "") + std::to_string(number);
    };
    std::string clock = two_digits(then.tm_hour) + ":" + two_digits(then.tm_min);
    if (then.tm_year == current.tm_year && then.tm_yday == current.tm_yday) return clock;
    return std::string(months[static_cast<std::size_t>(then.tm_mon)]) + " " +
           std::to_string(then.tm_mday) + " " + clock;
}

}  // namespace devstack::platform
