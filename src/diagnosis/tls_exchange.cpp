#include "diagnosis/tls_exchange.hpp"

#include "diagnosis/certificates.hpp"

#include <boost/asio/write.hpp>

namespace devstack::diagnosis {

namespace ssl = asio::ssl;

asio::awaitable<bool> TlsExchange::begin() {
    // Reading what this system trusts takes its time; whoever only encrypts does not look.
    if (talk_.endpoint.tls == core::TlsMode::verify) trust(context_, talk_.endpoint.ca_file);
    error_code ignored;
    context_.set_verify_mode(ssl::verify_none, ignored);
    stream_.emplace(talk_.socket, context_);
    talk_.fact().stage = "tls";
    const auto [unable] = co_await stream_->async_handshake(ssl::stream_base::client, as_result);
    if (unable) {
        note_failure(talk_, unable);
        co_return false;
    }
    examine_certificate(stream_->native_handle(), talk_.fact());
    co_return true;
}

asio::awaitable<std::optional<std::string>> TlsExchange::ask(std::string_view message) {
    const auto [unsent, sent] =
        co_await asio::async_write(*stream_, asio::buffer(message), as_result);
    if (unsent) {
        note_failure(talk_, unsent);
        co_return std::nullopt;
    }
    constexpr std::size_t answer_max = 2048;
    std::string answer(answer_max, '\0');
    const auto [error, size] = co_await stream_->async_read_some(asio::buffer(answer), as_result);
    if (error) {
        note_failure(talk_, error);
        co_return std::nullopt;
    }
    answer.resize(size);
    co_return answer;
}

}  // namespace devstack::diagnosis
