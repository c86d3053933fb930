#include "daemon/control_session.hpp"

#include "devstack/core/api/messages.hpp"
#include "devstack/core/api/query.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/unix_socket.hpp"

#include "daemon/stream_sender.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

// One connection: wait for a request, read it, have it answered, write the reply, and again.
//
//   await_request --> read_header --> read_body --> serve ..(any time later).. send_reply --+
//        ^                 |              |                                        |        |
//        |                 +-- refuse ----+-----------------> hang_up (drain) <----+        |
//        +----------------------------------------------------------------- keep-alive -----+

namespace devstack::daemon {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using namespace std::chrono_literals;
namespace limits = core::limits;

namespace {

/// After a refusal what the client is still sending is read and dropped for so long: else it would
/// meet a broken pipe before it comes to read our answer.
constexpr auto drain_time = 2s;
constexpr std::size_t request_id_max = 128;
/// Also for what the parser does not limit: the line between two chunks of a body.
constexpr std::size_t buffer_max = 2 * limits::request_header_max;

std::string_view code_for(int status) {
    switch (status) {
        case 401: return "token-needed";
        case 403: return "not-permitted";
        case 404: return "not-found";
        case 405: return "method-not-allowed";
        case 408: return "timed-out";
        case 413:
        case 431: return "too-large";
        case 503: return "too-many-connections";
        default: return "bad-request";
    }
}

/// Ours to repeat in a header: short, visible ASCII.
bool is_usable_id(std::string_view id) {
    if (id.empty() || id.size() > request_id_max) return false;
    return std::ranges::all_of(id, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

class ControlSession : public std::enable_shared_from_this<ControlSession> {
public:
    ControlSession(std::shared_ptr<ControlHub> hub, asio::generic::stream_protocol::socket socket)
        : hub_{std::move(hub)}, socket_{std::move(socket)}, timer_{hub_->loop} {
        hub_->sessions.insert(this);
    }
    ~ControlSession() { close(); }
    ControlSession(const ControlSession&) = delete;
    ControlSession& operator=(const ControlSession&) = delete;

    void await_request();
    void refuse(int status, const std::string& message);
    void close_if_idle() {
        if (is_idle_) close();
    }
    void close();
    /// Since when the client owes us something: a request, the rest of one, its own hanging up.
    /// Nothing while it waits for us, or reads.
    std::optional<asio::steady_timer::time_point> silent_since() const { return silent_since_; }

private:
    void read_header();
    void header_read(error_code code);
    void continue_expected();
    void read_body();
    void body_read(error_code code);
    void read_failed(error_code code);
    void serve();
    const DoorGuard* guard() const;
    bool puts_under_guard(const http::request<http::string_body>& request,
                          const core::api::Target& target);
    std::optional<DoorGuard::Refusal> check(const http::request<http::string_body>& request,
                                            core::api::Target& target) const;
    void reply(std::uint64_t exchange, ControlReply reply);
    void send(ControlReply reply, bool is_last);
    void sent(error_code code);
    void send_stream(std::shared_ptr<ControlStream> stream, const std::string& content_type);
    void stream_ended(error_code code);
    void hang_up();
    void drain();
    bool is_alive(std::uint64_t exchange) {
        return exchange == exchange_ && !platform::is_hung_up(socket_.native_handle());
    }
    void watch_for_hang_up();
    void set_deadline(std::optional<Duration> within);
    void arm_timer();
    void deadline_passed();
    void take_request_id();

    std::shared_ptr<ControlHub> hub_;
    asio::generic::stream_protocol::socket socket_;
    boost::beast::flat_buffer buffer_{buffer_max};
    std::optional<http::request_parser<http::string_body>> parser_;
    std::optional<http::response<http::string_body>> response_;
    std::shared_ptr<StreamSender> sender_;
    std::string request_id_;
    std::optional<DoorGuard> own_guard_;
    std::uint64_t exchange_ = 0;  ///< Number of the request being served; late replies differ.
    bool is_idle_ = false;        ///< Between requests.
    std::optional<asio::steady_timer::time_point> silent_since_;
    bool keeps_alive_ = false;
    bool can_chunk_ = true;  ///< HTTP/1.1 or later.
    bool has_timed_out_ = false;
    bool is_watching_ = false;

    asio::steady_timer timer_;
    /// The one that counts. The timer itself may be set to an earlier one: moving it for each step
    /// of each request would cost more than to look once too often.
    std::optional<asio::steady_timer::time_point> deadline_;
    bool is_timer_armed_ = false;
    std::array<char, 4096> drained_{};
};

// ---- Reading -----------------------------------------------------------------------------------

void ControlSession::await_request() {
    if (hub_->is_closing) return close();
    if (buffer_.size() > 0) return read_header();  // Pipelined.
    buffer_.shrink_to_fit();
    is_idle_ = true;
    silent_since_ = platform::now();
    set_deadline(limits::long_poll_max);
    socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error_code code) {
        self->is_idle_ = false;
        if (code) return self->close();
        self->read_header();
    });
}

void ControlSession::read_header() {
    is_idle_ = false;
    silent_since_ = platform::now();
    set_deadline(limits::request_read_timeout);
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits::request_header_max));
    parser_->body_limit(limits::request_body_max);
    http::async_read_header(
        socket_, buffer_, *parser_, [self = shared_from_this()](error_code code, std::size_t) {
            self->header_read(code);
        });
}

