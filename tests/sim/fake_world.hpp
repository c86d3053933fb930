#pragma once

#include "devstack/core/supervisor/supervisor.hpp"

#include <cstdint>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace devstack::test {

/// Plays the operating system for a Supervisor: carries out its actions with invented processes
/// that start slowly, crash, hang, leave grandchildren behind or ignore signals, on ports that
/// strangers hold, as the seed decides. Time jumps from one happening to the next, so an hour of
/// trouble takes milliseconds and every life can be repeated.
class FakeWorld {
public:
    FakeWorld(core::Plan plan, std::uint64_t seed);

    /// Sends `happenings` random commands and lets the world answer; then shuts down.
    void live(int happenings);

    const std::vector<std::string>& trace() const { return trace_; }
    const std::vector<std::string>& violations() const { return violations_; }

private:
    struct Happening {
        TimePoint at;
        std::uint64_t order;
        core::Input input;
        bool operator>(const Happening& other) const {
            return std::pair{at, order} > std::pair{other.at, other.order};
        }
    };
    struct Process {
        bool is_deaf = false;          ///< Ignores every signal but SIGKILL.
        bool leaves_survivor = false;  ///< A grandchild that outlives it.
        bool has_ended = false;        ///< Only the survivor is left.
    };

    core::Input random_command();
    void deliver(const core::Input& input);
    bool is_still_true(const core::Input& input);
    void perform(const core::Action& action);
    void spawn(core::RunId run);
    void end(core::RunId run, core::ExitStatus status, Duration after);
    void check_invariants();
    void check_at_rest();
    void require_needs_met(core::ServiceId service);
    void require_within_budget(core::ServiceId service);
    void violate(std::string what);
    void schedule(Duration delay, core::Input input);
    Duration delay_up_to(Duration longest);
    bool chance(int percent);
    const std::string& name(core::ServiceId service) const;

    core::Supervisor supervisor_;
    std::mt19937_64 random_;
    bool is_cursed_;  ///< Every process crashes at once.
    TimePoint now_{};
    std::uint64_t next_order_ = 0;
    std::priority_queue<Happening, std::vector<Happening>, std::greater<>> queue_;
    std::map<core::RunId, Process> processes_;  ///< With something alive.
    std::set<core::RunId> asked_to_stop_;
    std::map<core::ServiceId, std::vector<TimePoint>> spawns_;
    std::vector<std::string> trace_;
    std::vector<std::string> violations_;
};

}  // namespace devstack::test
