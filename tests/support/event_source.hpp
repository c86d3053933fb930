#pragma once

#include "devstack/platform/file_descriptor.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace devstack::test {

/// Reads a stream of server-sent events from a Unix socket as the WHATWG HTML standard says
/// (section 9.2.6), chunked or not.
class EventSource {
public:
    struct Message {
        std::string event = "message";
        std::string data;
        std::string id;  ///< The last one that the stream has set.
        bool operator==(const Message&) const = default;
    };

    /// `headers`: whole lines with their ends, besides Host and Accept.
    EventSource(const std::string& socket_path,
                const std::string& target,
                const std::string& headers = "");

    /// The next message; empty when the stream has ended, or none has come within the time.
    std::optional<Message> next(std::chrono::milliseconds timeout = std::chrono::seconds{20});
    /// Nothing is read any more, and the connection is held.
    bool has_ended() const { return has_ended_; }

    std::string head;  ///< Of the response, once a message has been asked for.
    int comments = 0;  ///< Of the lines that begin with a colon.
    std::string retry;

private:
    bool receive(std::chrono::steady_clock::time_point deadline);
    bool take_head();
    void take_chunks();
    std::optional<Message> take_message();

    platform::FileDescriptor socket_;
    std::string received_;  ///< As it came.
    std::string text_;      ///< The body.
    std::string last_id_;
    Message building_;
    bool has_data_ = false;
    bool has_head_ = false;
    bool is_chunked_ = false;
    bool has_ended_ = false;
};

}  // namespace devstack::test
