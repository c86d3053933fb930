#include "daemon/control_streams.hpp"

#include "devstack/core/api/sse.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/version.hpp"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace devstack::daemon {

namespace api = core::api;
namespace limits = core::limits;

namespace {

/// What makes two readers want the same lines at the same place.
std::string name_query(const project::LogQuery& query) {
    api::LogRequest request;
    request.services = query.services;
    request.since = query.since;
    request.until = query.until;
    request.stream = query.stream;
    request.pattern = query.pattern;
    return api::render_request(request);
}

std::string failed(const char* type, const Error& error) {
    api::StreamError message;
    message.type = type;
    message.message = error.message;
    return api::to_sse({"error", api::to_text(message), ""});
}

}  // namespace

ControlStreams::ControlStreams(boost::asio::io_context& loop,
                               ControlSource& source,
                               std::string state_dir,
                               std::string log_dir)
    : loop_{loop},
      source_{source},
      state_dir_{std::move(state_dir)},
      log_dir_{std::move(log_dir)} {}

bool ControlStreams::is_full() {
    drop_ended();
    return streams_.size() >= limits::streams_max;
}

std::map<std::string, std::uint64_t> ControlStreams::count_clients() {
    drop_ended();
    std::map<std::string, std::uint64_t> counts{{"events", 0}, {"logs", 0}};
    for (const Live& it : streams_)
        ++counts[it.is_for_logs ? "logs" : "events"];
    return counts;
}

void ControlStreams::drop_ended() {
    std::erase_if(streams_, [](const Live& it) {
        const auto stream = it.stream.lock();
        return !stream || stream->is_abandoned();
    });
    if (streams_.size() < 2) pieces_.clear();
}

ControlReply ControlStreams::open_events(project::EventQuery query) {
    query.events_max = limits::stream_piece_lines_max;
    const std::string after = query.after ? std::to_string(*query.after) : "";
    return open([this, query]() mutable { return take_events(query); }, after, {{}, false, {}});
}

ControlReply ControlStreams::open_logs(project::LogQuery query, bool is_of_all) {
    query.lines_max = limits::stream_piece_lines_max;
    query.bytes_max = limits::stream_piece_max;
    const std::string after = query.after ? query.after->text() : "";
    const Live live{{}, true, is_of_all ? std::vector<std::string>{} : query.services};
    auto source = [this, query, is_of_all, name = name_query(query)]() mutable {
        // Also of those that have come into the profile meanwhile.
        if (is_of_all) query.services = source_.service_names();
        return take_logs(query, name);
    };
    return open(std::move(source), after, live);
}

ControlReply ControlStreams::open(SseStream::Source source,
                                  const std::string& resumed_after,
                                  Live live) {
    auto stream = std::make_shared<SseStream>(
        loop_, first_words(resumed_after), std::move(source), limits::stream_heartbeat);
    live.stream = stream;
    streams_.push_back(std::move(live));
    return {200, "", "text/event-stream", std::move(stream)};
}

std::string ControlStreams::first_words(const std::string& resumed_after) const {
    const api::StreamInit init{std::string{version},
                               source_.project_name(),
                               ::getpid(),
                               resumed_after,
                               std::chrono::duration<double>(limits::stream_heartbeat).count()};
    return api::to_sse_retry(limits::stream_retry) + api::to_sse({"init", api::to_text(init), ""});
}

// ---- What they say -----------------------------------------------------------------------------

SseStream::Batch ControlStreams::take_events(project::EventQuery& query) {
    Result<project::EventAnswer> answer = project::read_events(state_dir_, query);
    SseStream::Batch batch;
    if (!answer) {
        batch.text = failed("event-read-failed", answer.error());
        batch.done = "the events can not be read";
        return batch;
    }
    if (answer->lost > 0) {
        ++gaps_;
        batch.text += api::to_sse({"gap", api::to_text(api::EventGap{answer->lost}), ""});
    }
    for (const api::EventMessage& event : answer->events) {
        batch.text += api::to_sse({"", api::to_text(event), std::to_string(event.sequence)});
    }
    query.after = answer->cursor;
    query.tail.reset();
    return batch;
}

