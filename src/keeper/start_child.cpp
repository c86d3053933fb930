// The child does all the work on its request by itself: it reads, checks and unpacks the block, so
// that nothing in a request can harm the keeper or make it wait.

#include "start_child.hpp"

#include "devstack/base/sanitizer.hpp"
#include "devstack/platform/keeper_protocol.hpp"
#include "devstack/platform/spawn_block.hpp"

#include "child_descriptors.hpp"
#include "child_settings.hpp"
#include "child_streams.hpp"
#include "raw_syscall.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devstack::keeper {

using platform::FileDescriptor;
using platform::SpawnBlock;
using platform::SpawnStage;

namespace {

// ---- In the child, until exec -------------------------------------------------------------------
// It may share the keeper's memory: it writes to its own stack and room alone, and never to errno.

/// What the child is given; stays as it is until the child has no more use for it.
struct Task {
    const OriginalState& original;
    BlockSource source;
    int standard_input;  ///< -1: it is in its place.
    int standard_output;
    int standard_error;
    int error_pipe;
    bool has_terminal;
    long keeper;
    char** pointers;  ///< Null: it has to find room by itself.
    PassedDescriptors passed;
};

[[noreturn]] void exit_now() {
    for (;;)
        raw_syscall(SYS_exit_group, 127);
}

[[noreturn]] void give_up(const Task& task, SpawnStage stage, long result) {
    const SpawnProblem problem{stage, static_cast<std::int32_t>(-result)};
    // Eight bytes into an empty pipe; if even that fails, our exit code still says it.
    raw_syscall(SYS_write, task.error_pipe, &problem, sizeof problem);
    exit_now();
}

/// Only for a child with memory of its own.
void* allocate(const Task& task, std::size_t size) {
    const long memory = raw_syscall(
        SYS_mmap, nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory < 0 && memory > -4096) give_up(task, SpawnStage::request, memory);
    return reinterpret_cast<void*>(memory);  // NOLINT(performance-no-int-to-ptr): the kernel's.
}

/// Memory of this process alone: whoever wrote the file could still change it while we look.
char* take_block(const Task& task) {
    const BlockSource& source = task.source;
    if (source.size == 0) give_up(task, SpawnStage::request, -EINVAL);
    if (source.size > platform::spawn_block_max) give_up(task, SpawnStage::request, -E2BIG);
    if (source.memfd < 0) return const_cast<char*>(source.bytes);
    auto* copy = static_cast<char*>(allocate(task, source.size));
    std::size_t used = 0;
    while (used < source.size) {
        const long size = raw_syscall(
            SYS_pread64, source.memfd, copy + used, source.size - used, static_cast<off_t>(used));
        if (size <= 0) give_up(task, SpawnStage::request, size < 0 ? size : -EINVAL);
        used += static_cast<std::size_t>(size);
    }
    return copy;
}

void arrange_death(const Task& task, int signal) {
    if (signal == 0) return;
    const long result = raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, signal);
    if (result < 0) give_up(task, SpawnStage::request, result);
    // It counts from now on: the keeper may have died before.
    if (raw_syscall(SYS_getppid) != task.keeper) exit_now();
}

const char* find_variable(char** environment, const char* prefix) {
    const std::size_t size = std::strlen(prefix);
    for (; *environment != nullptr; ++environment) {
        if (std::strncmp(*environment, prefix, size) == 0) return *environment + size;
    }
    return nullptr;
}

/// True when the search may go on in the next directory of PATH.
bool is_absence(long result) {
    return result == -ENOENT || result == -ENOTDIR || result == -EACCES || result == -ESTALE ||
           result == -ENODEV || result == -ETIMEDOUT || result == -ENAMETOOLONG;
}

/// execvpe(3) with the PATH of the child, and without its habit to feed to a shell what the kernel
/// does not take for a program. Returns -errno.
long execute(const SpawnBlock& block) {
    const char* program = block.argv[0];
    if (std::strchr(program, '/') != nullptr) {
        return raw_syscall(SYS_execve, program, block.argv, block.environment);
    }
    const char* path = find_variable(block.environment, "PATH=");
    if (path == nullptr) path = "/bin:/usr/bin";  // As execvp(3).
    const std::size_t program_size = std::strlen(program);
    long found = -ENOENT;
    for (;;) {
        const char* end = ::strchrnul(path, ':');
        const auto directory_size = static_cast<std::size_t>(end - path);
        char candidate[PATH_MAX];
        if (directory_size + 1 + program_size < sizeof candidate) {
            char* at = std::copy(path, end, candidate);
            if (directory_size > 0) *at++ = '/';  // An empty one is the working directory.
            std::memcpy(at, program, program_size + 1);
            const long result = raw_syscall(SYS_execve, candidate, block.argv, block.environment);
            if (!is_absence(result)) return result;
            // A program that we found and may not execute explains more than those not found.
            if (result == -EACCES) found = -EACCES;
        }
        if (*end == '\0') return found;
        path = end + 1;
    }
}

void move_stream(const Task& task, int from, int to) {
    const long result = raw_syscall(SYS_dup3, from, to, 0);
    if (result < 0) give_up(task, SpawnStage::output, result);
}

void give_up_if(const Task& task, const std::optional<SpawnProblem>& problem) {
    if (problem) give_up(task, problem->stage, -problem->error);
}

