#include "tcp_connector.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/clock.hpp"

#include "name_resolver.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

namespace devstack::daemon {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// The reason as it stands before an endpoint, and whether it tells anything about the peer.
std::pair<std::string, bool> render_reason(const error_code& error) {
    namespace errors = asio::error;
    if (error == errors::connection_refused) return {"connection refused by ", true};
    if (error == errors::connection_reset) return {"connection reset by ", true};
    if (error == errors::timed_out) return {"no answer from ", true};
    const bool is_unreachable =
        error == errors::network_unreachable || error == errors::host_unreachable;
    if (is_unreachable) return {"no route to ", false};
    const bool is_missing = error == boost::system::errc::address_not_available ||
                            error == errors::address_family_not_supported;
    return {"cannot connect (" + error.message() + ") to ", !is_missing};
}

bool is_numeric(const std::string& host) {
    error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

std::string render_endpoint(const std::string& address, Port port) {
    const bool is_ipv6 = address.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + address + "]" : address) + ":" + to_string(port);
}

bool is_localhost(const std::string& host) {
    std::string name = host;
    std::ranges::transform(name, name.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    if (name.ends_with('.')) name.pop_back();
    return name == "localhost" || name.ends_with(".localhost");
}

TcpConnector::TcpConnector(asio::io_context& loop,
                           NameResolver& resolver,
                           std::string host,
                           Port port)
    : resolver_{resolver}, host_{std::move(host)}, port_{port}, socket_{loop}, share_{loop} {}

void TcpConnector::start(Duration timeout, Done done) {
    deadline_ = platform::now() + timeout;
    done_ = std::move(done);
    if (is_numeric(host_)) {
        addresses_ = {host_};
    } else if (is_localhost(host_)) {
        addresses_ = {"::1", "127.0.0.1"};
    } else {
        resolve();
        return;
    }
    try_next();
}

void TcpConnector::stop() {
    done_ = nullptr;
    if (lookup_ != 0) resolver_.cancel(std::exchange(lookup_, 0));
    share_.cancel();
    error_code ignored;
    socket_.close(ignored);
}

std::string TcpConnector::peer() const {
    return render_endpoint(next_ == 0 ? host_ : addresses_[next_ - 1], port_);
}

std::string TcpConnector::stage() const {
    if (next_ == 0) return "resolving " + host_;
    return (is_connected_ ? "connected to " : "connecting to ") + peer();
}

void TcpConnector::resolve() {
    lookup_ =
        resolver_.resolve(host_, [self = shared_from_this()](const NameResolver::Answer& answer) {
            self->lookup_ = 0;
            if (!self->done_) return;
            self->addresses_ = answer.addresses;
            if (answer.addresses.empty()) {
                self->finish("cannot resolve " + self->host_ + ": " + answer.error);
            } else {
                self->try_next();
            }
        });
}

void TcpConnector::try_next() {
    if (next_ == addresses_.size()) {
        finish(render_failures());
        return;
    }
    const std::string& address = addresses_[next_++];
    error_code error;
    const auto numeric = asio::ip::make_address(address, error);
    if (!error) {
        error_code ignored;
        socket_.close(ignored);
        const tcp::endpoint endpoint{numeric, port_.number};
        socket_.open(endpoint.protocol(), error);
        if (!error) {
            connect(endpoint);
            return;
        }
    }
    fail(error);
}

void TcpConnector::connect(const tcp::endpoint& endpoint) {
    limit_this_address();
    socket_.async_connect(endpoint,
                          [self = shared_from_this(), attempt = next_](const error_code& error) {
                              self->connected(attempt, error);
                          });
}

/// The last address has all the time that is left.
void TcpConnector::limit_this_address() {
    const auto untried = static_cast<Duration::rep>(addresses_.size() - next_);
    if (untried == 0) return;
    share_.expires_after((deadline_ - platform::now()) / (untried + 1));
    share_.async_wait([self = shared_from_this(), attempt = next_](const error_code& error) {
        if (!error) self->connected(attempt, asio::error::timed_out);
    });
}

/// `attempt` tells a late handler of an address that was given up from that of the present one.
void TcpConnector::connected(std::size_t attempt, const error_code& error) {
    if (!done_ || is_connected_ || attempt != next_) return;
    share_.cancel();
    if (error) {
        fail(error);
        return;
    }
    // Without a listener, a connection to a port of the ephemeral range on the same machine can
    // meet itself (RFC 9293, simultaneous open) and would look like an answer.
    error_code ignored;
    const bool is_to_itself = socket_.local_endpoint(ignored) == socket_.remote_endpoint(ignored);
    if (is_to_itself) {
        fail(asio::error::connection_refused);
        return;
    }
    is_connected_ = true;
    finish({});
}

void TcpConnector::fail(const error_code& error) {
    auto [reason, is_telling] = render_reason(error);
    failures_.push_back({std::move(reason), peer(), is_telling});
    try_next();
}

void TcpConnector::finish(const std::string& failure) {
    const Done done = std::exchange(done_, nullptr);
    if (done) done(failure);
}

std::string TcpConnector::render_failures() const {
    std::vector<Failure> telling = failures_;
    std::erase_if(telling, [](const Failure& failure) { return !failure.is_telling; });
    if (telling.empty()) telling = failures_;

    std::vector<std::string> sentences;
    for (std::size_t i = 0; i < telling.size();) {
        const std::string& reason = telling[i].reason;
        std::vector<std::string> endpoints;
        for (; i < telling.size() && telling[i].reason == reason; ++i)
            endpoints.push_back(telling[i].endpoint);
        sentences.push_back(reason + join_for_people(endpoints));
    }
    return join(sentences, "; ");
}

}  // namespace devstack::daemon
