#include "devstack/project/ledger_file.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/procfs.hpp"

#include "text_file.hpp"

#include <fstream>
#include <map>
#include <string_view>
#include <utility>

namespace devstack::project {

namespace {

namespace api = core::api;

std::string read_boot_id() {
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string id;
    std::getline(file, id);
    return id;
}

/// The next line; empty at the end, and for a last line without an end.
std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

bool is_same_keeper(const api::LedgerHeader& written, const api::LedgerHeader& now) {
    return written.boot_id == now.boot_id && written.keeper_pid == now.keeper_pid &&
           written.keeper_start_ticks == now.keeper_start_ticks;
}

}  // namespace

std::string ledger_path(const std::string& state_dir) {
    return state_dir + "/ledger.jsonl";
}

std::optional<api::LedgerHeader> identify_keeper(int keeper_pid) {
    const auto process = platform::find_process({}, keeper_pid);
    if (!process || process->state == 'Z' || process->state == 'X') return std::nullopt;
    return api::LedgerHeader{read_boot_id(), keeper_pid, process->start_ticks, "", ""};
}

bool is_of_this_boot(const api::LedgerHeader& header) {
    return header.boot_id == read_boot_id();
}

std::optional<RecalledLedger> recall_ledger(const std::string& state_dir) {
    const auto text = load_text_file(ledger_path(state_dir), core::limits::ledger_read_max);
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    const auto first = take_line(rest);
    auto header = first ? api::parse_ledger_header(*first)
                        : Result<api::LedgerHeader>{Error{Error::Kind::invalid, "no header"}};
    if (!header) return std::nullopt;
    RecalledLedger ledger;
    ledger.header = std::move(*header);
    std::map<std::string, core::ServiceRecord> latest;
    std::map<std::string, api::LedgerProcess> born;
    while (const auto line = take_line(rest)) {
        auto turn = api::parse_ledger_turn(*line);
        if (!turn) continue;
        for (core::ServiceRecord& record : turn->services) {
            std::string name = record.service;
            latest.insert_or_assign(std::move(name), std::move(record));
        }
        for (api::LedgerProcess& process : turn->processes) {
            std::string name = process.service;
            born.insert_or_assign(std::move(name), std::move(process));
        }
        ledger.is_shutting_down = turn->is_shutting_down;
        ledger.inputs = turn->inputs;
        ledger.last_events = std::move(turn->events);
    }
    for (auto& [name, record] : latest)
        ledger.services.push_back(std::move(record));
    for (auto& [name, process] : born)
        ledger.processes.push_back(std::move(process));
    return ledger;
}

std::optional<int> find_living_keeper(const std::string& state_dir) {
    std::ifstream file{ledger_path(state_dir)};
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    const auto header = api::parse_ledger_header(line);
    if (!header) return std::nullopt;
    const auto now = identify_keeper(header->keeper_pid);
    if (!now || !is_same_keeper(*header, *now)) return std::nullopt;
    return header->keeper_pid;
}

}  // namespace devstack::project
