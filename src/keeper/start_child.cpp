// The child does all the work on its request by itself: it reads, checks and unpacks the block
// after fork, so that nothing in a request can harm the keeper or make it wait.

#include "start_child.hpp"

#include "devstack/platform/spawn_block.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
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

struct Pipe {
    FileDescriptor read_end;
    FileDescriptor write_end;
};

struct Pipes {
    Pipe standard_output;
    Pipe standard_error;
    Pipe error;
};

bool open_pipe(Pipe& pipe) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    pipe = {FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
    return true;
}

// ---- In the child, between fork and exec
// ---------------------------------------------------------

int error_pipe_of_child = -1;

[[noreturn]] void give_up(SpawnStage stage, int error) {
    const SpawnProblem problem{stage, error};
    // Eight bytes into an empty pipe; if even that fails, our exit code still says it.
    static_cast<void>(!::write(error_pipe_of_child, &problem, sizeof problem));
    ::_exit(127);
}

void* allocate(std::size_t size) {
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) give_up(SpawnStage::request, errno);
    return memory;
}

/// Memory of this process alone: whoever wrote the file could still change it while we look.
char* take_block(const BlockSource& source) {
    if (source.size == 0) give_up(SpawnStage::request, EINVAL);
    if (source.size > platform::spawn_block_max) give_up(SpawnStage::request, E2BIG);
    if (source.memfd < 0) return const_cast<char*>(source.bytes);
    auto* copy = static_cast<char*>(allocate(source.size));
    std::size_t used = 0;
    while (used < source.size) {
        const ssize_t size =
            ::pread(source.memfd, copy + used, source.size - used, static_cast<off_t>(used));
        if (size <= 0) give_up(SpawnStage::request, size < 0 ? errno : EINVAL);
        used += static_cast<std::size_t>(size);
    }
    return copy;
}

void arrange_death(int signal, pid_t keeper) {
    if (signal == 0) return;
    if (::prctl(PR_SET_PDEATHSIG, signal) != 0) give_up(SpawnStage::request, errno);
    // It counts from now on: the keeper may have died before.
    if (::getppid() != keeper) ::_exit(127);
}

const char* find_variable(char** environment, const char* prefix) {
    const std::size_t size = std::strlen(prefix);
    for (; *environment != nullptr; ++environment) {
        if (std::strncmp(*environment, prefix, size) == 0) return *environment + size;
    }
    return nullptr;
}

/// True when the search may go on in the next directory of PATH.
bool is_absence(int error) {
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
           error == ENODEV || error == ETIMEDOUT || error == ENAMETOOLONG;
}

/// execvpe(3) with the PATH of the child, and without its habit to feed to a shell what the kernel
/// does not take for a program. Returns errno.
int execute(const SpawnBlock& block) {
    const char* program = block.argv[0];
    if (std::strchr(program, '/') != nullptr) {
        ::execve(program, block.argv, block.environment);
        return errno;
    }
    const char* path = find_variable(block.environment, "PATH=");
    if (path == nullptr) path = "/bin:/usr/bin";  // As execvp(3).
    const std::size_t program_size = std::strlen(program);
    int error = ENOENT;
    for (;;) {
        const char* end = ::strchrnul(path, ':');
        const auto directory_size = static_cast<std::size_t>(end - path);
        char candidate[PATH_MAX];
        if (directory_size + 1 + program_size < sizeof candidate) {
            char* at = std::copy(path, end, candidate);
            if (directory_size > 0) *at++ = '/';  // An empty one is the working directory.
            std::memcpy(at, program, program_size + 1);
            ::execve(candidate, block.argv, block.environment);
            if (!is_absence(errno)) return errno;
            // A program that we found and may not execute explains more than those not found.
            if (errno == EACCES) error = EACCES;
        }
        if (*end == '\0') return error;
        path = end + 1;
    }
}

[[noreturn]] void become_child(const OriginalState& original,
                               const BlockSource& source,
                               const Pipes& pipes,
                               pid_t keeper) {
    error_pipe_of_child = pipes.error.write_end.get();
    char* bytes = take_block(source);
    const auto header = platform::check_spawn_block(bytes, source.size);
    if (!header) give_up(SpawnStage::request, EINVAL);
    auto** pointers =
        static_cast<char**>(allocate(platform::spawn_block_pointers(*header) * sizeof(char*)));
    const SpawnBlock block = platform::point_into_spawn_block(*header, bytes, pointers);

    if (::setsid() < 0) give_up(SpawnStage::session, errno);
    arrange_death(header->parent_death_signal, keeper);
    // Standard input is the keeper's /dev/null.
    if (::dup2(pipes.standard_output.write_end.get(), STDOUT_FILENO) < 0 ||
        ::dup2(pipes.standard_error.write_end.get(), STDERR_FILENO) < 0) {
        give_up(SpawnStage::output, errno);
    }
    if (::chdir(block.working_dir) != 0) give_up(SpawnStage::working_dir, errno);
    original.restore_file_limit();
    original.restore_signal_mask();
    give_up(SpawnStage::exec, execute(block));
}

}  // namespace

std::variant<StartedChild, SpawnProblem> start_child(const OriginalState& original,
                                                     const BlockSource& source) {
    Pipes pipes;
    if (!open_pipe(pipes.standard_output) || !open_pipe(pipes.standard_error) ||
        !open_pipe(pipes.error) || ::fcntl(pipes.error.read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
        return SpawnProblem{SpawnStage::pipes, errno};
    }
    const pid_t keeper = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return SpawnProblem{SpawnStage::fork, errno};
    if (pid == 0) become_child(original, source, pipes, keeper);

    StartedChild child;
    child.pid = pid;
    child.pidfd = FileDescriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    if (!child.pidfd.is_open()) {
        const SpawnProblem problem{SpawnStage::pipes, errno};
        // It is ours and not reaped, so the pid is still its own.
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return problem;
    }
    child.standard_output = std::move(pipes.standard_output.read_end);
    child.standard_error = std::move(pipes.standard_error.read_end);
    child.error_pipe = std::move(pipes.error.read_end);
    return child;
}

}  // namespace devstack::keeper
