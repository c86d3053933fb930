#include "devstack/platform/clock.hpp"

#include "daemon/daemon_process.hpp"

#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

// What the daemon writes down for the one after it, and how that one begins. Each turn goes like
// this: decide, write down, carry out. Whatever instruction we die at, the next daemon knows what
// was decided, and the keeper what was done.

namespace devstack::daemon {

namespace api = core::api;

/// Starting and starting again are the same: with nothing found and nothing recalled, nothing is
/// gone on with.
Status DaemonProcess::resume(std::vector<core::FoundRun> found) {
    const int keeper_pid = children_.project().keeper_pid;
    auto header = project::identify_keeper(keeper_pid);
    if (!header) return Error{Error::Kind::system, "cannot see the keeper in /proc"};
    keeper_pid_ = keeper_pid;
    keeper_start_ticks_ = header->keeper_start_ticks;
    header->project = supervisor_.plan().project;
    header->started_at = recalled_ ? recalled_->header.started_at : render_timestamp(started_at_);
    const auto recalled = std::exchange(recalled_, {});
    if (recalled) {
        if (const auto time = parse_timestamp(recalled->header.started_at, started_at_)) {
            started_at_ = *time;
        }
        journal_.restore(recalled->last_events);
        write_journal();
    }
    now_ = platform::now();
    if (recalled || !found.empty()) {
        spdlog::warn("going on after an earlier {}: {} children",
                     is_keeper_new_ ? "keeper" : "daemon",
                     found.size());
        core::Resume command;
        if (recalled) {
            command.records = recalled->services;
            command.is_shutting_down = recalled->is_shutting_down;
            command.is_on_purpose = is_upgraded(recalled->last_events);
            command.old_settings = std::exchange(old_settings_, {});
        }
        command.found = std::move(found);
        command.is_keeper_new = is_keeper_new_;
        step(command);
    }
    // A full disk is no reason not to look after what runs.
    ledger_.emplace(paths_.state_dir, std::move(*header));
    tell_ledger_state(ledger_->replace(describe_all(untold_)));
    for (const core::ServiceId id : supervisor_.services()) {
        const auto* stopping = std::get_if<core::Stopping>(&supervisor_.phase(id));
        if (stopping == nullptr || !stopping->status) continue;
        children_.expect_survivors(
            stopping->run, spec(id).name, stopping->group, *stopping->status);
    }
    turn();
    children_.tell_what_was_found();
    return ok();
}

api::LedgerTurn DaemonProcess::describe_all(std::vector<api::EventMessage> events) {
    api::LedgerTurn all;
    all.events = std::move(events);
    (void)supervisor_.take_changed();
    for (const core::ServiceId id : supervisor_.services())
        all.services.push_back(supervisor_.record(id));
    (void)children_.take_born();
    all.processes = children_.collect_processes();
    all.is_shutting_down = supervisor_.is_shutting_down();
    all.inputs = supervisor_.plan().number;
    return all;
}

void DaemonProcess::write_down() {
    api::LedgerTurn turn;
    for (const core::ServiceId id : supervisor_.take_changed())
        turn.services.push_back(supervisor_.record(id));
    turn.events = std::exchange(untold_, {});
    turn.processes = children_.take_born();
    turn.is_shutting_down = supervisor_.is_shutting_down();
    turn.inputs = supervisor_.plan().number;
    if (!turn.services.empty() || !turn.events.empty() || !turn.processes.empty()) {
        write_ledger(turn);
    }
    write_journal();
}

void DaemonProcess::write_ledger(const api::LedgerTurn& turn) {
    const Status written = ledger_->is_to_be_replaced()
                               ? ledger_->replace(describe_all(turn.events))
                               : ledger_->add(turn);
    tell_ledger_state(written);
}

/// What could not be written is tried again in each turn. That events can not be written is no
/// event: whoever asks gets them when it is over.
void DaemonProcess::write_journal() {
    if (!journal_.has_unwritten()) return;
    const Status written = journal_.write();
    if (std::exchange(has_journal_failed_, !written) == !written) return;
    if (has_journal_failed_) {
        spdlog::error("{}; events wait until it can be written", written.error().message);
        return;
    }
    const std::uint64_t lost = journal_.take_lost();
    notice(
        "",
        "the event journal is written again; " +
            (lost == 0 ? "no event" : std::to_string(lost) + (lost == 1 ? " event" : " events")) +
            " was lost");
}

void DaemonProcess::tell_ledger_state(const Status& written) {
    if (has_ledger_failed_ == !written) return;
    has_ledger_failed_ = !written;
    if (has_ledger_failed_) {
        notice("",
               written.error().message + "; if the daemon dies now, it forgets what it decided");
    } else {
        notice("", "the ledger is written again");
    }
}

}  // namespace devstack::daemon
