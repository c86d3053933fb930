#pragma once

#include "diagnosis/conversation.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace devstack::diagnosis {

/// Messages over TLS in a conversation that has agreed on it. What goes wrong is noted in its fact.
/// Who the other side is is looked at, but nothing depends on it.
class TlsExchange {
public:
    explicit TlsExchange(Conversation& talk) : talk_{talk} {}

    /// False: there is no protected connection.
    asio::awaitable<bool> begin();
    /// What comes first after the message, at most 2 KiB; empty: nothing.
    asio::awaitable<std::optional<std::string>> ask(std::string_view message);

private:
    Conversation& talk_;
    asio::ssl::context context_{asio::ssl::context::tls_client};
    std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> stream_;
};

}  // namespace devstack::diagnosis
