#include "cli/local_moment.hpp"

#include "devstack/core/api/query.hpp"
#include "devstack/platform/terminal.hpp"

namespace devstack::cli {

namespace {

/// "…Z" or "…+02:00": the date's own dashes stand before the T or the space.
bool names_its_zone(std::string_view text) {
    const std::size_t clock = text.find(':');
    if (clock == std::string_view::npos) return false;
    return text.find_first_of("Zz+-", clock) != std::string_view::npos;
}

}  // namespace

Result<WallTime> parse_local_moment(std::string_view text, WallTime now) {
    const bool is_clock = text.find(':') != std::string_view::npos;
    if (!is_clock || names_its_zone(text)) return core::api::parse_moment(text, now);
    // Read as if the local clock were UTC, and put right after that: the offset is that of the
    // moment meant, which may lie on the other side of a change to summer time.
    const Duration offset_now = platform::utc_offset(now);
    Result<WallTime> moment = core::api::parse_moment(text, now + offset_now);
    if (!moment) return moment;
    return *moment - platform::utc_offset(*moment - offset_now);
}

}  // namespace devstack::cli
