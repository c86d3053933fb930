#include "devstack/platform/own_program.hpp"

#include <cerrno>
#include <climits>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

namespace devstack::platform {

Result<std::string> own_program() {
    std::string path(PATH_MAX, '\0');
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
    if (size < 0) {
        return Error{Error::Kind::system,
                     std::string{"cannot tell where this program is: "} + std::strerror(errno)};
    }
    path.resize(static_cast<std::size_t>(size));
    struct stat there {};
    struct stat own {};
    const bool is_there = ::stat(path.c_str(), &there) == 0 &&
                          ::stat("/proc/self/exe", &own) == 0 && there.st_dev == own.st_dev &&
                          there.st_ino == own.st_ino;
    if (is_there) return path;
    constexpr std::string_view mark = " (deleted)";
    if (path.ends_with(mark)) path.resize(path.size() - mark.size());
    return Error{Error::Kind::system,
                 path + " was removed or replaced while it runs; call the new one"};
}

bool runs_own_program(int pid) {
    struct stat own {};
    struct stat other {};
    const std::string path = "/proc/" + std::to_string(pid) + "/exe";
    return ::stat("/proc/self/exe", &own) == 0 && ::stat(path.c_str(), &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

}  // namespace devstack::platform