void ControlSession::header_read(error_code code) {
    if (code) return read_failed(code);
    take_request_id();
    const auto encoding = parser_->get().find(http::field::transfer_encoding);
    // Beast lets "xchunked" and "chunked, identity" pass: two readings of where a request ends.
    if (encoding != parser_->get().end() && !boost::beast::iequals(encoding->value(), "chunked")) {
        return refuse(400, "malformed request: Transfer-Encoding other than chunked");
    }
    if (boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
        return continue_expected();
    }
    read_body();
}

void ControlSession::continue_expected() {
    static constexpr std::string_view answer = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(
        socket_, asio::buffer(answer), [self = shared_from_this()](error_code code, std::size_t) {
            if (code) return self->close();
            self->read_body();
        });
}

void ControlSession::read_body() {
    if (parser_->is_done()) return body_read({});
    http::async_read(
        socket_, buffer_, *parser_, [self = shared_from_this()](error_code code, std::size_t) {
            self->body_read(code);
        });
}

void ControlSession::body_read(error_code code) {
    if (code) return read_failed(code);
    silent_since_.reset();
    set_deadline(std::nullopt);
    serve();
}

void ControlSession::read_failed(error_code code) {
    if (has_timed_out_) {
        return refuse(
            408,
            "the request was not complete within " + render_duration(limits::request_read_timeout));
    }
    if (code == http::error::end_of_stream) return close();
    if (code == http::error::header_limit || code == http::error::buffer_overflow) {
        return refuse(431,
                      "the request's header is larger than " +
                          std::to_string(limits::request_header_max) + " bytes");
    }
    if (code == http::error::body_limit) {
        return refuse(413,
                      "the request's body is larger than " +
                          std::to_string(limits::request_body_max) + " bytes");
    }
    if (code == http::error::partial_message) {
        return refuse(400, "malformed request: it ends in the middle");
    }
    if (code.category() == http::make_error_code(http::error::bad_method).category()) {
        return refuse(400, "malformed request: " + code.message());
    }
    close();  // The connection itself is broken.
}

// ---- Serving -----------------------------------------------------------------------------------

void ControlSession::take_request_id() {
    const std::string_view given = parser_->get()["X-Request-ID"];
    request_id_ = is_usable_id(given) ? std::string{given} : std::string{};
}

void ControlSession::serve() {
    http::request<http::string_body> request = parser_->release();
    parser_.reset();
    keeps_alive_ = request.keep_alive();
    can_chunk_ = request.version() > 10;
    if (request.method() != http::verb::get && request.method() != http::verb::post) {
        return refuse(405, "only GET and POST are answered here");
    }
    Result<core::api::Target> target = core::api::parse_target(request.target());
    if (!target) return refuse(400, "malformed request: " + target.error().message);
    if (hub_->handler == nullptr) return close();
    if (puts_under_guard(request, *target)) return send({204, "", ""}, false);
    if (const auto refusal = check(request, *target)) {
        return refuse(refusal->status, refusal->message);
    }

    ControlRequest taken{std::string{request.method_string()},
                         std::move(target->path),
                         std::move(target->parameters),
                         std::move(request.body()),
                         std::string{request[http::field::accept]},
                         std::string{request["Last-Event-ID"]},
                         guard() != nullptr};
    exchange_ = ++hub_->requests;
    const std::uint64_t exchange = exchange_;
    const auto self = shared_from_this();
    hub_->handler->handle(
        taken,
        [self, exchange](ControlReply reply) { self->reply(exchange, std::move(reply)); },
        [weak = std::weak_ptr{self}, exchange] {
            const auto session = weak.lock();
            return session && session->is_alive(exchange);
        });
    if (exchange_ == exchange) watch_for_hang_up();
}

