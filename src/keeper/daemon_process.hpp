#pragma once

#include "devstack/base/time.hpp"
#include "devstack/keeper/keeper.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include "original_state.hpp"

#include <chrono>

namespace devstack::keeper {

/// How long a daemon that has died is left dead: 100 ms, each time twice as long, at most 5 s; anew
/// when it had lived for a second.
class Backoff {
public:
    Duration next_delay(Duration lifetime);

private:
    static constexpr Duration shortest = std::chrono::milliseconds{100};
    static constexpr Duration longest = std::chrono::seconds{5};
    static constexpr Duration long_life = std::chrono::seconds{1};

    Duration delay_ = shortest;
};

struct DaemonProcess {
    int pid = 0;                       ///< 0: there is none.
    platform::FileDescriptor channel;  ///< The keeper's end; does not block.
    TimePoint started{};
    bool has_greeted = false;
};

/// A new daemon with a new channel; its pid stays 0 when the system refuses. A daemon that can not
/// be executed says so on standard error and exits with code 127.
DaemonProcess start_daemon(const KeeperOptions& options, const OriginalState& original);

}  // namespace devstack::keeper
