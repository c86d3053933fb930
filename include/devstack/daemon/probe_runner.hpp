#pragma once

#include "devstack/core/probes/probe.hpp"
#include "devstack/platform/spawn_request.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace devstack::daemon {

/// Starts probe commands for the runner; the daemon does it through the keeper, like every child.
class CommandLauncher {
public:
    struct Ended {
        bool was_spawned = false;
        std::string spawn_error;  ///< When it was not.
        int code = 0;
        int signal = 0;
        std::string last_output;  ///< End of both streams, at most as much as was wished for.
    };
    virtual ~CommandLauncher() = default;
    /// `on_end` is called once, unless the command is cancelled. Returns a ticket for `cancel`.
    virtual std::uint64_t launch(platform::SpawnRequest request,
                                 std::function<void(Ended)> on_end,
                                 std::size_t output_max) = 0;
    /// Kills the command's whole group; `on_end` is not called any more.
    virtual void cancel(std::uint64_t ticket) = 0;
};

/// Asks questions; holds no opinion. Every stage (resolve, connect, TLS, request, first byte, body)
/// ends with the one deadline of the question. Names are resolved beside the loop, numeric
/// addresses and "localhost" without any resolver. One answer per question, from the loop, never
/// from inside `ask`.
class ProbeRunner {
public:
    using Answer = std::function<void(core::ProbeOutcome)>;

    /// Where and as whom a command probe runs.
    struct CommandSetting {
        std::vector<std::string> environment;
        std::string working_dir;
        platform::SpawnSettings settings = {};
    };

    ProbeRunner(boost::asio::io_context& loop, CommandLauncher& launcher);
    ~ProbeRunner();
    ProbeRunner(const ProbeRunner&) = delete;
    ProbeRunner& operator=(const ProbeRunner&) = delete;

    /// Returns a ticket for `cancel`.
    std::uint64_t ask(const core::Probe& probe,
                      const CommandSetting& setting,
                      Duration timeout,
                      Answer answer);
    /// The question needs no answer any more; its connection is closed, its command killed.
    void cancel(std::uint64_t ticket);

private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace devstack::daemon
