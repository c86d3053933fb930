#include "child_streams.hpp"

#include "devstack/platform/keeper_protocol.hpp"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace devstack::keeper {

namespace protocol = platform::keeper_protocol;
using platform::FileDescriptor;
using platform::SpawnStage;

namespace {

bool open_pipe(FileDescriptor& read_end, FileDescriptor& write_end) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = FileDescriptor{ends[0]};
    write_end = FileDescriptor{ends[1]};
    return true;
}

/// Whoever has it open is a reader too. As before where there is no /proc.
void make_lasting(FileDescriptor& write_end) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", write_end.get());
    FileDescriptor both{::open(path, O_RDWR | O_CLOEXEC)};
    if (both.is_open()) write_end = std::move(both);
}

/// The other side by ioctl rather than by its name: /dev/pts may be somebody else's, or not there.
bool open_terminal(ChildStreams::Stream& stream) {
    constexpr int mode = O_RDWR | O_NOCTTY | O_CLOEXEC;
    stream.ours = FileDescriptor{::open("/dev/ptmx", mode)};
    const int unlocked = 0;
    if (!stream.ours.is_open() || ::ioctl(stream.ours.get(), TIOCSPTLCK, &unlocked) != 0) {
        return false;
    }
    stream.theirs = FileDescriptor{::ioctl(stream.ours.get(), TIOCGPTPEER, mode)};
    return stream.theirs.is_open();
}

}  // namespace

std::optional<SpawnProblem> ChildStreams::open(std::uint32_t flags) {
    is_terminal = (flags & protocol::spawn_in_terminal) != 0;
    if (is_terminal && !open_terminal(output)) return SpawnProblem{SpawnStage::terminal, errno};
    if (!is_terminal && !open_pipe(output.ours, output.theirs)) {
        return SpawnProblem{SpawnStage::pipes, errno};
    }
    const bool has_input = !is_terminal && (flags & protocol::spawn_with_open_input) != 0;
    if (!open_pipe(error.ours, error.theirs) ||
        (has_input && !open_pipe(input.theirs, input.ours))) {
        return SpawnProblem{SpawnStage::pipes, errno};
    }
    if ((flags & protocol::spawn_with_lasting_output) != 0) {
        if (!is_terminal) make_lasting(output.theirs);
        make_lasting(error.theirs);
    }
    return std::nullopt;
}

}  // namespace devstack::keeper
