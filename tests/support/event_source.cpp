#include "support/event_source.hpp"

#include "devstack/platform/unix_socket.hpp"

#include "support/catch.hpp"

#include <array>

#include <poll.h>
#include <sys/socket.h>

namespace devstack::test {

namespace {

/// The line without its end, which is then gone from `text`. A CR that comes last may be half of a
/// CRLF.
std::optional<std::string> take_line(std::string& text) {
    const std::size_t end = text.find_first_of("\r\n");
    if (end == std::string::npos) return std::nullopt;
    if (text[end] == '\r' && end + 1 == text.size()) return std::nullopt;
    const std::size_t size = text.compare(end, 2, "\r\n") == 0 ? 2 : 1;
    std::string line = text.substr(0, end);
    text.erase(0, end + size);
    return line;
}

}  // namespace

EventSource::EventSource(const std::string& socket_path,
                         const std::string& target,
                         const std::string& headers) {
    auto connected = platform::connect_unix(socket_path);
    REQUIRE(connected);
    socket_ = std::move(*connected);
    const std::string request = "GET " + target +
                                " HTTP/1.1\r\nHost: devstack\r\nAccept: text/event-stream\r\n" +
                                headers + "\r\n";
    REQUIRE(::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
}

std::optional<EventSource::Message> EventSource::next(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
        if (take_head()) {
            take_chunks();
            if (auto message = take_message()) return message;
        }
        if (has_ended_ || !receive(deadline)) return std::nullopt;
    }
}

bool EventSource::receive(std::chrono::steady_clock::time_point deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{socket_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) {
        has_ended_ = true;
        return false;
    }
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

bool EventSource::take_head() {
    if (has_head_) return true;
    const std::size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    head = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    is_chunked_ = head.find("Transfer-Encoding: chunked\r\n") != std::string::npos;
    has_head_ = true;
    return true;
}

void EventSource::take_chunks() {
    if (!is_chunked_) {
        text_ += received_;
        received_.clear();
        return;
    }
    while (true) {
        const std::size_t end = received_.find("\r\n");
        if (end == std::string::npos) return;
        const std::size_t size = std::stoul(received_.substr(0, end), nullptr, 16);
        if (received_.size() < end + 2 + size + 2) return;
        if (size == 0) has_ended_ = true;
        text_ += received_.substr(end + 2, size);
        received_.erase(0, end + 2 + size + 2);
    }
}

std::optional<EventSource::Message> EventSource::take_message() {
    while (auto line = take_line(text_)) {
        if (line->empty()) {
            Message message = std::move(building_);
            building_ = {};
            if (!std::exchange(has_data_, false)) continue;
            message.id = last_id_;
            return message;
        }
        const std::size_t colon = line->find(':');
        const std::string field = line->substr(0, colon);
        std::string value = colon == std::string::npos ? "" : line->substr(colon + 1);
        if (value.starts_with(' ')) value.erase(0, 1);
        if (field.empty()) ++comments;
        if (field == "event") building_.event = value;
        if (field == "retry") retry = value;
        if (field == "id" && value.find('\0') == std::string::npos) last_id_ = value;
        if (field == "data") {
            building_.data += (has_data_ ? "\n" : "") + value;
            has_data_ = true;
        }
    }
    return std::nullopt;
}

}  // namespace devstack::test
