#include "devstack/platform/directory_watch.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <sys/inotify.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

/// Kilobytes of the kernel's memory are all that a watch costs.
constexpr auto advised_watches = "524288";
constexpr auto advised_instances = "1024";

std::string limit_reached(const std::string& name, const std::string& advice) {
    std::ifstream file{"/proc/sys/fs/inotify/" + name};
    std::string value;
    std::getline(file, value);
    const std::string sysctl = "fs.inotify." + name;
    return "the limit " + sysctl + " (" + value + ") is reached; raise it: sudo sysctl " + sysctl +
           "=" + advice;
}

constexpr std::uint32_t wanted_events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                        IN_MOVED_TO | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

std::optional<DirectoryEvent> read_event(const inotify_event& event, const char* name) {
    using Kind = DirectoryEvent::Kind;
    if ((event.mask & IN_Q_OVERFLOW) != 0) return DirectoryEvent{Kind::too_many, 0, ""};
    const std::string text = event.len > 0 ? name : "";  // It ends with zeros.
    if ((event.mask & IN_IGNORED) != 0) return DirectoryEvent{Kind::gone, event.wd, ""};
    if ((event.mask & IN_MOVE_SELF) != 0) return DirectoryEvent{Kind::moved, event.wd, ""};
    if (text.empty()) return std::nullopt;
    if ((event.mask & IN_ISDIR) == 0) return DirectoryEvent{Kind::file_changed, event.wd, text};
    if ((event.mask & IN_MOVED_FROM) != 0) {
        return DirectoryEvent{Kind::directory_left, event.wd, text};
    }
    if ((event.mask & (IN_CREATE | IN_MOVED_TO)) == 0) return std::nullopt;
    return DirectoryEvent{Kind::directory_came, event.wd, text};
}

}  // namespace

Result<DirectoryWatch> DirectoryWatch::open() {
    FileDescriptor fd{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (fd.is_open()) return DirectoryWatch{std::move(fd)};
    const std::string why = errno == EMFILE ? limit_reached("max_user_instances", advised_instances)
                                            : std::strerror(errno);
    return Error{Error::Kind::system, "cannot watch files: " + why};
}

Result<std::optional<int>> DirectoryWatch::add(const std::string& directory) {
    return add(directory, wanted_events);
}

Result<std::optional<int>> DirectoryWatch::add_itself(const std::string& directory) {
    return add(directory, IN_MOVE_SELF | IN_ONLYDIR);
}

Result<std::optional<int>> DirectoryWatch::add(const std::string& directory, std::uint32_t events) {
    const int watch = ::inotify_add_watch(fd_.get(), directory.c_str(), events);
    if (watch >= 0) return std::optional{watch};
    if (errno != ENOSPC && errno != ENOMEM) return std::optional<int>{};
    const std::string why =
        errno == ENOSPC ? limit_reached("max_user_watches", advised_watches) : std::strerror(errno);
    return Error{Error::Kind::system, "cannot watch " + directory + ": " + why};
}

void DirectoryWatch::remove(int watch) {
    ::inotify_rm_watch(fd_.get(), watch);
}

std::vector<DirectoryEvent> DirectoryWatch::read() {
    std::vector<DirectoryEvent> events;
    alignas(inotify_event) std::array<char, 65536> buffer;
    while (true) {
        const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
        if (size <= 0) return events;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof(event));
            auto told = read_event(event, buffer.data() + at + sizeof(event));
            if (told) events.push_back(std::move(*told));
            at += sizeof(event) + event.len;
        }
    }
}

}  // namespace devstack::platform
