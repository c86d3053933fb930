#pragma once

#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/supervisor/run.hpp"
#include "devstack/daemon/run_processes.hpp"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace devstack::daemon {

/// Ends strangers that hold a port, for --free-ports: SIGTERM, and SIGKILL to what is still there
/// after the grace. The process is watched, not polled.
class PortFreer {
public:
    /// Success: the process has ended, or holds the port no more.
    using Done = std::function<void(Status)>;

    /// Short of a daemon's usual shutdown, long enough for a development server's.
    static constexpr Duration default_grace = std::chrono::seconds{5};

    PortFreer(boost::asio::io_context& loop,
              platform::Procfs procfs,
              ProjectMark project,
              Duration grace = default_grace);
    ~PortFreer();
    PortFreer(const PortFreer&) = delete;
    PortFreer& operator=(const PortFreer&) = delete;

    /// Calls `done` once, from the loop, never from inside `free`. Refuses pid 1, devstack itself,
    /// its keeper, services of this project, and holders it can not see or may not signal, each
    /// with a message that says what to do instead. One process is ended once, however many of its
    /// ports are to be freed.
    void free(const core::PortHolder& holder, Done done);

private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

/// Why this holder is not to be ended; ok() when it may be tried.
Status check_may_free(const core::PortHolder& holder, const ProjectMark& project);

}  // namespace devstack::daemon