/// Of all that comes by TCP, or of this connection.
const DoorGuard* ControlSession::guard() const {
    if (hub_->guard) return &*hub_->guard;
    return own_guard_ ? &*own_guard_ : nullptr;
}

/// Once, and not what is guarded already: nobody can change the token of a door.
bool ControlSession::puts_under_guard(const http::request<http::string_body>& request,
                                      const core::api::Target& target) {
    constexpr std::string_view bearer = "Bearer ";
    if (guard() != nullptr || target.path != "/v1/guard") return false;
    const std::string_view given = request[http::field::authorization];
    const bool has_token = given.starts_with(bearer) && given.size() > bearer.size();
    if (request.method() != http::verb::post || !has_token) return false;
    own_guard_.emplace(ControlDoor{"127.0.0.1",
                                   Port{},
                                   false,
                                   std::string{given.substr(bearer.size())},
                                   "the link that `devstack dashboard` has shown"});
    return true;
}

/// By TCP anybody can come. The token is the door's, and no parameter for the handler.
std::optional<DoorGuard::Refusal> ControlSession::check(
    const http::request<http::string_body>& request, core::api::Target& target) const {
    if (guard() == nullptr) return std::nullopt;
    std::string token;
    std::erase_if(target.parameters, [&token](const auto& it) {
        if (it.first != "token") return false;
        token = it.second;
        return true;
    });
    return guard()->check({target.path,
                           request[http::field::host],
                           request[http::field::origin],
                           request[http::field::authorization],
                           request[http::field::cookie],
                           token});
}

/// A client that goes away while its answer is awaited gives its place free. Data and a half-closed
/// connection do not end this wait: the client may have sent its next request, or its last one.
void ControlSession::watch_for_hang_up() {
    if (is_watching_) return;
    is_watching_ = true;
    socket_.async_wait(asio::socket_base::wait_error, [weak = weak_from_this()](error_code code) {
        const auto session = weak.lock();
        if (!session) return;
        session->is_watching_ = false;
        if (!code && session->exchange_ != 0) session->close();
    });
}

void ControlSession::reply(std::uint64_t exchange, ControlReply reply) {
    if (exchange != exchange_) return;
    if (reply.stream) return send_stream(std::move(reply.stream), reply.content_type);
    exchange_ = 0;
    send(std::move(reply), !keeps_alive_ || hub_->is_closing);
}

/// The exchange stays open: a client that goes away is noticed, whether there is something to say
/// to it or not. Once begun, nothing but the stream's end is waited for.
void ControlSession::send_stream(std::shared_ptr<ControlStream> stream,
                                 const std::string& content_type) {
    if (request_id_.empty()) request_id_ = "devstack-" + std::to_string(++hub_->requests);
    std::string head = "HTTP/1.1 200 OK\r\nContent-Type: " + content_type +
                       "\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
                       "Connection: close\r\nX-Request-ID: " +
                       std::exchange(request_id_, {}) + "\r\n";
    if (can_chunk_) head += "Transfer-Encoding: chunked\r\n";
    sender_ = std::make_shared<StreamSender>(
        socket_, std::move(stream), [weak = weak_from_this()](error_code code) {
            if (const auto self = weak.lock()) self->stream_ended(code);
        });
    // Keeps us alive while there is nothing to say.
    socket_.async_wait(asio::socket_base::wait_error, [self = shared_from_this()](error_code code) {
        if (!code && self->exchange_ != 0) self->close();
    });
    sender_->begin(head + "\r\n", can_chunk_);
}

void ControlSession::stream_ended(error_code code) {
    exchange_ = 0;
    if (code) return close();
    hang_up();
}

void ControlSession::refuse(int status, const std::string& message) {
    has_timed_out_ = false;
    ControlReply reply;
    reply.status = status;
    reply.body =
        core::api::to_text(core::api::ErrorMessage{std::string{code_for(status)}, message, ""});
    send(std::move(reply), true);
}

