#pragma once

#include "devstack/base/result.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::platform {

/// Something has happened in a watched directory.
struct DirectoryEvent {
    enum class Kind {
        file_changed,    ///< Written and closed, made, moved or removed.
        directory_came,  ///< Made, or moved to here: it is not watched yet.
        directory_left,  ///< Moved away, with all that is in it; if it was watched it still is.
        moved,           ///< The watched directory itself: it has another path now.
        gone,            ///< The watched directory itself: it is watched no more.
        too_many,        ///< Some events were lost; `watch` and `name` mean nothing.
    };

    Kind kind = Kind::file_changed;
    int watch = 0;     ///< As `add` has returned it.
    std::string name;  ///< Within the directory.
};

/// Told by the kernel what happens in directories, see inotify(7). Not recursive.
class DirectoryWatch {
public:
    /// Fails, with what to do about it, when there are too many of these already.
    static Result<DirectoryWatch> open();

    int fd() const { return fd_.get(); }

    /// The same number for the same directory. Empty when there is no such directory, or none that
    /// may be read. Fails, with what to do about it, when the kernel watches as many as it may.
    Result<std::optional<int>> add(const std::string& directory);
    /// The same, but nothing is told of what happens in it: only that it is moved or gone itself.
    Result<std::optional<int>> add_itself(const std::string& directory);
    void remove(int watch);

    /// What has happened so far; empty when nothing has. Does not wait.
    std::vector<DirectoryEvent> read();

private:
    Result<std::optional<int>> add(const std::string& directory, std::uint32_t events);
    explicit DirectoryWatch(FileDescriptor fd) : fd_{std::move(fd)} {}

    FileDescriptor fd_;
};

}  // namespace devstack::platform
