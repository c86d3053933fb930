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
///
/// It also plays the daemon, which may die at any moment: what it has not written down is lost, and
/// the next one goes on with the records, as text, and with what the keeper knows of.
class FakeWorld {
public:
    /// `plans`: the first one runs; now and then somebody reloads, with any of them.
    FakeWorld(std::vector<core::Plan> plans, std::uint64_t seed);

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
        int pid = 0;                   ///< 0 before exec.
        /// Of its leader, until a daemon has written down that it knows.
        std::optional<core::Exited> untold_end;
    };

    core::Input random_command();
    static core::Input reload(std::size_t plan);
    core::Input numbered(core::PlanReplaced reload);
    void deliver(const core::Input& input);
    void step(const core::Input& input);
    void write_down(const std::vector<core::ServiceId>& changed);
    void is_known(const core::Input& input);
    void die(const core::Input& unwritten);
    void forget_answers();
    std::vector<core::FoundRun> find_runs();
    void forget_end(core::RunId run);
    void forget_keeper();
    core::Resume recall();
    bool is_still_true(const core::Input& input);
    bool is_known_id(const core::Input& input);
    void perform(const std::vector<core::Action>& actions);
    void perform(const core::Action& action);
    void spawn(core::RunId run);
    void talk(core::RunId run);
    void end(core::RunId run, core::ExitStatus status, Duration after);
    void check_record(const std::vector<core::ServiceId>& changed);
    void check_invariants();
    void check_at_rest();
    void require_needs_met(core::ServiceId service);
    void require_within_budget(core::RunId run);
    std::ptrdiff_t spawns_after(core::ServiceId service, TimePoint since);
    void violate(std::string what);
    void schedule(Duration delay, core::Input input);
    Duration delay_up_to(Duration longest);
    bool chance(int percent);
    const std::string& name(core::ServiceId service) const;

    std::vector<core::Plan> plans_;
    std::map<std::uint32_t, core::Plan> saved_;  ///< By the number of the inputs.
    std::uint32_t in_force_ = 1;                 ///< As was written down.
    core::Supervisor supervisor_;
    std::mt19937_64 random_;
    bool is_cursed_;         ///< Every process crashes at once.
    bool is_daemon_mortal_;  ///< It dies now and then.
    TimePoint now_{};
    std::uint64_t next_order_ = 0;
    std::priority_queue<Happening, std::vector<Happening>, std::greater<>> queue_;
    std::map<core::RunId, Process> processes_;    ///< With something alive.
    std::map<std::string, std::string> records_;  ///< By service, as they were written down.
    bool was_shutting_down_ = false;              ///< As was written down.
    std::set<core::RunId> asked_to_stop_;
    std::set<core::ServiceId> open_;  ///< Whose sockets the keeper holds.
    std::map<core::ServiceId, std::vector<TimePoint>> spawns_;
    std::map<core::ServiceId, std::uint32_t> last_spawned_;
    std::vector<std::string> trace_;
    std::vector<std::string> violations_;
};

}  // namespace devstack::test
