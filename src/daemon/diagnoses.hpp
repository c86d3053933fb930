#pragma once

#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/api/messages.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// What the doctor makes of services that are not well, so that whoever looks at the state sees it
/// at once. It is asked when a service has been in trouble for a moment, once for all that are, and
/// again only when the trouble is a new one or has gone on for long. While all is well nothing here
/// runs, and no timer does.
class Diagnoses {
public:
    using Done = std::function<void(Result<core::api::DiagnosisMessage>)>;
    struct Sink {
        /// The word for the phase of a service; empty: there is no such service any more.
        std::function<std::string(const std::string& service)> phase_of;
        std::function<void(Done)> ask;
    };

    Diagnoses(boost::asio::io_context& loop, Sink sink) : timer_{loop}, sink_{std::move(sink)} {}

    void phase_changed(const std::string& service, const std::string& phase, TimePoint now);
    /// What was found while evidence was collected is as good.
    void found(const std::string& service,
               const core::api::DiagnosisMessage& diagnosis,
               TimePoint now);
    /// Puts what is known into the state.
    void add_to(core::api::ServiceState& state) const;
    void close();

private:
    struct Entry {
        std::optional<core::api::FindingMessage> finding;
        TimePoint looked_at;
    };

    void expect(const std::string& service, TimePoint at);
    void arm();
    void look(TimePoint now);
    bool is_in_trouble(const std::string& service) const;

    boost::asio::steady_timer timer_;
    Sink sink_;
    std::map<std::string, TimePoint> due_;  ///< When it is looked whether a service still is.
    std::map<std::string, Entry> known_;
    bool is_looking_ = false;
    bool is_closed_ = false;
};

/// The finding that is the cause of a service's trouble; empty: none is.
std::optional<core::api::FindingMessage> find_cause(const core::api::DiagnosisMessage& diagnosis,
                                                    const std::string& service);

}  // namespace devstack::daemon
