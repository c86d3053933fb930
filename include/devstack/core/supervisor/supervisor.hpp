#pragma once

#include "devstack/core/supervisor/action.hpp"
#include "devstack/core/supervisor/event.hpp"
#include "devstack/core/supervisor/input.hpp"
#include "devstack/core/supervisor/phase.hpp"
#include "devstack/core/supervisor/record.hpp"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace devstack::core {

struct Step {
    std::vector<Action> actions;
    std::vector<Event> events;
};

/// What is to be seen of one service: a value, taken at one instant.
struct ServiceSnapshot {
    Phase phase;
    std::string why;  ///< The reason alone: `explain` without "api is ready: ".
    bool is_wanted = false;
    int restarts = 0;                      ///< Since somebody last asked for it.
    std::uint32_t run = 0;                 ///< Last run number given out.
    TimePoint since;                       ///< When this phase began.
    std::vector<std::string> differences;  ///< Between declared and real ports.
    std::string said;                      ///< By the service of itself: STATUS of sd_notify(3).
    std::string watch_suspended;           ///< Why its files are not minded; empty: they are.
    std::optional<ExitStatus> last_exit;   ///< Of the last run that ended by itself or was ended.
};

/// Decides what every service should do next. Pure: it starts no process, reads no clock and
/// writes no log, so every behaviour of devstack can be replayed from a list of inputs.
class Supervisor {
public:
    /// `seed` feeds the jitter of restart delays: the same seed and inputs give the same life.
    explicit Supervisor(Plan plan, std::uint64_t seed = 0);

    /// Takes one input at the time `now`, and returns everything that must happen because of it.
    ///
    /// Deadlines that `now` has passed are handled in the same call. Facts about an old run are
    /// ignored. `now` must not be earlier than in the call before.
    Step step(const Input& input, TimePoint now);

    /// When to call step(TimePassed{}) if nothing else happens first; empty when nothing waits.
    std::optional<TimePoint> next_deadline() const;

    /// The newest one.
    const Plan& plan() const { return plan_; }
    /// All there are, in dependency order; what has gone from the profile and has not ended comes
    /// last.
    const std::vector<ServiceId>& services() const { return order_; }
    /// Among those.
    std::optional<ServiceId> find(const std::string& name) const;
    /// What its run goes by: while it is being replaced, what it was started with.
    const ServicePlan& settings(ServiceId service) const { return spec(service); }
    const Phase& phase(ServiceId service) const { return services_[service.index].phase; }
    ServiceSnapshot snapshot(ServiceId id) const;

    /// Why the service is in the phase it is in, in one sentence: "api is ready: status 200".
    std::string explain(ServiceId id) const;

    /// It is wanted, and a change of its files would restart it.
    bool minds_files(ServiceId id) const { return is_wanted(id) && at(id).watch_suspended.empty(); }

    /// True once a shutdown has been asked for and nothing of any service is left.
    bool is_finished() const;

    bool is_shutting_down() const { return is_shutting_down_; }

    /// What a later supervisor needs to know of it, see Resume.
    ServiceRecord record(ServiceId service) const;
    /// The services whose record has changed since the last call.
    std::vector<ServiceId> take_changed();

private:
    /// What the current run has said of itself.
    struct Said {
        std::string status;
        std::optional<Duration> watchdog;
        bool is_reloading = false;
        bool was_refused = false;
        bool was_corrected = false;
    };
    struct Service {
        Phase phase = Stopped{};
        std::string why = "nobody has asked for it yet";  ///< Of the last change of phase.
        TimePoint since{};
        bool is_requested = false;
        std::uint32_t runs = 0;
        int restarts = 0;  ///< Since somebody asked.
        int delay_exponent = 0;
        std::vector<TimePoint> recent_restarts;  ///< Within the window, oldest first.
        std::vector<std::string> differences;
        /// While it ends: what it was started with, if the plan has something else by now.
        std::optional<ServicePlan> outgoing;
        /// Of the plan that holds the settings it ends with, see ServiceRecord.
        std::uint32_t old_settings = 0;
        bool is_leaving = false;  ///< Gone from the profile, and it has not ended.
        int quick_changes = 0;
        std::string watch_suspended;
        RunEnd current;  ///< Of the run that was spawned last, as far as known.
        std::optional<RunEnd> last_end;
        Said said;
        bool is_called = false;    ///< Somebody has connected to it, and it has not done its work.
        bool has_changed = false;  ///< Its record has, see `take_changed`.
    };

