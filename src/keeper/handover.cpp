#include "handover.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace devstack::keeper {

namespace protocol = platform::keeper_protocol;
using platform::FileDescriptor;

namespace {

constexpr char magic[8] = {'d', 's', 'k', 'e', 'e', 'p', 'e', 'r'};

struct Prologue {
    char magic[8] = {};
    std::uint32_t version = protocol::version;
    std::uint32_t size = sizeof(Prologue);
    std::uint32_t child_size = 0;
    std::uint32_t hold_size = 0;
    std::uint32_t children = 0;
    std::uint32_t holds = 0;
    HandedOver known;
};

struct ChildRecord {
    std::uint64_t token = 0;
    std::int32_t pid = 0;
    std::int32_t has_exited = 0;
    // Descriptors; -1: closed.
    std::int32_t adopted_pidfd = -1;
    std::int32_t standard_input = -1;
    std::int32_t standard_output = -1;
    std::int32_t standard_error = -1;
    protocol::Exited exit;
    char label[protocol::label_size] = {};
};

struct HoldRecord {
    std::uint64_t token = 0;
    std::int32_t descriptor = -1;
    std::int32_t reserved = 0;
    char label[protocol::label_size] = {};
};

bool is_known(const Child& child) {
    return child.token != 0 &&
           (child.state == Child::State::running || child.state == Child::State::exited);
}

bool write_all(int file, const void* bytes, std::size_t size) {
    const char* at = static_cast<const char*>(bytes);
    while (size > 0) {
        const ssize_t written = ::write(file, at, size);
        if (written <= 0) return false;
        at += written;
        size -= static_cast<std::size_t>(written);
    }
    return true;
}

bool write_child(int file, const Child& child) {
    ChildRecord record;
    record.token = child.token;
    record.pid = child.pid;
    record.has_exited = child.state == Child::State::exited ? 1 : 0;
    record.adopted_pidfd = child.adopted_pidfd.get();
    record.standard_input = child.standard_input.get();
    record.standard_output = child.standard_output.get();
    record.standard_error = child.standard_error.get();
    record.exit = child.exit;
    std::copy(child.label.begin(), child.label.end(), record.label);
    return write_all(file, &record, sizeof record);
}

bool write_hold(int file, const Hold& hold) {
    HoldRecord record;
    record.token = hold.token;
    record.descriptor = hold.descriptor.get();
    std::copy(hold.label.begin(), hold.label.end(), record.label);
    return write_all(file, &record, sizeof record);
}

/// What an earlier version has not written stays as it is; what a later one has put behind is
/// skipped.
template <typename Record>
bool read_record(int file, off_t at, std::uint32_t size, Record& record) {
    char bytes[sizeof(Record)];
    const std::size_t wanted = std::min<std::size_t>(size, sizeof(Record));
    if (::pread(file, bytes, wanted, at) != static_cast<ssize_t>(wanted)) return false;
    std::memcpy(static_cast<void*>(&record), bytes, wanted);
    return true;
}

/// Ours from here on. A number that is not open is none.
FileDescriptor take(std::int32_t number) {
    if (number <= STDERR_FILENO || ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) return {};
    return FileDescriptor{number};
}

bool restore(const ChildRecord& record, ChildTable& table) {
    Child* const child = record.token == 0 ? nullptr : table.add(record.token, record.pid);
    if (child == nullptr) return false;
    child->state = record.has_exited != 0 ? Child::State::exited : Child::State::running;
    if (record.has_exited != 0) table.drop_pid(*child);
    child->adopted_pidfd = take(record.adopted_pidfd);
    child->standard_input = take(record.standard_input);
    child->standard_output = take(record.standard_output);
    child->standard_error = take(record.standard_error);
    child->exit = record.exit;
    std::copy_n(record.label, child->label.size() - 1, child->label.begin());
    return true;
}

void restore(const HoldRecord& record, Holds& holds) {
    Hold::Label label{};
    std::copy_n(record.label, label.size() - 1, label.begin());
    FileDescriptor descriptor = take(record.descriptor);
    if (descriptor.is_open()) holds.add(record.token, label, std::move(descriptor));
}

}  // namespace

FileDescriptor write_handover(const HandedOver& known, ChildTable& table, const Holds& holds) {
    FileDescriptor file{::memfd_create("devstack-handover", MFD_CLOEXEC)};
    if (!file.is_open()) return file;
    Prologue prologue;
    std::copy(std::begin(magic), std::end(magic), prologue.magic);
    prologue.child_size = sizeof(ChildRecord);
    prologue.hold_size = sizeof(HoldRecord);
    prologue.known = known;
    for (std::size_t slot = 0; slot < table.slots_end(); ++slot)
        prologue.children += is_known(table.at(slot)) ? 1 : 0;
    prologue.holds = static_cast<std::uint32_t>(holds.count());
    bool is_written = write_all(file.get(), &prologue, sizeof prologue);
    for (std::size_t slot = 0; slot < table.slots_end() && is_written; ++slot) {
        const Child& child = table.at(slot);
        if (is_known(child)) is_written = write_child(file.get(), child);
    }
    for (std::size_t slot = 0; slot < holds.slots_end() && is_written; ++slot) {
        const Hold& hold = holds.at(slot);
        if (hold.token != 0) is_written = write_hold(file.get(), hold);
    }
    if (!is_written) file.reset();
    return file;
}

bool read_handover(int file, HandedOver& known, ChildTable& table, Holds& holds) {
    Prologue prologue;
    constexpr std::uint32_t head_size = offsetof(Prologue, known);
    if (!read_record(file, 0, head_size, prologue)) return false;
    const bool is_one = std::equal(std::begin(magic), std::end(magic), prologue.magic);
    const bool is_readable = prologue.version >= protocol::version_that_hands_over &&
                             prologue.version <= protocol::version &&
                             prologue.children <= children_max && prologue.holds <= holds_max;
    if (!is_one || !is_readable || prologue.size < head_size) return false;
    if (!read_record(file, 0, prologue.size, prologue)) return false;
    known = prologue.known;
    off_t at = prologue.size;
    for (std::uint32_t i = 0; i < prologue.children; ++i, at += prologue.child_size) {
        ChildRecord record;
        if (!read_record(file, at, prologue.child_size, record)) return false;
        if (!restore(record, table)) return false;
    }
    for (std::uint32_t i = 0; i < prologue.holds; ++i, at += prologue.hold_size) {
        HoldRecord record;
        if (!read_record(file, at, prologue.hold_size, record)) return false;
        restore(record, holds);
    }
    return true;
}

void keep_over_exec(int descriptor, bool is_kept) {
    if (descriptor >= 0) ::fcntl(descriptor, F_SETFD, is_kept ? 0 : FD_CLOEXEC);
}

void keep_over_exec(ChildTable& table, const Holds& holds, bool is_kept) {
    for (std::size_t slot = 0; slot < table.slots_end(); ++slot) {
        const Child& child = table.at(slot);
        if (!is_known(child)) continue;
        for (const FileDescriptor* it : {&child.adopted_pidfd,
                                         &child.standard_input,
                                         &child.standard_output,
                                         &child.standard_error})
            keep_over_exec(it->get(), is_kept);
    }
    for (std::size_t slot = 0; slot < holds.slots_end(); ++slot)
        keep_over_exec(holds.at(slot).descriptor.get(), is_kept);
}

}  // namespace devstack::keeper
