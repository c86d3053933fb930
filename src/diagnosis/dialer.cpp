// All dials run as coroutines of one loop, in one thread: they wait most of the time. Names are
// looked up before, in threads of their own that are left behind when they take too long, since a
// lookup can not be interrupted.

#include "diagnosis/dialer.hpp"

#include "devstack/platform/clock.hpp"

#include "diagnosis/conversation.hpp"
#include "diagnosis/name_lookup.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace devstack::diagnosis {

namespace {

using asio::ip::tcp;
using core::doctor::AddressFact;
using core::doctor::DialFact;

std::string describe_connect_error(const error_code& error, bool is_late) {
    if (is_late || error == asio::error::operation_aborted || error == asio::error::timed_out) {
        return "no answer";
    }
    if (error == asio::error::connection_refused) return "refused";
    if (error == asio::error::network_unreachable || error == asio::error::host_unreachable) {
        return "unreachable";
    }
    return error.message();
}

asio::awaitable<void> converse(Conversation& talk) {
    const std::string& protocol = talk.fact().protocol;
    if (protocol == "http" || protocol == "https") {
        co_await talk_http(talk);
    } else if (protocol == "postgresql") {
        co_await talk_postgres(talk);
    } else if (protocol == "postgresql by TLS") {
        co_await talk_postgres_by_tls(talk);
    } else if (protocol == "mysql") {
        co_await talk_mysql(talk);
    } else if (protocol == "mysql by TLS") {
        co_await talk_mysql_by_tls(talk);
    } else if (protocol == "redis") {
        co_await talk_redis(talk);
    } else {
        talk.fact().stage = "done";
    }
}

/// Closes a socket when its time is over, and knows that it was this that did.
class Alarm {
public:
    Alarm(const asio::any_io_executor& executor, tcp::socket& socket, Duration limit)
        : timer_{executor, std::chrono::duration_cast<std::chrono::milliseconds>(limit)} {
        // The timer may have gone off, with its handler still to come, when this is destroyed.
        timer_.async_wait([state = state_, &socket](const error_code& error) {
            if (error || state->is_stopped) return;
            state->is_over = true;
            error_code ignored;
            socket.close(ignored);
        });
    }
    ~Alarm() { state_->is_stopped = true; }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    bool is_over() const { return state_->is_over; }

private:
    struct State {
        bool is_over = false;
        bool is_stopped = false;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
    asio::steady_timer timer_;
};

Duration seconds_of(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
}

/// Every address is tried, also when one has answered: that a name means two addresses of which
/// one refuses is what some clients fail at.
asio::awaitable<void> dial(Endpoint& endpoint, std::vector<std::string> addresses) {
    const auto executor = co_await asio::this_coro::executor;
    const TimePoint begin = platform::now();
    DialFact& fact = endpoint.fact;
    fact.stage = "connect";
    bool has_talked = false;
    for (const std::string& address : addresses) {
        error_code bad;
        const tcp::endpoint target{asio::ip::make_address(address, bad),
                                   static_cast<std::uint16_t>(fact.port)};
        tcp::socket socket{executor};
        const Alarm alarm{executor, socket, seconds_of(fact.timeout)};
        const auto [error] = co_await socket.async_connect(target, as_result);
        const std::string outcome =
            error ? describe_connect_error(error, alarm.is_over()) : "connected";
        fact.addresses.push_back({address, outcome});
        if (!error && !has_talked) {
            has_talked = true;
            fact.error.clear();
            Conversation talk{endpoint, socket};
            co_await converse(talk);
        } else if (error && !has_talked) {
            fact.error = outcome == "refused" ? "connection refused" : outcome;
        }
    }
    fact.seconds = std::chrono::duration<double>(platform::now() - begin).count();
}

}  // namespace

void note_failure(Conversation& talk, const error_code& error) {
    if (!talk.socket.is_open() || error == asio::error::operation_aborted) {
        talk.fact().error = "no answer";
    } else if (error == asio::error::eof) {
        talk.fact().error = "closed the connection without an answer";
    } else if (error == asio::error::connection_reset) {
        talk.fact().error = "reset the connection";
    } else {
        talk.fact().error = error.message();
    }
}

asio::awaitable<bool> send_all(Conversation& talk, std::string_view bytes) {
    talk.fact().stage = "send";
    const auto [error, count] =
        co_await asio::async_write(talk.socket, asio::buffer(bytes), as_result);
    if (error) note_failure(talk, error);
    talk.fact().stage = "first byte";
    co_return !error;
}

asio::awaitable<std::optional<std::string>> receive(Conversation& talk, std::size_t count) {
    std::string bytes(count, '\0');
    const auto [error, got] =
        co_await asio::async_read(talk.socket, asio::buffer(bytes), as_result);
    if (!error) co_return bytes;
    note_failure(talk, error);
    co_return std::nullopt;
}

asio::awaitable<std::optional<std::string>> receive_line(Conversation& talk) {
    constexpr std::size_t line_max = 4096;
    std::string text;
    const auto [error, size] = co_await asio::async_read_until(
        talk.socket, asio::dynamic_buffer(text, line_max), "\r\n", as_result);
    if (!error) co_return text.substr(0, size - 2);
    note_failure(talk, error);
    co_return std::nullopt;
}

std::vector<DialFact> dial_all(std::vector<Endpoint> endpoints, Duration limit) {
    std::vector<std::string> names;
    for (const Endpoint& endpoint : endpoints)
        names.push_back(endpoint.fact.host);
    const auto found = look_up_all(names, limit / 2);
    asio::io_context loop;
    for (Endpoint& endpoint : endpoints) {
        const LookUp& look_up = found.at(endpoint.fact.host);
        if (!look_up.problem.empty()) {
            endpoint.fact.stage = "resolve";
            endpoint.fact.error = look_up.problem;
            continue;
        }
        asio::co_spawn(loop, dial(endpoint, look_up.addresses), asio::detached);
    }
    loop.run_for(std::chrono::duration_cast<std::chrono::milliseconds>(limit));
    std::vector<DialFact> facts;
    for (Endpoint& endpoint : endpoints) {
        const bool is_cut = endpoint.fact.stage != "done" && endpoint.fact.error.empty();
        if (is_cut && endpoint.is_let_in) {
            endpoint.fact.stage = "done";
            endpoint.fact.is_query_unanswered = true;
        } else if (is_cut) {
            endpoint.fact.error = "no answer";
        }
        facts.push_back(endpoint.fact);
    }
    return facts;
}

}  // namespace devstack::diagnosis
