#include "devstack/base/time.hpp"

#include <array>
#include <cctype>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace devstack {

namespace {

using namespace std::chrono_literals;
using std::chrono::floor;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes things off the front of a text; after a failure nothing more is taken.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_{text} {}

    bool is_at_end() const { return rest_.empty(); }
    bool is_at_digit() const { return !rest_.empty() && is_digit(rest_.front()); }

    bool take(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view take_digits() {
        std::size_t length = 0;
        while (length < rest_.size() && is_digit(rest_[length])) {
            ++length;
        }
        return take_front(length);
    }

    std::string_view take_letters() {
        std::size_t length = 0;
        while (length < rest_.size() &&
               std::isalpha(static_cast<unsigned char>(rest_[length])) != 0) {
            ++length;
        }
        return take_front(length);
    }

    /// Exactly `digits` digits with a value in [low, high].
    std::optional<int> take_number(std::size_t digits, int low, int high) {
        if (rest_.size() < digits) return std::nullopt;
        int value = 0;
        for (const char c : rest_.substr(0, digits)) {
            if (!is_digit(c)) return std::nullopt;
            value = value * 10 + (c - '0');
        }
        if (value < low || value > high) return std::nullopt;
        rest_.remove_prefix(digits);
        return value;
    }

private:
    std::string_view take_front(std::size_t length) {
        const std::string_view front = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return front;
    }
    std::string_view rest_;
};

std::optional<Duration> unit_of(std::string_view name) {
    if (name == "us") return 1us;
    if (name == "ms") return 1ms;
    if (name == "s") return 1s;
    if (name == "m") return 1min;
    if (name == "h") return 1h;
    if (name == "d") return 24h;
    return std::nullopt;
}

/// whole.fraction units; empty when it does not fit (about 292 years).
std::optional<Duration> multiply(std::string_view whole, std::string_view fraction, Duration unit) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::int64_t total = 0;
    for (const char digit : whole) {
        const std::int64_t value = (digit - '0') * unit.count();
        if (total > (most - value) / 10) return std::nullopt;
        total = total * 10 + value;
    }
    std::int64_t scale = unit.count();
    for (const char digit : fraction) {
        scale /= 10;
        if (total > most - (digit - '0') * scale) return std::nullopt;
        total += (digit - '0') * scale;
    }
    return Duration{total};
}

std::optional<Duration> read_duration(std::string_view text) {
    Reader reader{text};
    Duration total{};
    bool is_first = true;
    while (is_first || !reader.is_at_end()) {
        while (!is_first && reader.take(' ')) {
        }
        if (!reader.is_at_digit()) return std::nullopt;
        const std::string_view whole = reader.take_digits();
        std::string_view fraction;
        if (reader.take('.')) {
            if (!reader.is_at_digit()) return std::nullopt;
            fraction = reader.take_digits();
        }
        const std::optional<Duration> unit = unit_of(reader.take_letters());
        if (!unit) return std::nullopt;
        const std::optional<Duration> part = multiply(whole, fraction, *unit);
        if (!part || total > Duration::max() - *part) return std::nullopt;
        total += *part;
        is_first = false;
    }
    return total;
}

struct TimeOfDay {
    int hour = 0;
    int minute = 0;
    int second = 0;
    Duration fraction{};
    bool has_seconds = false;

    Duration since_midnight() const {
        return std::chrono::hours{hour} + std::chrono::minutes{minute} +
               std::chrono::seconds{second} + fraction;
    }
};

std::optional<std::chrono::sys_days> read_date(Reader& reader) {
    const auto year = reader.take_number(4, 1678, 2261);  // What nanoseconds can hold.
    if (!year || !reader.take('-')) return std::nullopt;
    const auto month = reader.take_number(2, 1, 12);
    if (!month || !reader.take('-')) return std::nullopt;
    const auto day = reader.take_number(2, 1, 31);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date};
}

std::optional<TimeOfDay> read_time_of_day(Reader& reader) {
    TimeOfDay time;
    const auto hour = reader.take_number(2, 0, 23);
    if (!hour || !reader.take(':')) return std::nullopt;
    const auto minute = reader.take_number(2, 0, 59);
    if (!minute) return std::nullopt;
    time.hour = *hour;
    time.minute = *minute;
    if (!reader.take(':')) return time;
    const auto second = reader.take_number(2, 0, 60);
    if (!second) return std::nullopt;
    time.second = *second;
    time.has_seconds = true;
    if (!reader.take('.')) return time;
    if (!reader.is_at_digit()) return std::nullopt;
    time.fraction = multiply("0", reader.take_digits(), 1s).value_or(0s);
    return time;
}

