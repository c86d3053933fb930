#pragma once

#include "devstack/core/api/query.hpp"
#include "devstack/project/event_reader.hpp"
#include "devstack/project/log_reader.hpp"

#include "daemon/control_source.hpp"
#include "daemon/sse_stream.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace devstack::daemon {

/// The streams of /v1/events and /v1/logs. Each holds its place in the files and nothing else; who
/// reads at the same place as others did a moment ago gets the piece that was made for them.
class ControlStreams {
public:
    ControlStreams(boost::asio::io_context& loop,
                   ControlSource& source,
                   std::string state_dir,
                   std::string log_dir);

    /// True when there are as many as there may be.
    bool is_full();
    /// `query` as for a plain request; its limits are the stream's own.
    ControlReply open_events(project::EventQuery query);
    ControlReply open_logs(project::LogQuery query, bool is_of_all);

    /// By kind: "events", "logs".
    std::map<std::string, std::uint64_t> count_clients();
    /// How many gaps clients have been told of.
    std::uint64_t gaps() const { return gaps_; }

    void events_grown();
    void log_grown(const std::string& service);
    /// They say what there is yet, then that it was the last.
    void finish_all();

private:
    struct Live {
        std::weak_ptr<SseStream> stream;
        bool is_for_logs = false;
        std::vector<std::string> services;  ///< Of which it wants the logs; empty: of all.
    };
    struct Piece {
        std::string query;
        std::string after;
        std::string text;
        core::LogCursor next;
    };

    ControlReply open(SseStream::Source source, const std::string& resumed_after, Live live);
    void drop_ended();
    std::string first_words(const std::string& resumed_after) const;
    SseStream::Batch take_events(project::EventQuery& query);
    SseStream::Batch take_logs(project::LogQuery& query, const std::string& name);
    SseStream::Batch read_logs(project::LogQuery& query, const std::string& name);
    std::vector<std::shared_ptr<SseStream>> find(bool is_for_logs, const std::string& service);

    boost::asio::io_context& loop_;
    ControlSource& source_;
    std::string state_dir_;
    std::string log_dir_;
    std::vector<Live> streams_;
    std::deque<Piece> pieces_;
    std::uint64_t gaps_ = 0;
};

}  // namespace devstack::daemon