    // One handler per input …
    void on(const Start& command);
    void on(const Stop& command);
    void on(const Restart& command);
    void on(const Signal& command);
    void on(const Shutdown& command);
    void on(const PlanReplaced& command);
    void on(const Resume& command);
    void on(const PortsScanned& fact);
    void on(const SocketsOpened& fact);
    void on(const ConnectionMade& fact);
    void on(const PrepareChecked& fact);
    void on(const Spawned& fact);
    void on(const SpawnFailed& fact);
    void on(const Exited& fact);
    void on(const SurvivorsChanged& fact);
    void on(const ProbeAnswered& fact);
    void on(const SignSeen& fact);
    void on(const Notified& fact);
    void on(const EvidenceCollected& fact);
    void on(const ListeningCompared& fact);
    void on(const FilesChanged& fact);
    void on(const TimePassed& fact);
    void on(const TimeLost& fact);

    void collect_evidence(RunId run);

    // … then the sweeps, the same after every input.
    void expire_deadlines();
    void start_what_can_start();
    void stop_what_must_stop();
    void notice_the_end();

    // Deadlines, one handler per phase that has one.
    void expire(ServiceId id, Blocked& blocked);
    void expire(ServiceId id, Starting& starting);
    void expire(ServiceId id, Ready& ready);
    void expire(ServiceId id, Unhealthy& unhealthy);
    void expire(ServiceId id, Stopping& stopping);

    // After an earlier supervisor: each phase as it was found, and its run's process if it lives.
    void restore(ServiceId id, const ServiceRecord& record);
    void restore_settings(const Resume& command);
    void resume(ServiceId id, int pid);
    void resume(Waiting phase, ServiceId id);
    void resume(Blocked phase, ServiceId id);
    void resume(Preparing phase, ServiceId id, int pid);
    void resume(Starting phase, ServiceId id, int pid);
    void resume(Ready phase, ServiceId id, int pid);
    void resume(Unhealthy phase, ServiceId id, int pid);
    void resume(Stopping phase, ServiceId id, int pid);
    void adopt(ServiceId id, const FoundRun& found);
    void lose(ServiceId id);

    // Another plan.
    void take_plan(Plan plan);
    void take_order();
    void take_dependents();
    void replace(ServiceId id, const std::string& why);
    void adjust(ServiceId id, const std::string& why);
    void remove(ServiceId id);
    void request_what_is_new(const std::vector<ServiceId>& added);
    void forget_what_has_left();

    // On the way up.
    void begin_start(ServiceId id, const std::string& why);
    void scan_ports(ServiceId id, const std::string& why);
    void ports_are_free(RunId run, const std::string& why);
    void await_connection(ServiceId id);
    void close_sockets(ServiceId id);
    void spawn(RunId run, const std::string& why);
    void block(ServiceId id, const PortsScanned& fact, TimePoint since, bool is_freeing);
    void prepare_ended(RunId run, ExitStatus status);
    void spawned(RunId run, Starting starting, int pid);
    void become_ready(ServiceId id, const Starting& starting, const std::string& why);
    void answered(RunId run, Starting& starting, const ProbeOutcome& outcome);
    void answered(RunId run, Ready& ready, const ProbeOutcome& outcome);
    void answered(RunId run, Unhealthy& unhealthy, const ProbeOutcome& outcome);

