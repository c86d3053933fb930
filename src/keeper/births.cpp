#include "births.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace devstack::keeper {

namespace {

/// For a child to reach exec and leave its room to the next one, once for each that does not.
constexpr int exec_wait_ms = 20;

}  // namespace

void Births::start(const OriginalState& original,
                   const Request& request,
                   const BlockSource& source,
                   const PassedDescriptors& passed) {
    if (memory_.is_full()) make_room();
    auto outcome = start_child(original, source, request.flags, passed, memory_);
    if (const auto* problem = std::get_if<SpawnProblem>(&outcome)) {
        return outbox_.tell_refusal(request.token, problem->stage, problem->error);
    }
    auto& started = *std::get_if<StartedChild>(&outcome);
    Child& child = *table_.add(request.token, started.pid);
    child.label = request.label;
    child.pidfd = std::move(started.pidfd);
    child.standard_input = std::move(started.standard_input);
    child.standard_output = std::move(started.standard_output);
    child.standard_error = std::move(started.standard_error);
    child.error_pipe = std::move(started.error_pipe);
    child.spawn_memory = std::move(started.memory);
    if (child.spawn_memory) tenants_.at(child.spawn_memory.index()) = table_.slot_of(child);
    if (watcher_.add(child.error_pipe.get(), table_.slot_of(child))) return;
    child.state = Child::State::failing;
    child.failed_stage = platform::SpawnStage::pipes;
    child.failure = errno;
    ::kill(child.pid, SIGKILL);
}

void Births::settle(Child& child) {
    if (child.state != Child::State::starting) return;
    SpawnProblem problem;
    const ssize_t size = ::read(child.error_pipe.get(), &problem, sizeof problem);
    if (size < 0) return;
    watcher_.close(child.error_pipe);
    if (size == sizeof problem) {
        // Told when it has been reaped: then nothing of it is left.
        child.state = Child::State::failing;
        child.failed_stage = problem.stage;
        child.failure = problem.error;
        return;
    }
    // The kernel closes descriptors, on exec and on exit, after it has let go of the old memory.
    child.spawn_memory.reset();
    child.state = Child::State::running;
    child.owes_spawned = true;
    outbox_.tell_news(child);
}

void Births::settle_tenants() {
    for (const std::size_t slot : tenants_)
        settle(table_.at(slot));
}

/// In a burst children are made faster than they exec. To wait for one of them is cheaper than a
/// fork; but nobody is waited for twice.
void Births::make_room() {
    settle_tenants();
    if (!memory_.is_full()) return;
    std::array<pollfd, SpawnMemory::rooms_max> pipes{};
    nfds_t count = 0;
    for (const std::size_t slot : tenants_) {
        const Child& child = table_.at(slot);
        if (child.is_slow_to_exec || !child.error_pipe.is_open()) continue;
        pipes.at(count++) = {child.error_pipe.get(), POLLIN, 0};
    }
    if (count == 0) return;
    const bool was_in_vain = ::poll(pipes.data(), count, exec_wait_ms) == 0;
    settle_tenants();
    if (!was_in_vain) return;
    for (const std::size_t slot : tenants_)
        table_.at(slot).is_slow_to_exec = true;
}

}  // namespace devstack::keeper
