#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/result.hpp"
#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/api/metrics.hpp"
#include "devstack/core/api/query.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace devstack::daemon {

/// What the API needs of the daemon.
class ControlSource {
public:
    virtual ~ControlSource() = default;
    /// With `none` of the detail there are no services in it; more than was asked for may be.
    virtual core::api::StateMessage state(const core::api::StateRequest& request) = 0;
    virtual Result<core::api::CommandReply> submit(const core::api::CommandRequest& request) = 0;
    virtual std::vector<core::api::ListeningPort> listeners(std::optional<Port> port) = 0;
    /// What has been counted, but for the streams.
    virtual core::api::MetricsMessage metrics(const core::api::StateMessage& state) = 0;
    /// Asks the doctor, about one service or, without a name, about all. One answer, from the loop.
    virtual void diagnose(const std::string& service,
                          std::function<void(Result<core::api::DiagnosisMessage>)> done) = 0;
    /// Of the service's current run, oldest first.
    virtual std::vector<core::api::ProbeAnswerState> probe_answers(
        const std::string& service) const = 0;
    virtual std::vector<std::string> service_names() const = 0;
    virtual std::string project_name() const = 0;
    /// Number of the last event that has happened.
    virtual std::uint64_t last_event() const = 0;
    /// What no answer may show; see core::Plan.
    virtual const std::vector<std::string>& secrets() const = 0;
};

}  // namespace devstack::daemon
