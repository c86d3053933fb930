#pragma once

#include "devstack/core/api/messages.hpp"
#include "devstack/core/api/query.hpp"
#include "devstack/daemon/control_server.hpp"
#include "devstack/project/event_reader.hpp"
#include "devstack/project/log_reader.hpp"

#include "daemon/control_source.hpp"
#include "daemon/control_streams.hpp"

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// The routes of the API. Requests that wait are answered when there is something to tell, or empty
/// when their time is over.
class ControlApi final : public ControlHandler {
public:
    ControlApi(boost::asio::io_context& loop,
               ControlSource& source,
               std::string state_dir,
               std::string log_dir);

    void handle(const ControlRequest& request,
                std::function<void(ControlReply)> reply,
                std::function<bool()> is_alive) override;

    /// Something was added to the journal, or to the log of a service: look at who waits.
    void events_grown();
    void log_grown(const std::string& service);
    /// Answers everybody who waits, with what there is.
    void release_all();
    /// The same for the last time: streams end too.
    void close();

private:
    /// An answer, if there is something to tell.
    struct Attempt {
        std::optional<ControlReply> reply;
        std::optional<Duration> again_in;
    };
    struct Wait {
        explicit Wait(boost::asio::io_context& loop) : timer{loop} {}

        bool is_for_logs = false;
        std::vector<std::string> services;
        std::function<Attempt(bool is_last)> attempt;
        std::function<void(ControlReply)> reply;
        std::function<bool()> is_alive;
        TimePoint deadline;
        boost::asio::steady_timer timer;
        bool is_over = false;
    };

    ControlReply route(const ControlRequest& request);
    ControlReply metrics(const ControlRequest& request);
    ControlReply command(const ControlRequest& request);
    ControlReply ports(const ControlRequest& request);
    ControlReply probes(const ControlRequest& request);
    ControlReply crashes(const ControlRequest& request);
    void events(const ControlRequest& request,
                std::function<void(ControlReply)> reply,
                std::function<bool()> is_alive);
    void doctor(const ControlRequest& request,
                std::function<void(ControlReply)> reply,
                std::function<bool()> is_alive);
    void logs(const ControlRequest& request,
              std::function<void(ControlReply)> reply,
              std::function<bool()> is_alive);
    ControlReply stream(const std::function<ControlReply()>& open);
    Attempt attempt_events(const core::api::EventRequest& request, bool is_last) const;
    Attempt attempt_logs(project::LogQuery& query, bool is_last) const;
    std::optional<ControlReply> find_unknown(const std::vector<std::string>& services) const;
    void begin_wait(const std::shared_ptr<Wait>& wait, Duration duration);
    void arm(const std::shared_ptr<Wait>& wait, std::optional<Duration> again_in);
    void try_again(const std::shared_ptr<Wait>& wait, bool is_last);

    boost::asio::io_context& loop_;
    ControlSource& source_;
    std::string state_dir_;
    std::string log_dir_;
    std::list<std::shared_ptr<Wait>> waits_;
    ControlStreams streams_;
};

}  // namespace devstack::daemon
