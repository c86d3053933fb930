#include "devstack/core/api/ledger.hpp"

#include "devstack/base/match.hpp"

#include "core/api/event_json.hpp"
#include "core/api/flat_record.hpp"
#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

namespace devstack::core::api {

namespace {

struct FlatTurn {
    std::vector<EventMessage> events;
    std::vector<FlatRecord> services;
    std::vector<LedgerProcess> processes;
    bool is_shutting_down = false;
    std::uint32_t inputs = 0;
};

}  // namespace

template <>
const Shape& shape_of<LedgerHeader>() {
    static constexpr Field fields[] = {
        {"boot_id", slot<&LedgerHeader::boot_id>, true},
        {"keeper_pid", slot<&LedgerHeader::keeper_pid>, true},
        {"keeper_start_ticks", slot<&LedgerHeader::keeper_start_ticks>, true},
        {"project", slot<&LedgerHeader::project>, true},
        {"started_at", slot<&LedgerHeader::started_at>, true},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<LedgerProcess>() {
    static constexpr Field fields[] = {
        {"service", slot<&LedgerProcess::service>, true},
        {"run", slot<&LedgerProcess::run>, true},
        {"pid", slot<&LedgerProcess::pid>, true},
        {"start_ticks", slot<&LedgerProcess::start_ticks>, true},
        {"output_pipe", slot<&LedgerProcess::output_pipe>},
        {"error_pipe", slot<&LedgerProcess::error_pipe>},
        {"cgroup", slot<&LedgerProcess::cgroup>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

template <>
const Shape& shape_of<FlatTurn>() {
    static constexpr Field fields[] = {
        {"events", slot<&FlatTurn::events>, true},
        {"services", slot<&FlatTurn::services>, true},
        {"processes", slot<&FlatTurn::processes>},
        {"shutting_down", slot<&FlatTurn::is_shutting_down>},
        {"inputs", slot<&FlatTurn::inputs>},
    };
    static constexpr Shape shape{fields};
    return shape;
}

std::string to_text(const LedgerHeader& header) {
    JsonWriter json;
    json.begin_object();
    json.field("boot_id", header.boot_id);
    json.field("keeper_pid", header.keeper_pid);
    json.field("keeper_start_ticks", header.keeper_start_ticks);
    json.field("project", header.project);
    json.field("started_at", header.started_at);
    json.end_object();
    return json.take();
}

Result<LedgerHeader> parse_ledger_header(std::string_view text) {
    return read_json<LedgerHeader>(text);
}

std::string to_text(const ServiceRecord& record) {
    JsonWriter json;
    write(json, flatten(record));
    return json.take();
}

Result<ServiceRecord> parse_record(std::string_view text) {
    Result<FlatRecord> flat = read_json<FlatRecord>(text);
    if (!flat) return flat.error();
    return unflatten(std::move(*flat));
}

static void write(JsonWriter& json, const LedgerProcess& process) {
    json.begin_object();
    json.field("service", process.service);
    json.field("run", process.run);
    json.field("pid", process.pid);
    json.field("start_ticks", process.start_ticks);
    if (process.output_pipe != 0) json.field("output_pipe", process.output_pipe);
    if (process.error_pipe != 0) json.field("error_pipe", process.error_pipe);
    if (!process.cgroup.empty()) json.field("cgroup", process.cgroup);
    json.end_object();
}

std::string to_text(const LedgerTurn& turn) {
    JsonWriter json;
    json.begin_object();
    json.key("events");
    json.begin_list();
    for (const EventMessage& event : turn.events)
        write(json, event);
    json.end_list();
    json.key("services");
    json.begin_list();
    for (const ServiceRecord& record : turn.services)
        write(json, flatten(record));
    json.end_list();
    if (!turn.processes.empty()) {
        json.key("processes");
        json.begin_list();
        for (const LedgerProcess& process : turn.processes)
            write(json, process);
        json.end_list();
    }
    if (turn.is_shutting_down) json.field("shutting_down", true);
    if (turn.inputs != 0) json.field("inputs", turn.inputs);
    json.end_object();
    return json.take();
}

Result<LedgerTurn> parse_ledger_turn(std::string_view text) {
    Result<FlatTurn> flat = read_json<FlatTurn>(text);
    if (!flat) return flat.error();
    LedgerTurn turn{std::move(flat->events),
                    {},
                    std::move(flat->processes),
                    flat->is_shutting_down,
                    flat->inputs};
    turn.services.reserve(flat->services.size());
    for (FlatRecord& record : flat->services) {
        Result<ServiceRecord> unflattened = unflatten(std::move(record));
        if (!unflattened) return unflattened.error();
        turn.services.push_back(std::move(*unflattened));
    }
    return turn;
}

}  // namespace devstack::core::api
