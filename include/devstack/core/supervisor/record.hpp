#pragma once

#include "devstack/core/supervisor/phase.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::core {

/// What must be known of a service to go on deciding where somebody else has stopped. What comes
/// back by itself (when the next probe is due, its last answer, who survives) need not be in it:
/// those members of the phase mean nothing here.
///
/// A value for another process: the service goes by its name, since its place may differ there.
struct ServiceRecord {
    std::string service;
    ServiceId id;  ///< The keeper knows its children by it.
    Phase phase;
    std::string why;
    TimePoint since{};
    bool is_requested = false;
    std::uint32_t runs = 0;
    int restarts = 0;
    int delay_exponent = 0;
    std::vector<TimePoint> recent_restarts;
    std::vector<std::string> differences;  ///< Between declared and real ports.
    std::optional<ExitStatus> last_exit;
    std::string said;                  ///< STATUS of sd_notify(3).
    std::optional<Duration> watchdog;  ///< As the service has said; empty: as the plan says.
    bool is_called = false;            ///< Somebody has connected to it.
    /// The saved inputs (Plan::number) that hold the settings that it ends with, if these are not
    /// those of the plan: it is being replaced, or has gone from the profile.
    std::uint32_t old_settings = 0;
    int quick_changes = 0;        ///< Of its files in a row, each right after a start.
    std::string watch_suspended;  ///< Why its files are not minded any more; empty: they are.
};

/// A child that was started for an earlier supervisor and that nobody else answers for: it lives,
/// or its end is told right after.
struct FoundRun {
    RunId run;
    int pid = 0;
};

}  // namespace devstack::core