SseStream::Batch ControlStreams::take_logs(project::LogQuery& query, const std::string& name) {
    if (!query.after) return read_logs(query, name);
    const std::string after = query.after->text();
    const auto known = std::ranges::find_if(
        pieces_, [&](const Piece& it) { return it.after == after && it.query == name; });
    if (known == pieces_.end()) return read_logs(query, name);
    query.after = known->next;
    return {known->text, {}, ""};
}

SseStream::Batch ControlStreams::read_logs(project::LogQuery& query, const std::string& name) {
    query.now = platform::wall_now();
    query.secrets = source_.secrets();
    Result<project::LogAnswer> answer = project::read_logs(log_dir_, query);
    SseStream::Batch batch;
    if (!answer) {
        batch.text = failed("log-read-failed", answer.error());
        batch.done = "the logs can not be read";
        return batch;
    }
    const std::string next = answer->cursor.text();
    gaps_ += answer->gaps.size();
    // Those between the lines stay among them.
    const auto inner = std::ranges::find_if(
        answer->gaps, [](const core::LogGap& gap) { return gap.lines_before > 0; });
    std::vector<core::LogGap> inner_gaps{inner, answer->gaps.end()};
    answer->gaps.erase(inner, answer->gaps.end());
    for (const core::LogGap& gap : answer->gaps) {
        const std::string id = answer->lines.empty() ? next : "";
        batch.text += api::to_sse({"gap", api::to_text(gap), id});
    }
    if (!answer->lines.empty()) {
        api::LogsMessage message{
            std::move(answer->lines), std::move(inner_gaps), next, answer->is_complete};
        batch.text += api::to_sse({"", api::to_text(message), next});
    }
    // Nobody else could want the piece of an only stream.
    if (!batch.text.empty() && query.after && streams_.size() > 1) {
        pieces_.push_back({name, query.after->text(), batch.text, answer->cursor});
        if (pieces_.size() > limits::stream_pieces_kept) pieces_.pop_front();
    }
    query.after = std::move(answer->cursor);
    query.tail.reset();
    batch.again_in = answer->unfinished_in;
    // A search has come to its limit; others have their turn before it goes on.
    if (batch.text.empty() && !answer->is_complete) batch.again_in = Duration::zero();
    if (query.until && answer->is_complete && batch.text.empty()) {
        const Duration left = *query.until - query.now;
        if (left <= Duration::zero()) batch.done = "the time that was asked for is over";
        batch.again_in = std::min(batch.again_in.value_or(left), left);
    }
    return batch;
}

// ---- News --------------------------------------------------------------------------------------

std::vector<std::shared_ptr<SseStream>> ControlStreams::find(bool is_for_logs,
                                                             const std::string& service) {
    drop_ended();
    std::vector<std::shared_ptr<SseStream>> found;
    for (const Live& it : streams_) {
        const auto stream = it.stream.lock();
        const bool concerns = it.is_for_logs == is_for_logs &&
                              (!is_for_logs || it.services.empty() ||
                               std::ranges::find(it.services, service) != it.services.end());
        if (stream && concerns) found.push_back(stream);
    }
    return found;
}

void ControlStreams::events_grown() {
    for (const auto& stream : find(false, ""))
        stream->wake();
}

void ControlStreams::log_grown(const std::string& service) {
    for (const auto& stream : find(true, service))
        stream->wake();
}

void ControlStreams::finish_all() {
    const std::vector<Live> streams = streams_;
    for (const Live& it : streams) {
        const auto stream = it.stream.lock();
        if (stream) stream->finish("the project has been stopped");
    }
}

}  // namespace devstack::daemon
