#pragma once

#include <string>

namespace devstack::test {

/// A file system of its own on a directory, of a size like "256k", until the object goes. The
/// calling thread and the processes that it starts are alone in seeing it. Needs root.
class SmallDisk {
public:
    SmallDisk(std::string directory, const std::string& size);
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk();

    bool is_ready() const { return is_ready_; }
    bool resize(const std::string& size) const;

private:
    std::string directory_;
    int original_ = -1;
    bool is_ready_ = false;
};

}  // namespace devstack::test
