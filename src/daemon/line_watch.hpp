#pragma once

#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/core/probes/ready_sign.hpp"
#include "devstack/core/supervisor/run.hpp"
#include "devstack/project/log_reader.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// Waits for lines by which services show that they are ready. The output itself goes past this
/// process: what has come to the log of a service that is waited for is read back from there, and
/// nothing of any other.
class LineWatch {
public:
    /// Told once for each run, from the loop; the watch is over then.
    using Seen = std::function<void(core::RunId run, std::string what)>;

    LineWatch(boost::asio::io_context& loop, std::string log_dir, Seen seen);
    ~LineWatch();

    /// Looks at what the run has written since `since`, which is not later than its first byte, and
    /// at all that it writes.
    void await(core::RunId run,
               const std::string& service,
               const core::LogSign& sign,
               WallTime since);
    /// Something was added to the service's log.
    void log_grown(const std::string& service);
    /// Forgets the runs that nobody waits for any more.
    void keep_only(const std::function<bool(core::RunId)>& is_wanted);

private:
    /// What came before the next part of a long line, so that no match is cut.
    struct Tail {
        std::string text;
        bool has_begin = false;
    };
    struct Watch {
        core::RunId run;
        core::LinePattern pattern;
        std::optional<core::LogStream> stream;
        WallTime since{};
        std::optional<core::LogCursor> after;
        std::array<Tail, 2> tails;
        bool has_more = false;  ///< There is more than was looked at: the loop comes back to it.
        std::unique_ptr<boost::asio::steady_timer> timer;  ///< For a line that has no end.
    };

    void look(const std::string& service);
    bool is_seen(Watch& watch, const core::LogLine& line) const;

    boost::asio::io_context& loop_;
    std::string log_dir_;
    Seen seen_;
    std::map<std::string, Watch> watches_;  ///< By service: only one run of it lives.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace devstack::daemon
