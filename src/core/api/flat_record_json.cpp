#include "core/api/flat_record.hpp"

// The words of a record on disk. What has its default value is left out: most has.

namespace devstack::core::api {

namespace {

template <typename T>
void field_unless(JsonWriter& json, std::string_view name, const T& value, const T& usual) {
    if (value != usual) json.field(name, value);
}

void write(JsonWriter& json, const FlatExit& exit) {
    json.begin_object();
    json.field("code", exit.code);
    json.field("signal", exit.signal);
    field_unless(json, "dumped_core", exit.dumped_core, false);
    field_unless(json, "unknown", exit.is_unknown, false);
    json.end_object();
}

void write(JsonWriter& json, const FlatHolder& holder) {
    json.begin_object();
    json.field("port", holder.port);
    json.field("address", holder.address);
    json.field("pid", holder.pid);
    json.field("command", holder.command);
    json.field("user", holder.user);
    json.field("since", holder.since);
    json.field("working_dir", holder.working_dir);
    json.field("leftover", holder.is_leftover);
    json.field("teardown", holder.is_teardown);
    json.field("service", holder.service);
    json.end_object();
}

void write_phase(JsonWriter& json, const FlatRecord& record) {
    static const FlatRecord usual;
    json.field("phase", record.phase);
    field_unless(json, "run", record.run, usual.run);
    field_unless(json, "step", record.step, usual.step);
    field_unless(json, "pid", record.pid, usual.pid);
    field_unless(json, "group", record.group, usual.group);
    field_unless(json, "begun", record.begun, usual.begun);
    field_unless(json, "deadline", record.deadline, usual.deadline);
    field_unless(json, "delay", record.delay, usual.delay);
    field_unless(json, "failures", record.failures, usual.failures);
    field_unless(json, "answer", record.answer, usual.answer);
    field_unless(json, "killed", record.is_killed, usual.is_killed);
    field_unless(json, "watchdog_failed", record.is_watchdog, usual.is_watchdog);
    field_unless(json, "unplanned", record.is_unplanned, usual.is_unplanned);
    field_unless(json, "crash_loop", record.is_crash_loop, usual.is_crash_loop);
    field_unless(json, "cut_short", record.is_cut_short, usual.is_cut_short);
    if (record.exit) {
        json.key("exit");
        write(json, *record.exit);
    }
    if (record.holders.empty()) return;
    json.key("holders");
    json.begin_list();
    for (const FlatHolder& holder : record.holders)
        write(json, holder);
    json.end_list();
}

}  // namespace

void write(JsonWriter& json, const FlatRecord& record) {
    static const FlatRecord usual;
    json.begin_object();
    json.field("service", record.service);
    field_unless(json, "id", record.id, usual.id);
    write_phase(json, record);
    json.field("why", record.why);
    json.field("since", record.since);
    field_unless(json, "requested", record.is_requested, usual.is_requested);
    field_unless(json, "runs", record.runs, usual.runs);
    field_unless(json, "restarts", record.restarts, usual.restarts);
    field_unless(json, "delay_exponent", record.delay_exponent, usual.delay_exponent);
    if (!record.recent_restarts.empty()) {
        json.key("recent_restarts");
        json.begin_list();
        for (const FlatMoment& moment : record.recent_restarts) {
            json.begin_object();
            json.field("at", moment.at);
            json.end_object();
        }
        json.end_list();
    }
    if (!record.differences.empty()) json.field("differences", record.differences);
    field_unless(json, "said", record.said, usual.said);
    if (record.watchdog) {
        json.key("watchdog");
        json.begin_object();
        json.field("at", record.watchdog->at);
        json.end_object();
    }
    field_unless(json, "called", record.is_called, usual.is_called);
    if (record.last_exit) {
        json.key("last_exit");
        write(json, *record.last_exit);
    }
    field_unless(json, "old_settings", record.old_settings, usual.old_settings);
    field_unless(json, "quick_changes", record.quick_changes, usual.quick_changes);
    field_unless(json, "watch_suspended", record.watch_suspended, usual.watch_suspended);
    json.end_object();
}

template <>
const Shape& shape_of<FlatMoment>() {
    static constexpr Field fields[] = {{"at", slot<&FlatMoment::at>, true}};
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<FlatExit>() {
    static constexpr Field fields[] = {
        {"code", slot<&FlatExit::code>, true},
        {"signal", slot<&FlatExit::signal>, true},
        {"dumped_core", slot<&FlatExit::dumped_core>},
        {"unknown", slot<&FlatExit::is_unknown>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<FlatHolder>() {
    static constexpr Field fields[] = {
        {"port", slot<&FlatHolder::port>, true},
        {"address", slot<&FlatHolder::address>},
        {"pid", slot<&FlatHolder::pid>},
        {"command", slot<&FlatHolder::command>},
        {"user", slot<&FlatHolder::user>},
        {"since", slot<&FlatHolder::since>},
        {"working_dir", slot<&FlatHolder::working_dir>},
        {"leftover", slot<&FlatHolder::is_leftover>},
        {"teardown", slot<&FlatHolder::is_teardown>},
        {"service", slot<&FlatHolder::service>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<FlatRecord>() {
    static constexpr Field fields[] = {
        {"service", slot<&FlatRecord::service>, true},
        {"id", slot<&FlatRecord::id>},
        {"phase", slot<&FlatRecord::phase>, true},
        {"why", slot<&FlatRecord::why>, true},
        {"since", slot<&FlatRecord::since>, true},
        {"requested", slot<&FlatRecord::is_requested>},
        {"runs", slot<&FlatRecord::runs>},
        {"restarts", slot<&FlatRecord::restarts>},
        {"delay_exponent", slot<&FlatRecord::delay_exponent>},
        {"recent_restarts", slot<&FlatRecord::recent_restarts>},
        {"differences", slot<&FlatRecord::differences>},
        {"last_exit", slot<&FlatRecord::last_exit>},
        {"said", slot<&FlatRecord::said>},
        {"watchdog", slot<&FlatRecord::watchdog>},
        {"called", slot<&FlatRecord::is_called>},
        {"old_settings", slot<&FlatRecord::old_settings>},
        {"quick_changes", slot<&FlatRecord::quick_changes>},
        {"watch_suspended", slot<&FlatRecord::watch_suspended>},
        {"run", slot<&FlatRecord::run>},
        {"step", slot<&FlatRecord::step>},
        {"pid", slot<&FlatRecord::pid>},
        {"group", slot<&FlatRecord::group>},
        {"begun", slot<&FlatRecord::begun>},
        {"deadline", slot<&FlatRecord::deadline>},
        {"delay", slot<&FlatRecord::delay>},
        {"failures", slot<&FlatRecord::failures>},
        {"answer", slot<&FlatRecord::answer>},
        {"killed", slot<&FlatRecord::is_killed>},
        {"watchdog_failed", slot<&FlatRecord::is_watchdog>},
        {"unplanned", slot<&FlatRecord::is_unplanned>},
        {"crash_loop", slot<&FlatRecord::is_crash_loop>},
        {"cut_short", slot<&FlatRecord::is_cut_short>},
        {"exit", slot<&FlatRecord::exit>},
        {"holders", slot<&FlatRecord::holders>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

}  // namespace devstack::core::api