/// Without any settings nothing is done.
void become_what_it_asks(const Task& task,
                         const platform::SpawnBlockSettings& settings,
                         const char* bytes) {
    if (settings.size > 0) {
        const bool shares_memory = task.pointers != nullptr;
        if (shares_memory && must_not_share_memory(settings)) {
            give_up(task, SpawnStage::request, -EINVAL);
        }
        // First of all, so that what follows is counted there.
        give_up_if(task, enter_cgroup(settings, platform::cgroup_of_spawn_block(settings, bytes)));
        if (task.has_terminal) give_up_if(task, take_terminal(settings, STDIN_FILENO));
        give_up_if(task,
                   apply_settings(settings, platform::groups_of_spawn_block(settings, bytes)));
    }
    if (!sets_file_limit(settings)) task.original.restore_file_limit();
}

[[noreturn]] void become_child(const Task& given) {
    Task task{given};
    char* bytes = take_block(task);
    const auto header = platform::check_spawn_block(bytes, task.source.size);
    if (!header) give_up(task, SpawnStage::request, -EINVAL);
    char** pointers = task.pointers;
    if (pointers == nullptr) {
        const std::size_t size = platform::spawn_block_pointers(*header) * sizeof(char*);
        pointers = static_cast<char**>(allocate(task, size));
    }
    const SpawnBlock block = platform::point_into_spawn_block(*header, bytes, pointers);

    const long session = raw_syscall(SYS_setsid);
    if (session < 0) give_up(task, SpawnStage::session, session);
    // Standard input is the keeper's /dev/null.
    if (task.standard_input >= 0) move_stream(task, task.standard_input, STDIN_FILENO);
    move_stream(task, task.standard_output, STDOUT_FILENO);
    move_stream(task, task.standard_error, STDERR_FILENO);
    if (task.passed.count > 0) {
        give_up_if(task, pass_descriptors(task.passed, task.error_pipe));
        write_listen_pid(block.environment);
    }
    become_what_it_asks(task, platform::read_spawn_settings(*header, bytes), bytes);
    // Forgotten by the kernel when a process becomes another user.
    arrange_death(task, header->parent_death_signal);
    // By the user's own right: root may be nobody there (NFS), or may look where the user must not.
    const long entered = raw_syscall(SYS_chdir, block.working_dir);
    if (entered < 0) give_up(task, SpawnStage::working_dir, entered);
    task.original.restore_signal_mask();
    give_up(task, SpawnStage::exec, execute(block));
}

// ---- In the keeper ------------------------------------------------------------------------------

struct NewProcess {
    pid_t pid = -1;
    FileDescriptor pidfd;  ///< Closed, with errno set, when there was none to be had.
};

NewProcess fork_child(const Task& task) {
    NewProcess process;
    process.pid = ::fork();
    if (process.pid == 0) become_child(task);
    if (process.pid < 0) return process;
    process.pidfd = FileDescriptor{static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0))};
    return process;
}

NewProcess clone_child(const Task& task, SpawnMemory::Room& room) {
    std::memcpy(room.block.data(), task.source.bytes, task.source.size);
    // At the far end of the child's stack, since our own frame is about to go.
    auto* own = std::construct_at(static_cast<Task*>(static_cast<void*>(room.stack.data())), task);
    own->source.bytes = room.block.data();
    own->pointers = room.pointers.data();
    const auto run = [](void* it) -> int { become_child(*static_cast<const Task*>(it)); };
    NewProcess process;
    int pidfd = -1;
    process.pid = ::clone(
        run, room.stack.data() + room.stack.size(), CLONE_VM | CLONE_PIDFD | SIGCHLD, own, &pidfd);
    if (process.pid > 0) process.pidfd = FileDescriptor{pidfd};
    return process;
}

}  // namespace

std::variant<StartedChild, SpawnProblem> start_child(const OriginalState& original,
                                                     const BlockSource& source,
                                                     std::uint32_t flags,
                                                     const PassedDescriptors& passed,
                                                     SpawnMemory& memory) {
    ChildStreams streams;
    if (const auto problem = streams.open(flags)) return *problem;
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return SpawnProblem{SpawnStage::pipes, errno};
    FileDescriptor error_pipe{ends[0]};
    const FileDescriptor error_pipe_of_child{ends[1]};
    const int terminal = streams.is_terminal ? streams.output.theirs.get() : -1;
    const Task task{original,
                    source,
                    streams.is_terminal ? terminal : streams.input.theirs.get(),
                    streams.output.theirs.get(),
                    streams.is_terminal ? terminal : streams.error.theirs.get(),
                    error_pipe_of_child.get(),
                    streams.is_terminal,
                    ::getpid(),
                    nullptr,
                    passed};
    StartedChild child;
    const bool fits = source.memfd < 0 && source.size <= SpawnMemory::block_size_max;
    const bool is_apart = (flags & platform::keeper_protocol::spawn_apart) != 0;
    if (!has_sanitizer && fits && !is_apart) child.memory = memory.lease();
    NewProcess process = child.memory ? clone_child(task, child.memory.room()) : fork_child(task);
    if (process.pid < 0) {
        const bool lacks_descriptor = errno == EMFILE || errno == ENFILE;
        return SpawnProblem{lacks_descriptor ? SpawnStage::pipes : SpawnStage::fork, errno};
    }
    if (!process.pidfd.is_open()) {
        const SpawnProblem problem{SpawnStage::pipes, errno};
        // It is ours and not reaped, so the pid is still its own.
        ::kill(process.pid, SIGKILL);
        ::waitpid(process.pid, nullptr, 0);
        return problem;
    }
    child.pid = process.pid;
    child.pidfd = std::move(process.pidfd);
    child.standard_input = std::move(streams.input.ours);
    child.standard_output = std::move(streams.output.ours);
    child.standard_error = std::move(streams.error.ours);
    child.error_pipe = std::move(error_pipe);
    return child;
}

}  // namespace devstack::keeper
