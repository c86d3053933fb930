// What a service was restarted for a moment ago: now it is well, and would soon hang again.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>

namespace devstack::core::doctor {

namespace {

/// What names a reason in the program; others only repeat that it did not answer.
bool is_telling(const std::string& finding) {
    constexpr std::array<std::string_view, 9> telling{"deadlock",
                                                      "lock-held",
                                                      "spins",
                                                      "hangs-in-code",
                                                      "channel-stuck",
                                                      "pool-used-up",
                                                      "heap-exhausted",
                                                      "event-loop-blocked",
                                                      "waits-for-itself"};
    return std::ranges::find(telling, finding) != telling.end();
}

}  // namespace

void find_past_hangs(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        constexpr double recent = 120;  // A reason is worth telling for longer than that it hung.
        const CrashFact* const crash = picture.last_crash(service.name);
        if (crash == nullptr || !picture.is_alive(service) || service.restarts == 0) continue;
        const double ago = picture.seconds_since(crash->time);
        const bool has_reason =
            ago <= recent && contains(crash->why, "unhealthy") && is_telling(crash->finding);
        if (!has_reason && !picture.has_just_hung(service)) continue;
        Finding finding;
        finding.id = "restarted-for-hang";
        finding.service = service.name;
        finding.topic = "hang";
        finding.strength = 58;
        finding.what = service.name + " was restarted " + seconds_text(ago) + " ago because it " +
                       (has_reason ? "hung. It was found then: " + crash->cause : crash->why + ".");
        finding.evidence = {"pid " + std::to_string(crash->pid) + " " + crash->ended + " after " +
                            seconds_text(crash->lived_seconds) + ": " + crash->why};
        finding.fix = "see devstack crashes " + service.name + " --full";
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
