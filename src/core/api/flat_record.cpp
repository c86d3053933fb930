#include "core/api/flat_record.hpp"

#include "devstack/base/match.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace devstack::core::api {

namespace {

std::uint64_t flat(TimePoint time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

TimePoint round(std::uint64_t nanoseconds) {
    return TimePoint{Duration{static_cast<Duration::rep>(nanoseconds)}};
}

FlatExit flat(const ExitStatus& status) {
    return {status.code, status.signal, status.dumped_core, status.is_unknown};
}

ExitStatus round(const FlatExit& exit) {
    return {exit.code, exit.signal, exit.dumped_core, exit.is_unknown};
}

FlatHolder flat(const PortHolder& it) {
    return {it.port.number,
            it.address,
            it.pid,
            it.command,
            it.user,
            it.since,
            it.working_dir,
            it.is_leftover,
            it.is_teardown,
            it.service};
}

PortHolder round(FlatHolder it) {
    return {Port{static_cast<std::uint16_t>(it.port)},
            std::move(it.address),
            it.pid,
            std::move(it.command),
            std::move(it.user),
            std::move(it.since),
            std::move(it.working_dir),
            it.is_leftover,
            it.is_teardown,
            std::move(it.service)};
}

// ---- Words -------------------------------------------------------------------------------------

template <typename Enum, std::size_t count>
using Words = std::array<std::pair<Enum, std::string_view>, count>;

constexpr Words<Preparing::Step, 3> preparing_steps{{{Preparing::Step::checking, "checking"},
                                                     {Preparing::Step::spawning, "spawning"},
                                                     {Preparing::Step::running, "running"}}};
constexpr std::string_view for_connection = "connection";
constexpr Words<Starting::Step, 4> starting_steps{
    {{Starting::Step::checking_ports, "checking-ports"},
     {Starting::Step::opening_sockets, "opening-sockets"},
     {Starting::Step::spawning, "spawning"},
     {Starting::Step::probing, "probing"}}};
constexpr Words<Stopping::Then, 5> stopping_thens{{{Stopping::Then::rest, "rest"},
                                                   {Stopping::Then::restart, "restart"},
                                                   {Stopping::Then::retry, "retry"},
                                                   {Stopping::Then::decide, "decide"},
                                                   {Stopping::Then::go_on, "go-on"}}};

template <typename Enum, std::size_t count>
std::string word_of(const Words<Enum, count>& words, Enum value) {
    return std::string{
        std::ranges::find(words, value, &std::pair<Enum, std::string_view>::first)->second};
}

/// Empty for a word that is not among them.
template <typename Enum, std::size_t count>
std::optional<Enum> find_word(const Words<Enum, count>& words, std::string_view word) {
    const auto* found = std::ranges::find(words, word, &std::pair<Enum, std::string_view>::second);
    if (found == words.end()) return std::nullopt;
    return found->first;
}

// ---- Phases ------------------------------------------------------------------------------------

void flatten_phase(FlatRecord& flat_record, const Phase& phase) {
    flat_record.phase = name_of(phase);
    if (const auto run = run_of(phase)) flat_record.run = run->number;
    flat_record.pid = pid_of(phase);
    match(
        phase,
        [](const Stopped&) {},
        [&](const Waiting& it) {
            if (!it.need) flat_record.step = for_connection;
        },
        [&](const Blocked& it) {
            flat_record.begun = flat(it.since);
            for (const PortHolder& holder : it.holders)
                flat_record.holders.push_back(flat(holder));
        },
        [&](const Preparing& it) { flat_record.step = word_of(preparing_steps, it.step); },
        [&](const Starting& it) {
            flat_record.step = word_of(starting_steps, it.step);
            flat_record.begun = flat(it.since);
            flat_record.deadline = flat(it.deadline);
        },
        [&](const Ready& it) {
            flat_record.begun = flat(it.since);
            flat_record.failures = it.failures;
            if (it.failures > 0) flat_record.answer = it.last_answer;
        },
        [&](const Unhealthy& it) {
            flat_record.begun = flat(it.since);
            flat_record.answer = it.last_answer;
            flat_record.is_watchdog = it.is_watchdog;
        },
        [&](const Stopping& it) {
            flat_record.step = word_of(stopping_thens, it.then);
            flat_record.group = it.group;
            flat_record.begun = flat(it.since);
            flat_record.deadline = flat(it.deadline);
            flat_record.is_killed = it.is_killed;
            flat_record.is_unplanned = it.is_unplanned;
            flat_record.answer = it.why;
            if (it.status) flat_record.exit = flat(*it.status);
        },
        [&](const BackingOff& it) {
            flat_record.deadline = flat(it.until);
            flat_record.delay = static_cast<std::uint64_t>(it.delay.count());
            flat_record.is_crash_loop = it.is_crash_loop;
            flat_record.is_cut_short = it.is_cut_short;
            flat_record.answer = it.why;
        },
        [&](const Completed& it) { flat_record.exit = flat(it.status); },
        [&](const Failed& it) { flat_record.answer = it.why; });
}

using MaybePhase = std::optional<Phase>;

MaybePhase round_blocked(FlatRecord& it, RunId run) {
    if (it.holders.empty()) return std::nullopt;
    Blocked blocked{run, {}, std::nullopt, round(it.begun)};
    for (FlatHolder& holder : it.holders)
        blocked.holders.push_back(round(std::move(holder)));
    return blocked;
}

MaybePhase round_preparing(const FlatRecord& it, RunId run) {
    const auto step = find_word(preparing_steps, it.step);
    if (!step) return std::nullopt;
    return Preparing{run, *step, it.pid};
}

MaybePhase round_starting(const FlatRecord& it, RunId run) {
    const auto step = find_word(starting_steps, it.step);
    if (!step) return std::nullopt;
    Starting starting{run, *step, it.pid};
    starting.since = round(it.begun);
    starting.deadline = round(it.deadline);
    return starting;
}

MaybePhase round_stopping(FlatRecord& it, RunId run) {
    const auto then = find_word(stopping_thens, it.step);
    if (!then) return std::nullopt;
    Stopping stopping;
    stopping.run = run;
    stopping.pid = it.pid;
    stopping.group = it.group;
    stopping.since = round(it.begun);
    stopping.deadline = round(it.deadline);
    stopping.is_killed = it.is_killed;
    stopping.is_unplanned = it.is_unplanned;
    stopping.then = *then;
    stopping.why = std::move(it.answer);
    if (it.exit) stopping.status = round(*it.exit);
    return stopping;
}

MaybePhase round_phase(FlatRecord& it) {
    const RunId run{{}, it.run};
    const TimePoint begun = round(it.begun);
    if (it.phase == "stopped") return Stopped{};
    if (it.phase == "waiting") {
        return it.step == for_connection ? Waiting{} : Waiting{Need{}};
    }
    if (it.phase == "blocked") return round_blocked(it, run);
    if (it.phase == "preparing") return round_preparing(it, run);
    if (it.phase == "starting") return round_starting(it, run);
    if (it.phase == "ready") {
        return Ready{run, it.pid, begun, std::nullopt, it.failures, std::move(it.answer)};
    }
    if (it.phase == "unhealthy") {
        return Unhealthy{run, it.pid, begun, std::nullopt, std::move(it.answer), it.is_watchdog};
    }
    if (it.phase == "stopping") return round_stopping(it, run);
    if (it.phase == "backing-off") {
        return BackingOff{round(it.deadline),
                          Duration{static_cast<Duration::rep>(it.delay)},
                          it.is_crash_loop,
                          std::move(it.answer),
                          it.is_cut_short};
    }
    if (it.phase == "completed") return Completed{round(it.exit.value_or(FlatExit{}))};
    if (it.phase == "failed") return Failed{std::move(it.answer)};
    return std::nullopt;
}

}  // namespace

FlatRecord flatten(const ServiceRecord& record) {
    FlatRecord result;
    result.service = record.service;
    result.id = record.id.index;
    result.why = record.why;
    result.since = flat(record.since);
    result.is_requested = record.is_requested;
    result.runs = record.runs;
    result.restarts = record.restarts;
    result.delay_exponent = record.delay_exponent;
    for (const TimePoint at : record.recent_restarts)
        result.recent_restarts.push_back({flat(at)});
    result.differences = record.differences;
    if (record.last_exit) result.last_exit = flat(*record.last_exit);
    result.said = record.said;
    if (record.watchdog) {
        result.watchdog = FlatMoment{static_cast<std::uint64_t>(record.watchdog->count())};
    }
    result.is_called = record.is_called;
    result.old_settings = record.old_settings;
    result.quick_changes = record.quick_changes;
    result.watch_suspended = record.watch_suspended;
    flatten_phase(result, record.phase);
    return result;
}

Result<ServiceRecord> unflatten(FlatRecord it) {
    std::optional<Phase> phase = round_phase(it);
    if (!phase) {
        return Error{Error::Kind::invalid,
                     "the record of " + it.service + " speaks of no known phase (" + it.phase +
                         (it.step.empty() ? "" : ", " + it.step) + ")"};
    }
    ServiceRecord record;
    record.service = std::move(it.service);
    record.id = ServiceId{it.id};
    record.phase = std::move(*phase);
    record.why = std::move(it.why);
    record.since = round(it.since);
    record.is_requested = it.is_requested;
    record.runs = it.runs;
    record.restarts = it.restarts;
    record.delay_exponent = it.delay_exponent;
    for (const FlatMoment moment : it.recent_restarts)
        record.recent_restarts.push_back(round(moment.at));
    record.differences = std::move(it.differences);
    if (it.last_exit) record.last_exit = round(*it.last_exit);
    record.said = std::move(it.said);
    if (it.watchdog) record.watchdog = Duration{static_cast<Duration::rep>(it.watchdog->at)};
    record.is_called = it.is_called;
    record.old_settings = it.old_settings;
    record.quick_changes = it.quick_changes;
    record.watch_suspended = std::move(it.watch_suspended);
    return record;
}

}  // namespace devstack::core::api