void ControlSession::send(ControlReply reply, bool is_last) {
    if (request_id_.empty()) request_id_ = "devstack-" + std::to_string(++hub_->requests);
    response_.emplace(static_cast<http::status>(reply.status), 11);
    if (!reply.content_type.empty()) response_->set(http::field::content_type, reply.content_type);
    for (const auto& [name, value] : reply.headers)
        response_->set(name, value);
    response_->set("X-Request-ID", std::exchange(request_id_, {}));
    if (reply.status == 405) response_->set(http::field::allow, "GET, POST");
    if (reply.status == 401) response_->set(http::field::www_authenticate, "Bearer");
    if (guard() != nullptr) response_->set("X-Content-Type-Options", "nosniff");
    response_->keep_alive(!is_last);
    response_->body() = std::move(reply.body);
    response_->prepare_payload();
    silent_since_.reset();
    set_deadline(limits::request_read_timeout);
    http::async_write(
        socket_, *response_, [self = shared_from_this()](error_code code, std::size_t) {
            self->sent(code);
        });
}

void ControlSession::sent(error_code code) {
    const bool is_last = !response_->keep_alive();
    response_.reset();
    if (code) return close();
    if (is_last) return hang_up();
    await_request();
}

// ---- The end -----------------------------------------------------------------------------------

void ControlSession::hang_up() {
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    silent_since_ = platform::now();
    set_deadline(drain_time);
    drain();
}

void ControlSession::drain() {
    socket_.async_read_some(asio::buffer(drained_),
                            [self = shared_from_this()](error_code code, std::size_t) {
                                if (code) return self->close();
                                self->drain();
                            });
}

void ControlSession::close() {
    hub_->sessions.erase(this);
    exchange_ = 0;
    if (sender_) sender_->abandon();
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
}

// ---- Time --------------------------------------------------------------------------------------

void ControlSession::set_deadline(std::optional<Duration> within) {
    deadline_.reset();
    if (!within) return;
    deadline_ = platform::now() + *within;
    if (is_timer_armed_ && timer_.expiry() <= *deadline_) return;
    arm_timer();
}

void ControlSession::arm_timer() {
    is_timer_armed_ = true;
    timer_.expires_at(*deadline_);
    timer_.async_wait([weak = weak_from_this()](error_code code) {
        const auto session = weak.lock();
        if (code || !session) return;
        session->is_timer_armed_ = false;
        session->deadline_passed();
    });
}

void ControlSession::deadline_passed() {
    if (!deadline_) return;
    if (platform::now() < *deadline_) return arm_timer();
    deadline_.reset();
    // The operation that is under way ends with an error, and its handler decides.
    has_timed_out_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

// ---- Doors -------------------------------------------------------------------------------------

namespace {

std::shared_ptr<ControlSession> make_session(std::shared_ptr<ControlHub> hub,
                                             platform::FileDescriptor connection) {
    asio::generic::stream_protocol::socket socket{hub->loop};
    const int family = hub->guard ? AF_INET : AF_UNIX;
    error_code code;
    socket.assign(asio::generic::stream_protocol{family, 0}, connection.get(), code);
    if (code) return nullptr;
    static_cast<void>(connection.release());
    return std::make_shared<ControlSession>(std::move(hub), std::move(socket));
}

}  // namespace

void start_session(std::shared_ptr<ControlHub> hub, platform::FileDescriptor connection) {
    const auto session = make_session(std::move(hub), std::move(connection));
    if (session) session->await_request();
}

void refuse_session(std::shared_ptr<ControlHub> hub,
                    platform::FileDescriptor connection,
                    int status,
                    const std::string& message) {
    const auto session = make_session(std::move(hub), std::move(connection));
    if (session) session->refuse(status, message);
}

bool make_room(ControlHub& hub) {
    ControlSession* most_silent = nullptr;
    for (ControlSession* const session : hub.sessions) {
        if (!session->silent_since()) continue;
        if (most_silent == nullptr || session->silent_since() < most_silent->silent_since())
            most_silent = session;
    }
    if (most_silent == nullptr) return false;
    most_silent->close();
    return true;
}

void close_idle_sessions(ControlHub& hub) {
    const std::unordered_set<ControlSession*> sessions = hub.sessions;
    for (ControlSession* const session : sessions)
        session->close_if_idle();
}

}  // namespace devstack::daemon
