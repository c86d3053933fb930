#include "outbox.hpp"

#include <algorithm>

#include <sys/syscall.h>
#include <unistd.h>

namespace devstack::keeper {

namespace protocol = platform::keeper_protocol;
using platform::FileDescriptor;

namespace {

/// Dead or alive, a child that has once been reported as spawned, or is to be.
bool is_announced(const Child& child) {
    return child.state == Child::State::running || child.state == Child::State::exited;
}

}  // namespace

void Outbox::set_channel(int channel) {
    channel_ = channel;
    outcome_ = Outcome::sent;
    owes_welcome_ = false;
    next_hold_ = holds_end_ = 0;
    owes_refusal_ = owes_upgraded_ = false;
    stray_count_ = 0;
    has_lost_strays_ = false;
    while (Child* child = table_.first_with_news()) {
        table_.drop_first_news();
        drop_news(*child);
    }
}

/// There is nobody to tell it to.
void Outbox::drop_news(Child& child) {
    child.owes_child = child.owes_spawned = child.owes_exited = false;
    child.pidfd.reset();
    if (child.state == Child::State::failed) table_.remove(child);
}

bool Outbox::is_empty() const {
    return !owes_welcome_ && next_hold_ == holds_end_ && !owes_refusal_ && !owes_upgraded_ &&
           stray_count_ == 0 && !has_lost_strays_ && table_.first_with_news() == nullptr;
}

void Outbox::tell_welcome() {
    owes_welcome_ = true;
    next_hold_ = 0;
    holds_end_ = holds_.slots_end();
    for (std::size_t slot = 0; slot < table_.slots_end(); ++slot) {
        Child& child = table_.at(slot);
        if (!is_announced(child) || child.token == 0) continue;
        child.owes_child = true;
        child.owes_spawned = child.owes_exited = false;
        table_.add_news(child);
    }
    send_waiting();
}

void Outbox::tell_news(Child& child) {
    if (channel_ < 0) return drop_news(child);
    table_.add_news(child);
    if (outcome_ == Outcome::sent) send_waiting();
}

void Outbox::tell_refusal(std::uint64_t token, platform::SpawnStage stage, std::int32_t error) {
    if (channel_ < 0) return;
    refusal_ = {};
    refusal_.token = token;
    refusal_.stage = stage;
    refusal_.error = error;
    owes_refusal_ = true;
    if (outcome_ == Outcome::sent) send_waiting();
}

void Outbox::tell_stray(std::int32_t pid) {
    if (channel_ < 0) return;
    if (stray_count_ < strays_.size()) {
        strays_[stray_count_++] = pid;
    } else {
        has_lost_strays_ = true;
    }
    if (outcome_ == Outcome::sent) send_waiting();
}

void Outbox::tell_upgraded(std::int32_t error) {
    if (channel_ < 0) return;
    upgraded_ = {};
    upgraded_.error = error;
    owes_upgraded_ = true;
    if (outcome_ == Outcome::sent) send_waiting();
}

void Outbox::send_waiting() {
    if (channel_ < 0) return;
    outcome_ = Outcome::sent;
    if (owes_welcome_) {
        protocol::Welcome welcome;
        for (std::size_t slot = 0; slot < table_.slots_end(); ++slot)
            welcome.children += table_.at(slot).owes_child ? 1 : 0;
        welcome.held = static_cast<std::uint32_t>(holds_.count());
        welcome.keeper_pid = static_cast<std::uint32_t>(::getpid());
        if (!send(&welcome, sizeof welcome)) return;
        owes_welcome_ = false;
    }
    while (Child* child = table_.first_with_news()) {
        if (!send_news(*child)) return;
        table_.drop_first_news();
        if (child->state == Child::State::failed) table_.remove(*child);
    }
    if (!send_holds()) return;
    if (owes_refusal_) {
        if (!send(&refusal_, sizeof refusal_)) return;
        owes_refusal_ = false;
    }
    if (owes_upgraded_) {
        if (!send(&upgraded_, sizeof upgraded_)) return;
        owes_upgraded_ = false;
    }
    static_cast<void>(send_strays());
}

bool Outbox::send_news(Child& child) {
    if (child.owes_child && !send_child(child)) return false;
    if (child.owes_spawned) {
        protocol::Spawned spawned;
        spawned.token = child.token;
        spawned.pid = child.pid;
        if (!send(&spawned,
                  sizeof spawned,
                  {child.pidfd.get(), child.standard_output.get(), child.standard_error.get()})) {
            return false;
        }
        child.owes_spawned = false;
        child.pidfd.reset();
    }
    if (child.owes_exited) {
        if (!send(&child.exit, sizeof child.exit)) return false;
        child.owes_exited = false;
    }
    if (child.state != Child::State::failed) return true;
    protocol::SpawnFailed failed;
    failed.token = child.token;
    failed.stage = child.failed_stage;
    failed.error = child.failure;
    return send(&failed, sizeof failed);
}

bool Outbox::send_child(Child& child) {
    protocol::Child message;
    message.token = child.token;
    message.pid = child.pid;
    std::copy(child.label.begin(), child.label.end(), message.label);
    const int output = child.standard_output.get();
    const int error_output = child.standard_error.get();
    bool is_sent = false;
    if (child.state == Child::State::exited) {
        message.has_exited = 1;
        message.exit = child.exit;
        is_sent = send(&message, sizeof message, {output, error_output});
    } else {
        // It is not reaped, so its pid can mean nobody else.
        FileDescriptor own;
        if (!child.adopted_pidfd.is_open()) {
            own = FileDescriptor{static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0))};
        }
        const FileDescriptor& pidfd = child.adopted_pidfd.is_open() ? child.adopted_pidfd : own;
        if (!pidfd.is_open()) {
            outcome_ = Outcome::short_of_resources;
            return false;
        }
        is_sent = send(&message, sizeof message, {pidfd.get(), output, error_output});
    }
    if (is_sent) child.owes_child = false;
    return is_sent;
}

/// No request is read before all is said, so that what is held is still what the welcome counted.
bool Outbox::send_holds() {
    for (; next_hold_ < holds_end_; ++next_hold_) {
        const Hold& hold = holds_.at(next_hold_);
        if (hold.token == 0) continue;
        protocol::Held message;
        message.token = hold.token;
        std::copy(hold.label.begin(), hold.label.end(), message.label);
        if (!send(&message, sizeof message, {hold.descriptor.get()})) return false;
    }
    return true;
}

bool Outbox::send_strays() {
    protocol::StrayReaped message;
    std::size_t told = 0;
    bool has_room = true;
    for (; told < stray_count_; ++told) {
        message.pid = strays_[told];
        has_room = send(&message, sizeof message);
        if (!has_room) break;
    }
    std::copy(strays_.begin() + static_cast<std::ptrdiff_t>(told),
              strays_.begin() + static_cast<std::ptrdiff_t>(stray_count_),
              strays_.begin());
    stray_count_ -= told;
    if (!has_room || !has_lost_strays_) return has_room;
    message.pid = 0;
    has_lost_strays_ = !send(&message, sizeof message);
    return !has_lost_strays_;
}

/// False when it must be tried again. To a peer that is gone everything counts as said: the end of
/// the daemon comes as an event of its own.
bool Outbox::send(const void* bytes, std::size_t size, std::initializer_list<int> descriptors) {
    const Outcome outcome = platform::send_message(channel_, bytes, size, descriptors);
    if (outcome == Outcome::sent || outcome == Outcome::gone) return true;
    outcome_ = outcome;
    return false;
}

}  // namespace devstack::keeper
