#pragma once

#include "devstack/core/probes/probe.hpp"
#include "devstack/daemon/probe_runner.hpp"

#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace devstack::daemon {

class NameResolver;
class TlsContexts;

/// One question under way. Objects live as long as one of their handlers is pending.
class ProbeAttempt {
public:
    /// What was found; `detail` is the whole sentence of the outcome.
    using Finish = std::function<void(bool is_success, std::string detail)>;

    virtual ~ProbeAttempt() = default;
    /// Leads to one call of `finish`, from the loop and possibly from inside `start`.
    virtual void start() = 0;
    /// How far it has come, for "no answer within 2s (…)".
    virtual std::string stage() const = 0;
    /// Closes all that is open; `finish` is not called any more.
    virtual void stop() = 0;
};

/// What attempts work with; outlives them all.
struct ProbeTools {
    boost::asio::io_context& loop;
    NameResolver& resolver;
    TlsContexts& tls_contexts;
    CommandLauncher& launcher;
};

std::shared_ptr<ProbeAttempt> make_tcp_attempt(ProbeTools& tools,
                                               const core::TcpProbe& probe,
                                               Duration timeout,
                                               ProbeAttempt::Finish finish);
std::shared_ptr<ProbeAttempt> make_url_attempt(ProbeTools& tools,
                                               const core::UrlProbe& probe,
                                               Duration timeout,
                                               ProbeAttempt::Finish finish);
std::shared_ptr<ProbeAttempt> make_command_attempt(ProbeTools& tools,
                                                   const core::CommandProbe& probe,
                                                   const ProbeRunner::CommandSetting& setting,
                                                   ProbeAttempt::Finish finish);

}  // namespace devstack::daemon
