#pragma once

#include "devstack/base/time.hpp"

#include <string>

namespace devstack::cli {

/// A tar archive (POSIX.1-1988, "ustar") of small files, made in memory.
class TarArchive {
public:
    explicit TarArchive(WallTime time) : time_{time} {}

    /// `name` has at most 100 bytes; of a longer one the end is kept.
    void add(const std::string& name, const std::string& content);
    /// The whole archive; nothing is added after it.
    std::string take();

private:
    WallTime time_;
    std::string bytes_;
};

}  // namespace devstack::cli
