#pragma once

#include "devstack/core/api/messages.hpp"

#include <string>

// Server-sent events, as the WHATWG HTML standard has them (section 9.2), and what is said in them.
namespace devstack::core::api {

/// One message of an event stream.
struct SseMessage {
    std::string event;  ///< Empty: "message", what EventSource.onmessage gets.
    std::string data;   ///< Of any number of lines, which end with LF, CR or CRLF.
    std::string id;     ///< Empty: the stream's last id stays. Without line ends or NUL.
};

/// The bytes of it, down to the empty line that dispatches it.
std::string to_sse(const SseMessage& message);
/// How long a client waits before it connects again.
std::string to_sse_retry(Duration delay);
/// Keeps proxies and clients from taking a silent stream for a dead one; dispatches nothing.
std::string sse_heartbeat();

/// The first event of each stream: `init`.
struct StreamInit {
    std::string version;  ///< Of devstack.
    std::string project;
    int daemon_pid = 0;
    std::string resumed_after;  ///< The id that the stream continues at; empty: none was given.
    double heartbeat_seconds = 0;
};

/// `error`: something that the stream could not tell. If it is recoverable, the stream goes on.
struct StreamError {
    std::string type;  ///< "log-read-failed", "event-read-failed".
    std::string severity = "error";
    std::string message;
    int code = 500;  ///< The status that a plain request would have got.
    bool recoverable = false;
};

/// `gap` of /v1/events; that of /v1/logs is a LogGap.
struct EventGap {
    std::uint64_t lost = 0;  ///< Events that rotation has removed.
};

/// `done`: the stream ends on purpose, and to connect again is no use.
struct StreamDone {
    std::string why;
};

std::string to_text(const StreamInit& message);
std::string to_text(const StreamError& message);
std::string to_text(const EventGap& message);
std::string to_text(const StreamDone& message);

}  // namespace devstack::core::api
