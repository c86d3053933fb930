#pragma once

#include "diagnosis/dialer.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace devstack::diagnosis {

namespace asio = boost::asio;
using boost::system::error_code;

/// Errors come back as values, not as exceptions.
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// A connected socket, and what is to be found out with it. Whoever closes the socket ends it.
struct Conversation {
    Endpoint& endpoint;
    asio::ip::tcp::socket& socket;
    core::doctor::DialFact& fact() { return endpoint.fact; }
};

/// One protocol each: fills in the fact from the stage "connect" on.
asio::awaitable<void> talk_http(Conversation& talk);
asio::awaitable<void> talk_postgres(Conversation& talk);
/// As a client that insists on TLS; does not log in.
asio::awaitable<void> talk_postgres_by_tls(Conversation& talk);
asio::awaitable<void> talk_mysql(Conversation& talk);
/// As a client that insists on TLS.
asio::awaitable<void> talk_mysql_by_tls(Conversation& talk);
asio::awaitable<void> talk_redis(Conversation& talk);

/// False, with the fact's error filled in, when the socket did not take it all.
asio::awaitable<bool> send_all(Conversation& talk, std::string_view bytes);
/// Exactly so many bytes; empty when they did not come.
asio::awaitable<std::optional<std::string>> receive(Conversation& talk, std::size_t count);
/// Up to and without "\r\n".
asio::awaitable<std::optional<std::string>> receive_line(Conversation& talk);

/// "no answer", "closed without a word", "reset".
void note_failure(Conversation& talk, const error_code& error);

}  // namespace devstack::diagnosis
