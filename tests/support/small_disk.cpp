#include "small_disk.hpp"

#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace devstack::test {

SmallDisk::SmallDisk(std::string directory, const std::string& size)
    : directory_{std::move(directory)} {
    std::filesystem::create_directories(directory_);
    original_ = ::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (original_ < 0 || ::unshare(CLONE_NEWNS) != 0) return;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    const std::string options = "mode=700,size=" + size;
    is_ready_ = ::mount("tmpfs", directory_.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

SmallDisk::~SmallDisk() {
    if (original_ < 0) return;
    if (is_ready_) ::umount2(directory_.c_str(), MNT_DETACH);
    std::error_code ignored;
    const std::filesystem::path current = std::filesystem::current_path(ignored);
    ::setns(original_, CLONE_NEWNS);  // It forgets where we were.
    std::filesystem::current_path(current, ignored);
    ::close(original_);
}

bool SmallDisk::resize(const std::string& size) const {
    const std::string options = "size=" + size;
    return ::mount("tmpfs", directory_.c_str(), "tmpfs", MS_REMOUNT, options.c_str()) == 0;
}

}  // namespace devstack::test
