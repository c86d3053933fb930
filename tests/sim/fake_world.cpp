#include "sim/fake_world.hpp"

#include "devstack/base/match.hpp"

#include "support/scenario.hpp"

#include <algorithm>

namespace devstack::test {

using namespace devstack::core;
using namespace std::chrono_literals;

namespace {

const Survivor grandchild{4242, "grandchild"};

PortHolder random_holder(std::uint64_t dice) {
    PortHolder holder{Port{3101}, "127.0.0.1", 4711, "node", "chi", "09:12", ""};
    holder.is_leftover = dice % 3 == 0;
    holder.is_teardown = dice % 3 == 1;
    return holder;
}

}  // namespace

FakeWorld::FakeWorld(Plan plan, std::uint64_t seed)
    : supervisor_{std::move(plan), seed}, random_{seed}, is_cursed_{chance(10)} {}

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
    switch (random_() % 10) {
        case 0:
        case 1: return Stop{{service}};
        case 2: return Restart{{service}};
        case 3: return Signal{service, 1};
        default: return Start{{service}};
    }
}

void FakeWorld::deliver(const Input& input) {
    if (!is_still_true(input)) return;
    const bool is_asked =
        std::holds_alternative<Start>(input) || std::holds_alternative<Restart>(input);
    if (is_asked) spawns_.clear();
    const Step step = supervisor_.step(input, now_);
    for (const Action& action : step.actions) {
        trace_.push_back(to_line(supervisor_.plan(), action));
        perform(action);
    }
    for (const Event& event : step.events) {
        trace_.push_back(to_line(supervisor_.plan(), event));
        if (trace_.back().find("()") != std::string::npos) violate("unexplained: " + trace_.back());
    }
    check_invariants();
}

/// News is invented when it is scheduled; meanwhile its subject may have gone.
bool FakeWorld::is_still_true(const Input& input) {
    if (const auto* fact = std::get_if<Exited>(&input)) {
        const auto found = processes_.find(fact->run);
        if (found == processes_.end() || found->second.has_ended) return false;
        if (fact->survivors.empty()) {
            processes_.erase(found);
        } else {
            found->second.has_ended = true;
        }
    }
    if (const auto* fact = std::get_if<SurvivorsChanged>(&input)) {
        return processes_.erase(fact->run) != 0;
    }
    if (const auto* fact = std::get_if<Spawned>(&input)) return processes_.contains(fact->run);
    return true;
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
        [&](const CheckPrepare& it) {
            schedule(delay_up_to(5ms), PrepareChecked{it.run, chance(50), "changed"});
        },
        [&](const SpawnPrepare& it) { spawn(it.run); },
        [&](const RecordPrepared&) {},
        [&](const SpawnProcess& it) {
            require_within_budget(it.run.service);
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
    processes_[run] = Process{chance(10), chance(15)};
    schedule(delay_up_to(5ms), Spawned{run, 100 + static_cast<int>(run.number)});
    if (is_cursed_) return end(run, {1, 0}, 5ms + delay_up_to(100ms));
    if (chance(40)) end(run, {chance(50) ? 1 : 0, 0}, 5ms + delay_up_to(1min));
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
        const bool is_met = need.condition == NeedCondition::completed ? is_completed
                            : need.condition == NeedCondition::ready
                                ? is_ready
                                : is_ready || is_completed || pid_of(its) != 0;
        if (!is_met) violate(name(service) + " was started before what it needs");
    }
}

// Between two requests by a person, a service may be spawned once and then `max` times within its
// window.
void FakeWorld::require_within_budget(ServiceId service) {
    const RestartPolicy& policy = supervisor_.plan().services[service.index].restart;
    auto& spawns = spawns_[service];
    std::erase_if(spawns, [&](TimePoint at) { return at + policy.window <= now_; });
    spawns.push_back(now_);
    if (policy.gives_up && std::ssize(spawns) > policy.max + 1) {
        violate(name(service) + " is restarted without end");
    }
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
