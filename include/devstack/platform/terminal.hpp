#pragma once

#include "devstack/base/time.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace devstack::platform {

/// True when the descriptor is a terminal, see isatty(3).
bool is_terminal(int fd);

/// Terminals that a process has as it begins: what becomes of them tells a SIGHUP that the kernel
/// or a shell sends at their end from one that somebody sends on purpose.
class OwnTerminals {
public:
    /// Looks at the standard streams.
    OwnTerminals();
    /// One of them is gone: its window was closed, its connection lost.
    bool have_hung_up() const;

private:
    std::vector<int> fds_;
};

/// Columns of the terminal; 0 when it is none or does not know.
std::size_t terminal_width(int fd);

/// "12:00:03", as the clocks in this time zone show it …
std::string render_local_clock(WallTime time);
/// … and with the date where it is not the same day as `today`: "Nov 20 12:00:03".
std::string render_local_clock(WallTime time, WallTime today);

/// What the clocks in this time zone are ahead of UTC at `time`; negative in the west.
Duration utc_offset(WallTime time);

}  // namespace devstack::platform