    // What a service says of itself.
    void note_words(RunId run, const Notification& what);
    void extend_timeout(ServiceId id, TimePoint until);
    void said_ready(RunId run);
    void stops_by_itself(RunId run);
    std::optional<TimePoint> next_watchdog(ServiceId id) const;
    void watchdog_heard(RunId run);
    void watchdog_failed(RunId run, const std::string& why);

    // On the way down.
    void begin_stop(ServiceId id,
                    Stopping::Then then,
                    const std::string& why,
                    SignalNumber signal = 0);
    void force(ServiceId id);
    void leader_ended(ServiceId id, const Exited& fact);
    void end_survivors(const Exited& fact, Stopping::Then then, const std::string& why = "");
    void finish_stop(ServiceId id);
    void ports_looked_at(Stopping& stopping, std::vector<PortHolder> holders);
    void work_done(ServiceId id, const std::string& why);
    void decide_after_end(ServiceId id, ExitStatus status, const std::string& why);
    std::string back_off(ServiceId id, const std::string& why);
    std::string give_up(ServiceId id, const std::string& why, const std::string& decision);
    void record_end(RunId run, const std::string& why, const std::string& decision);
    void restart_those_bound_to(ServiceId id);

    void ask_again(ServiceId id);
    void touch(ServiceId id) { at(id).has_changed = true; }
    void enter(ServiceId id, Phase next, const std::string& why);
    void notice(RunId run, Noticed::Kind kind, std::string what);
    void act(Action action) { out_.actions.push_back(std::move(action)); }
    RunId next_run(ServiceId id) { return {id, ++at(id).runs}; }

    // Questions.
    Service& at(ServiceId id) { return services_[id.index]; }
    const Service& at(ServiceId id) const { return services_[id.index]; }
    const ServicePlan& spec(ServiceId id) const {
        const auto& outgoing = at(id).outgoing;
        return outgoing ? *outgoing : plan_.services[id.index];
    }
    /// The phase of that service, if it is of this type and about this run.
    template <typename PhaseType>
    PhaseType* phase_if(RunId run) {
        auto* phase = std::get_if<PhaseType>(&at(run.service).phase);
        return phase != nullptr && phase->run == run ? phase : nullptr;
    }
    bool is_wanted(ServiceId id) const { return at(id).is_requested && !is_shutting_down_; }
    bool can_start_now(ServiceId id) const;
    bool has_readiness_probe(ServiceId id) const;
    bool waits_for_connection(ServiceId id) const;
    bool compares_while_starting(ServiceId id) const;
    void arrange_readiness(ServiceId id, Starting& starting, TimePoint first_probe);
    bool is_met(const Need& need) const;
    std::optional<Need> first_unmet_need(ServiceId id) const;
    std::string reason(ServiceId id) const;
    std::string reason_of_phase(ServiceId id) const;
    std::string describe_sockets(ServiceId id) const;
    std::string describe_wait(const Need& need) const;
    std::string explain_wait(const Need& need) const;
    std::string why_start(ServiceId id) const;
    std::string describe_missing(ServiceId id, const Starting& starting) const;
    std::string describe_end(ServiceId id, ExitStatus status) const;
    std::string describe_status(ServiceId id, ExitStatus status) const;
    bool is_success(ServiceId id, ExitStatus status) const;
    Duration next_delay(ServiceId id);
    /// `services` and all that they need, or all that needs them; directly or through others.
    std::vector<bool> with_needs(const std::vector<ServiceId>& services) const;
    std::vector<bool> with_dependents(const std::vector<ServiceId>& services) const;

    Plan plan_;
    std::vector<Service> services_;  ///< By their ids.
    std::vector<ServiceId> order_;
    std::vector<std::vector<ServiceId>> dependents_;  ///< The needs, turned round.
    std::mt19937_64 random_;
    bool is_shutting_down_ = false;
    bool is_end_told_ = false;
    TimePoint now_{};
    Step out_;
};

}  // namespace devstack::core
