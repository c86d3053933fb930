#include "sim/fake_world.hpp"

#include "devstack/base/match.hpp"
#include "devstack/core/api/ledger.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/plan/replace_plan.hpp"
#include "devstack/core/supervisor/recall_plan.hpp"

#include "support/scenario.hpp"

#include <algorithm>

namespace devstack::test {

using namespace devstack::core;
using core::api::parse_record;
using core::api::to_text;
using namespace std::chrono_literals;

namespace {

const Survivor grandchild{4242, "grandchild"};

PortHolder random_holder(std::uint64_t dice) {
    PortHolder holder{Port{3101}, "127.0.0.1", 4711, "node", "chi", "09:12", ""};
    holder.is_leftover = dice % 3 == 0;
    holder.is_teardown = dice % 3 == 1;
    return holder;
}

constexpr std::uint32_t first_inputs = 1;

Plan& first_of(std::vector<Plan>& plans) {
    plans.front().number = first_inputs;
    return plans.front();
}

}  // namespace

FakeWorld::FakeWorld(std::vector<Plan> plans, std::uint64_t seed)
    : plans_{std::move(plans)},
      supervisor_{first_of(plans_), seed},
      random_{seed},
      is_cursed_{chance(10)},
      is_daemon_mortal_{chance(25)} {
    saved_.emplace(supervisor_.plan().number, plans_.front());
}

void FakeWorld::live(int happenings) {
    for (int i = 0; i < happenings; ++i)
        schedule(delay_up_to(10min), random_command());
    schedule(15min, Shutdown{});
    if (chance(20)) schedule(15min + delay_up_to(5s), Shutdown{true});

    for (int turns = 0; violations_.empty() && !supervisor_.is_finished(); ++turns) {
        if (turns > 100'000) return violate("never came to rest");
        const std::optional<TimePoint> deadline = supervisor_.next_deadline();
        const bool is_news_first = !queue_.empty() && (!deadline || queue_.top().at <= *deadline);
        if (is_news_first) {
            const Happening next = queue_.top();
            queue_.pop();
            now_ = std::max(now_, next.at);
            deliver(next.input);
        } else if (deadline) {
            now_ = std::max(now_, *deadline);
            deliver(TimePassed{});
        } else {
            return violate("asleep with something left and nothing to wait for");
        }
    }
    check_at_rest();
}

Input FakeWorld::random_command() {
    const ServiceId service{random_() % supervisor_.plan().services.size()};
    switch (random_() % 12) {
        case 0:
        case 1: return Stop{{service}};
        case 2: return Restart{{service}};
        case 3: return Signal{service, 1};
        case 4: return FilesChanged{service, "src/app.js"};
        case 5: return reload(random_() % plans_.size());
        default: return Start{{service}};
    }
}

/// Which plan it is: inputs are copied often, and plans are big.
Input FakeWorld::reload(std::size_t plan) {
    PlanReplaced reload;
    reload.plan.number = static_cast<std::uint32_t>(plan);
    return reload;
}

void FakeWorld::deliver(const Input& input) {
    if (!is_still_true(input)) return;
    const auto* reload = std::get_if<PlanReplaced>(&input);
    step(reload == nullptr ? input : numbered(*reload));
    check_invariants();
}

/// As a daemon does it: what the plan was made from is saved under a number of its own, then the
/// plan takes its place.
Input FakeWorld::numbered(PlanReplaced reload) {
    reload.plan = plans_[reload.plan.number];
    reload.plan.number = saved_.rbegin()->first + 1;
    saved_.emplace(reload.plan.number, reload.plan);
    reload.comparison = compare_plans(supervisor_.plan(), reload.plan);
    reload.plan = replace_plan(supervisor_.plan(), std::move(reload.plan));
    return reload;
}

/// What has been decided is written down before it is done.
void FakeWorld::step(const Input& input) {
    const Step step = supervisor_.step(input, now_);
    if (is_daemon_mortal_) {
        const std::vector<ServiceId> changed = supervisor_.take_changed();
        check_record(changed);
        if (chance(2)) return die(input);
        write_down(changed);
    }
    is_known(input);
    for (const Event& event : step.events) {
        trace_.push_back(to_line(supervisor_.plan(), event));
        if (trace_.back().find("()") != std::string::npos) violate("unexplained: " + trace_.back());
    }
    perform(step.actions);
}

void FakeWorld::perform(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
        if (is_daemon_mortal_ && chance(1)) return die(TimePassed{});
        trace_.push_back(to_line(supervisor_.plan(), action));
        perform(action);
    }
}

/// Nobody needs to tell it again.
void FakeWorld::is_known(const Input& input) {
    const bool is_asked =
        std::holds_alternative<Start>(input) || std::holds_alternative<Restart>(input) ||
        std::holds_alternative<FilesChanged>(input) || std::holds_alternative<PlanReplaced>(input);
    if (is_asked) spawns_.clear();
    const auto* fact = std::get_if<Exited>(&input);
    if (fact == nullptr) return;
    const auto found = processes_.find(fact->run);
    found->second.untold_end.reset();
    found->second.has_ended = true;
    if (fact->survivors.empty()) processes_.erase(found);
}

// ---- The daemon's death ------------------------------------------------------------------------

void FakeWorld::write_down(const std::vector<ServiceId>& changed) {
    for (const ServiceId id : changed)
        records_[name(id)] = to_text(supervisor_.record(id));
    was_shutting_down_ = supervisor_.is_shutting_down();
    in_force_ = supervisor_.plan().number;
}

/// What has not changed by its own word must not have changed. One service each time: it takes
/// long.
void FakeWorld::check_record(const std::vector<ServiceId>& changed) {
    const auto& services = supervisor_.services();
    const ServiceId id = services[random_() % services.size()];
    const bool is_said = std::ranges::find(changed, id) != changed.end();
    const auto known = records_.find(name(id));
    if (is_said || known == records_.end()) return;
    const std::string text = to_text(supervisor_.record(id));
    if (known->second != text) violate("changed without a word: " + text);
}

void FakeWorld::die(const Input& unwritten) {
    const bool is_keeper_new = chance(30);
    trace_.push_back(is_keeper_new ? "the keeper dies" : "the daemon dies");
    // Whoever wanted everything to end will say so again.
    if (std::holds_alternative<Shutdown>(unwritten)) schedule(1s, unwritten);
    forget_answers();
    Resume resume = recall();
    RecalledPlan recalled =
        recall_plan(saved_.at(in_force_), resume.records, [this](std::uint32_t number) {
            return &saved_.at(number);
        });
    supervisor_ = Supervisor{std::move(recalled.plan), random_()};
    resume.old_settings = std::move(recalled.old_settings);
    // What no service claims is let go.
    const std::vector<ServicePlan>& services = supervisor_.plan().services;
    std::erase_if(open_, [&](ServiceId id) {
        return id.index >= services.size() || !services[id.index].has_sockets();
    });
    if (is_keeper_new) forget_keeper();
    resume.is_keeper_new = is_keeper_new;
    resume.found = find_runs();
    step(resume);
    for (std::size_t i = 0; i < supervisor_.plan().services.size(); ++i) {
        const auto* stopping = std::get_if<Stopping>(&supervisor_.phase({i}));
        if (stopping == nullptr || !stopping->status) continue;
        SurvivorsChanged fact{stopping->run, {}};
        if (processes_.contains(stopping->run)) fact.survivors.push_back(grandchild);
        schedule(0s, fact);
    }
}

/// Answers on their way to a dead daemon reach nobody.
void FakeWorld::forget_answers() {
    std::vector<Happening> kept;
    for (; !queue_.empty(); queue_.pop()) {
        const Input& input = queue_.top().input;
        const bool is_of_the_world = std::holds_alternative<Exited>(input) ||
                                     std::holds_alternative<SurvivorsChanged>(input);
        const bool is_command =
            std::holds_alternative<Start>(input) || std::holds_alternative<Stop>(input) ||
            std::holds_alternative<Restart>(input) || std::holds_alternative<Signal>(input) ||
            std::holds_alternative<FilesChanged>(input) ||
            std::holds_alternative<PlanReplaced>(input) || std::holds_alternative<Shutdown>(input);
        if (is_of_the_world || is_command) kept.push_back(queue_.top());
    }
    for (Happening& happening : kept)
        queue_.push(std::move(happening));
}

Resume FakeWorld::recall() {
    Resume resume;
    resume.is_shutting_down = was_shutting_down_;
    for (const auto& [service, text] : records_) {
        const auto record = parse_record(text);
        if (!record) return violate("unreadable: " + text), resume;
        resume.records.push_back(*record);
    }
    return resume;
}

/// Children that had not reached exec are killed by the keeper and nobody hears of them; those that
/// have ended and of whom no daemon has said that it knows are told of again.
std::vector<FoundRun> FakeWorld::find_runs() {
    std::vector<FoundRun> found;
    for (auto it = processes_.begin(); it != processes_.end();) {
        auto& [run, process] = *it;
        if (process.pid == 0 && chance(50)) {
            forget_end(run);
            it = processes_.erase(it);
            continue;
        }
        if (process.pid == 0) process.pid = 100 + static_cast<int>(run.number);
        if (!process.has_ended) found.push_back({run, process.pid});
        if (process.untold_end) schedule(0s, *process.untold_end);
        ++it;
    }
    return found;
}

/// Nobody tells the ends that it had not told yet, and how the others end nobody knows. What those
/// have left is ended by whoever takes over.
void FakeWorld::forget_keeper() {
    for (auto it = processes_.begin(); it != processes_.end();) {
        if (it->second.untold_end) {
            forget_end(it->first);
            it = processes_.erase(it);
        } else {
            ++it;
        }
    }
    std::vector<Happening> kept;
    for (; !queue_.empty(); queue_.pop()) {
        Happening happening = queue_.top();
        if (auto* exited = std::get_if<Exited>(&happening.input)) {
            exited->status = {-1, 0, false, true};
        }
        kept.push_back(std::move(happening));
    }
    for (Happening& happening : kept)
        queue_.push(std::move(happening));
}

/// Nothing will be heard any more of how it ends.
void FakeWorld::forget_end(RunId run) {
    std::vector<Happening> kept;
    for (; !queue_.empty(); queue_.pop()) {
        const Happening& next = queue_.top();
        const auto* exited = std::get_if<Exited>(&next.input);
        const auto* survivors = std::get_if<SurvivorsChanged>(&next.input);
        const bool is_its = (exited != nullptr && exited->run == run) ||
                            (survivors != nullptr && survivors->run == run);
        if (!is_its) kept.push_back(next);
    }
    for (Happening& happening : kept)
        queue_.push(std::move(happening));
}

// ---- The world ---------------------------------------------------------------------------------

/// News is invented when it is scheduled; meanwhile its subject may have gone.
bool FakeWorld::is_still_true(const Input& input) {
    if (const auto* fact = std::get_if<Exited>(&input)) {
        const auto found = processes_.find(fact->run);
        if (found == processes_.end() || found->second.has_ended) return false;
        found->second.untold_end = *fact;
    }
    if (!is_known_id(input)) return false;
    if (const auto* fact = std::get_if<SurvivorsChanged>(&input)) {
        if (fact->survivors.empty()) processes_.erase(fact->run);
    }
    if (const auto* fact = std::get_if<Spawned>(&input)) {
        const auto found = processes_.find(fact->run);
        if (found == processes_.end()) return false;
        found->second.pid = fact->pid;
    }
    return true;
}

/// Commands and late news may be about a service that has gone from the profile and whose id a
/// later daemon does not know. A real one is asked by name, and hears of its own children only.
bool FakeWorld::is_known_id(const Input& input) {
    const auto is_known = [&](ServiceId id) {
        return std::ranges::find(supervisor_.services(), id) != supervisor_.services().end();
    };
    return std::visit(
        [&](const auto& it) {
            if constexpr (requires { it.services.front(); }) return is_known(it.services.front());
            if constexpr (requires { it.run; }) return is_known(it.run.service);
            if constexpr (requires { it.service; }) return is_known(it.service);
            return true;
        },
        input);
}

void FakeWorld::perform(const Action& action) {
    match(
        action,
        [&](const ScanPorts& it) {
            PortsScanned fact{it.run, {}};
            if (chance(20)) fact.holders.push_back(random_holder(random_()));
            schedule(delay_up_to(5ms), fact);
        },
        [&](const FreePorts& it) {
            schedule(delay_up_to(6s), PortsScanned{it.run, {}});
        },
        [&](const OpenSockets& it) {
            if (chance(5)) return schedule(1ms, SpawnFailed{it.run, "cannot listen", chance(30)});
            open_.insert(it.run.service);
            schedule(delay_up_to(1ms), SocketsOpened{it.run});
        },
        [&](const AwaitConnection& it) {
            if (!open_.contains(it.service)) violate("nobody can connect to what is not open");
            schedule(delay_up_to(30s), ConnectionMade{it.service, "somebody has connected"});
        },
        [&](const CloseSockets& it) { open_.erase(it.service); },
        [&](const CheckPrepare& it) {
            schedule(delay_up_to(5ms), PrepareChecked{it.run, chance(50), "changed"});
        },
        [&](const SpawnPrepare& it) { spawn(it.run); },
        [&](const RecordPrepared&) {},
        [&](const SpawnProcess& it) {
            require_within_budget(it.run);
            spawn(it.run);
        },
        [&](const AskToStop& it) {
            asked_to_stop_.insert(it.run);
            const auto found = processes_.find(it.run);
            if (found == processes_.end()) return violate("asked a process that is not there");
            if (found->second.is_deaf) return;
            if (it.scope == AskToStop::Scope::group) end(it.run, {0, 15}, delay_up_to(5s));
        },
        [&](const ForceKill& it) {
            const auto found = processes_.find(it.run);
            if (found == processes_.end()) return;
            found->second.leaves_survivor = false;
            const Duration moment = delay_up_to(10ms);
            schedule(moment, Exited{it.run, {0, 9}, {}});
            if (found->second.has_ended) schedule(moment, SurvivorsChanged{it.run, {}});
        },
        [&](const SendSignal&) {},
        [&](const RunProbe& it) {
            schedule(delay_up_to(2s), ProbeAnswered{it.run, {chance(70), "an answer", {}}});
        },
        [&](const AwaitLine& it) {
            if (chance(70)) schedule(delay_up_to(90s), SignSeen{it.run, "its output says \"up\""});
        },
        [&](const CompareListening& it) {
            schedule(1ms, ListeningCompared{it.run, {}});
        },
        [&](const CollectEvidence& it) { schedule(delay_up_to(1s), EvidenceCollected{it.run}); },
        [&](const WriteCrashRecord&) {});
}

void FakeWorld::spawn(RunId run) {
    require_needs_met(run.service);
    if (chance(5)) {
        return schedule(delay_up_to(5ms), SpawnFailed{run, "no such file", chance(50)});
    }
    // Of a service that had gone and was forgotten, the same run may come once more, and to another
    // service: news of the former one is not about it.
    asked_to_stop_.erase(run);
    forget_end(run);
    if (processes_.contains(run)) return violate(name(run.service) + " is spawned twice");
    processes_[run] = Process{chance(10), chance(15)};
    schedule(delay_up_to(5ms), Spawned{run, 100 + static_cast<int>(run.number)});
    if (supervisor_.plan().services[run.service.index].notifies()) talk(run);
    if (is_cursed_) return end(run, {1, 0}, 5ms + delay_up_to(100ms));
    if (chance(40)) end(run, {chance(50) ? 1 : 0, 0}, 5ms + delay_up_to(1min));
}

/// What the service says of itself while it lives, and sometimes nothing.
void FakeWorld::talk(RunId run) {
    static constexpr const char* words[] = {"READY=1",
                                            "READY=1\nSTATUS=serving",
                                            "STATUS=busy",
                                            "WATCHDOG=1",
                                            "WATCHDOG=1",
                                            "WATCHDOG=trigger",
                                            "WATCHDOG_USEC=5000000",
                                            "EXTEND_TIMEOUT_USEC=30000000",
                                            "RELOADING=1",
                                            "STOPPING=1",
                                            "ERRNO=2\nMAINPID=1\nFDSTORE=1"};
    if (chance(70)) schedule(delay_up_to(10s), Notified{run, parse_notification(words[0])});
    for (int i = 0; i < 8; ++i) {
        const std::string word = words[random_() % std::size(words)];
        schedule(delay_up_to(3min), Notified{run, parse_notification(word)});
    }
}

/// The process ends; its grandchild, if there is one, a while later.
void FakeWorld::end(RunId run, ExitStatus status, Duration after) {
    const bool leaves = processes_.at(run).leaves_survivor;
    std::vector<Survivor> survivors;
    if (leaves) survivors.push_back(grandchild);
    schedule(after, Exited{run, status, survivors});
    if (leaves && chance(50)) schedule(after + 1ms + delay_up_to(20s), SurvivorsChanged{run, {}});
}

void FakeWorld::check_invariants() {
    std::map<ServiceId, int> lives;
    for (const auto& [run, process] : processes_)
        ++lives[run.service];
    for (const auto& [service, count] : lives) {
        if (count > 1) violate(name(service) + " runs twice");
    }
    for (const auto& [run, process] : processes_) {
        const Phase& phase = supervisor_.phase(run.service);
        if (!is_alive(phase)) {
            violate(name(run.service) + " lives and is called " + std::string{name_of(phase)});
        }
    }
    for (std::size_t i = 0; i < supervisor_.plan().services.size(); ++i) {
        const auto* ready = std::get_if<Ready>(&supervisor_.phase({i}));
        if (ready != nullptr && asked_to_stop_.contains(ready->run)) {
            violate(name({i}) + " is called ready while it stops");
        }
        if (name({i}).empty()) continue;
        const std::string why = supervisor_.explain({i});
        if (why.empty() || why.ends_with(": ")) violate(name({i}) + " is not explained: " + why);
    }
    if (const auto deadline = supervisor_.next_deadline(); deadline && *deadline <= now_) {
        violate("a deadline was left in the past");
    }
}

void FakeWorld::check_at_rest() {
    if (!violations_.empty()) return;
    if (!processes_.empty()) violate("finished, but processes are left");
    if (!open_.empty()) violate("finished, but sockets are open");
    for (std::size_t i = 0; i < supervisor_.plan().services.size(); ++i) {
        const Phase& phase = supervisor_.phase({i});
        const bool is_at_rest = std::holds_alternative<Stopped>(phase) ||
                                std::holds_alternative<Completed>(phase) ||
                                std::holds_alternative<Failed>(phase);
        if (!is_at_rest) violate(name({i}) + " ends as " + std::string{name_of(phase)});
    }
}

void FakeWorld::require_needs_met(ServiceId service) {
    for (const Need& need : supervisor_.plan().services[service.index].needs) {
        const Phase& its = supervisor_.phase(need.service);
        const bool is_ready = std::holds_alternative<Ready>(its);
        const bool is_completed = std::holds_alternative<Completed>(its);
        const auto* waiting = std::get_if<Waiting>(&its);
        const bool is_waiting = waiting != nullptr && !waiting->need;
        const bool is_met = need.condition == NeedCondition::completed ? is_completed
                            : need.condition == NeedCondition::ready
                                ? is_ready || is_waiting
                                : is_ready || is_completed || is_waiting || pid_of(its) != 0;
        if (!is_met) violate(name(service) + " was started before what it needs");
    }
}

// Between two requests by a person, a service may be spawned once, then `max` times within its
// window, and once more for each start of a service that it is bound to by `restart_with`: that is
// paid for by the other's budget.
void FakeWorld::require_within_budget(RunId run) {
    const ServiceId service = run.service;
    // Asked for again by a daemon that does not know whether the one before has done it.
    if (std::exchange(last_spawned_[service], run.number) == run.number) return;
    const ServicePlan& spec = supervisor_.plan().services[service.index];
    spawns_[service].push_back(now_);
    if (!spec.restart.gives_up) return;
    const TimePoint since = now_ - spec.restart.window;
    std::ptrdiff_t allowed = spec.restart.max + 1;
    // Its work was done each time, as far as anybody can tell.
    if (spec.on_demand) allowed += spec.restart.window / limits::on_demand_age_min;
    for (const ServiceId other : spec.restart_with)
        allowed +=
            spawns_after(other, since - supervisor_.plan().services[other.index].start_timeout);
    if (spawns_after(service, since) > allowed)
        violate(name(service) + " is restarted without end");
}

std::ptrdiff_t FakeWorld::spawns_after(ServiceId service, TimePoint since) {
    return std::ranges::count_if(spawns_[service], [&](TimePoint at) { return at > since; });
}

void FakeWorld::violate(std::string what) {
    violations_.push_back(std::move(what));
}

void FakeWorld::schedule(Duration delay, Input input) {
    queue_.push({now_ + delay, next_order_++, std::move(input)});
}

Duration FakeWorld::delay_up_to(Duration longest) {
    return Duration{
        static_cast<Duration::rep>(random_() % static_cast<std::uint64_t>(longest.count() + 1))};
}

bool FakeWorld::chance(int percent) {
    return static_cast<int>(random_() % 100) < percent;
}

const std::string& FakeWorld::name(ServiceId service) const {
    return supervisor_.plan().services[service.index].name;
}

}  // namespace devstack::test