/// "Z", "+02:00" or nothing at all: minutes to subtract.
std::optional<Duration> read_offset(Reader& reader) {
    if (reader.take('Z') || reader.take('z') || reader.is_at_end()) return Duration{};
    const bool is_east = reader.take('+');
    if (!is_east && !reader.take('-')) return std::nullopt;
    const auto hours = reader.take_number(2, 0, 23);
    if (!hours) return std::nullopt;
    reader.take(':');
    const auto minutes = reader.take_number(2, 0, 59);
    if (!minutes) return std::nullopt;
    const Duration offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return is_east ? offset : -offset;
}

std::optional<WallTime> read_timestamp(std::string_view text, WallTime now) {
    Reader reader{text};
    std::chrono::sys_days day = floor<std::chrono::days>(now);
    const bool has_date = text.size() >= 10 && text[4] == '-';
    if (has_date) {
        const auto date = read_date(reader);
        if (!date) return std::nullopt;
        day = *date;
        if (reader.is_at_end()) return WallTime{day};
        if (!reader.take('T') && !reader.take('t') && !reader.take(' ')) return std::nullopt;
    }
    const auto time = read_time_of_day(reader);
    if (!time) return std::nullopt;
    const auto offset = has_date ? read_offset(reader) : std::optional{Duration{}};
    if (!offset || !reader.is_at_end()) return std::nullopt;
    return WallTime{day} + time->since_midnight() - *offset;
}

/// "3m 20s": two units side by side, the smaller one left out when it is zero.
std::string render_pair(std::int64_t big,
                        std::string_view unit,
                        std::int64_t small,
                        std::string_view small_unit) {
    if (small == 0) return fmt::format("{}{}", big, unit);
    return fmt::format("{}{} {}{}", big, unit, small, small_unit);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    if (text == "0") return Duration{};
    const std::optional<Duration> duration = read_duration(text);
    if (duration) return *duration;
    return Error{Error::Kind::invalid,
                 fmt::format("\"{}\" is not a duration: write numbers with the units us, ms, s, m, "
                             "h or d, such as \"500ms\", \"10s\" or \"1m30s\"",
                             text)};
}

std::string render_duration(Duration duration) {
    if (duration < 0ns) {
        return duration == Duration::min() ? "-" + render_duration(Duration::max())
                                           : "-" + render_duration(-duration);
    }
    if (duration == 0ns) return "0s";
    if (duration < 1us) return fmt::format("{}ns", duration.count());
    if (duration < 1ms)
        return fmt::format("{}us", floor<std::chrono::microseconds>(duration).count());
    if (duration < 1s) return fmt::format("{}ms", duration / 1ms);
    if (duration < 10s) {
        const std::int64_t tenths = duration / 100ms;
        if (tenths % 10 == 0) return fmt::format("{}s", tenths / 10);
        return fmt::format("{}.{}s", tenths / 10, tenths % 10);
    }
    const std::int64_t seconds = duration / 1s;
    if (seconds < 60) return fmt::format("{}s", seconds);
    if (seconds < 3600) return render_pair(seconds / 60, "m", seconds % 60, "s");
    if (seconds < 86400) return render_pair(seconds / 3600, "h", seconds / 60 % 60, "m");
    return render_pair(seconds / 86400, "d", seconds / 3600 % 24, "h");
}

std::string render_timestamp(WallTime time) {
    const auto day = floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{floor<std::chrono::milliseconds>(time - day)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                       static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()),
                       clock.hours().count(),
                       clock.minutes().count(),
                       clock.seconds().count(),
                       clock.subseconds().count());
}

Result<WallTime> parse_timestamp(std::string_view text, WallTime now) {
    const std::optional<WallTime> time = read_timestamp(text, now);
    if (time) return *time;
    return Error{Error::Kind::invalid,
                 fmt::format("\"{}\" is not a time: write it as \"2026-11-21T12:00:03Z\", "
                             "\"2026-11-21 12:00\" or \"12:00\" (UTC)",
                             text)};
}

}  // namespace devstack
