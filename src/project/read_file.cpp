#include "project/read_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::project {

namespace {

FileState state_of(const struct stat& status) {
    FileState state;
    state.size = static_cast<std::uint64_t>(status.st_size);
    state.device = status.st_dev;
    state.inode = status.st_ino;
    state.modified = WallTime{std::chrono::seconds{status.st_mtim.tv_sec} +
                              std::chrono::nanoseconds{status.st_mtim.tv_nsec}};
    return state;
}

}  // namespace

Result<platform::FileDescriptor> open_to_read(const std::string& path) {
    platform::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.is_open() || errno == ENOENT || errno == ENOTDIR) return file;
    const auto kind = errno == EACCES ? Error::Kind::not_permitted : Error::Kind::system;
    return Error{kind, "cannot read " + path + ": " + std::strerror(errno)};
}

std::optional<FileState> find_file_state(int file) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return std::nullopt;
    return state_of(status);
}

std::optional<FileState> find_file_state(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return state_of(status);
}

void read_at(int file, std::uint64_t offset, std::size_t count, std::string& bytes) {
    bytes.resize(count);
    std::size_t total = 0;
    while (total < count) {
        const ssize_t got =
            ::pread(file, &bytes[total], count - total, static_cast<off_t>(offset + total));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        total += static_cast<std::size_t>(got);
    }
    bytes.resize(total);
}

}  // namespace devstack::project
