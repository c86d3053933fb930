#include "devstack/project/descriptors.hpp"

#include "devstack/base/text.hpp"

#include <limits>
#include <string>

#include <sys/resource.h>

namespace devstack::project {

namespace {

/// Of an idle daemon 16, and some for clients, probes, log files and the start of a process.
constexpr std::size_t own_descriptors = 32;
/// A pidfd and two pipes.
constexpr std::size_t service_descriptors = 3;

}  // namespace

std::size_t allowed_descriptors() {
    rlimit limit{};
    const bool is_limited =
        ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY;
    return is_limited ? limit.rlim_max : std::numeric_limits<std::size_t>::max();
}

Status check_descriptors(std::size_t services, std::size_t allowed) {
    const std::size_t needed = own_descriptors + service_descriptors * services;
    if (allowed >= needed) return ok();
    return Error{Error::Kind::system,
                 "too few open files are allowed: devstack takes " + std::to_string(needed) +
                     " for " + count_of(services, "service") + ", and the hard limit is " +
                     std::to_string(allowed) +
                     "; raise it (ulimit -Hn in the shell, LimitNOFILE= of systemd, --ulimit "
                     "nofile= of docker)"};
}

}  // namespace devstack::project
