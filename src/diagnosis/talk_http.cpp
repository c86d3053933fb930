#include "devstack/base/text.hpp"
#include "devstack/core/probes/url.hpp"
#include "devstack/version.hpp"

#include "diagnosis/certificates.hpp"
#include "diagnosis/conversation.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace devstack::diagnosis {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using core::doctor::DialFact;
using core::doctor::HeaderFact;

constexpr std::size_t body_shown_max = 2000;
constexpr std::size_t body_read_max = 64 * 1024;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::string render_request(const Endpoint& endpoint) {
    const DialFact& fact = endpoint.fact;
    const int usual = fact.protocol == "https" ? 443 : 80;
    std::string host = fact.host.find(':') == fact.host.npos ? fact.host : "[" + fact.host + "]";
    if (fact.port != usual) host += ":" + std::to_string(fact.port);
    std::string text =
        endpoint.method + " " + (fact.path.empty() ? "/" : fact.path) + " HTTP/1.1\r\n";
    const auto is_sent = [&](std::string_view name) {
        return std::ranges::any_of(fact.sent,
                                   [&](const HeaderFact& it) { return lower(it.name) == name; });
    };
    if (!is_sent("host")) text += "Host: " + host + "\r\n";
    if (!is_sent("user-agent")) {
        text += "User-Agent: devstack/" + std::string{version} + "\r\n";
    }
    if (!is_sent("accept")) text += "Accept: */*\r\n";
    for (const HeaderFact& header : fact.sent)
        text += header.name + ": " + header.value + "\r\n";
    if (!is_sent("connection")) text += "Connection: close\r\n";
    return text + "\r\n";
}

std::string sane_lines(const std::string& text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        result += sane_text(text.substr(at, end - at));
        if (end < text.size()) result += '\n';
        at = end + 1;
    }
    return result;
}

using Parser = http::response_parser<http::string_body>;

void keep_answer(const Parser& parser, Endpoint& endpoint) {
    DialFact& fact = endpoint.fact;
    const auto& answer = parser.get();
    fact.status = static_cast<int>(answer.result_int());
    fact.headers.clear();
    for (const auto& field : answer) {
        fact.headers.push_back(
            {lower(std::string{field.name_string()}), sane_text(std::string{field.value()})});
    }
    const std::size_t shown = fact.purpose == "dump" ? body_read_max : body_shown_max;
    fact.body = sane_lines(answer.body().substr(0, shown));
    const bool has_body = endpoint.body_contains.empty() ||
                          answer.body().find(endpoint.body_contains) != std::string::npos;
    fact.is_unexpected = !endpoint.expect.contains(fact.status) || !has_body;
    fact.expected = endpoint.expect.text();
}

/// A stream never ends: its beginning is enough.
bool is_stream(const Parser& parser) {
    const auto type = parser.get()[http::field::content_type];
    return type.find("event-stream") != type.npos;
}

template <typename Stream>
asio::awaitable<void> ask(Stream& stream, Conversation& talk) {
    DialFact& fact = talk.fact();
    fact.stage = "send";
    const std::string request = render_request(talk.endpoint);
    const auto [unsent, sent] =
        co_await asio::async_write(stream, asio::buffer(request), as_result);
    if (unsent) {
        note_failure(talk, unsent);
        co_return;
    }
    fact.stage = "first byte";
    beast::flat_buffer buffer;
    Parser parser;
    parser.body_limit(body_read_max);
    if (talk.endpoint.method == "HEAD") parser.skip(true);
    const auto [error, size] = co_await http::async_read_header(stream, buffer, parser, as_result);
    if (error && !parser.is_header_done()) {
        note_failure(talk, error);
        const std::string_view got{static_cast<const char*>(buffer.data().data()), buffer.size()};
        if (error.category() == http::make_error_code(http::error::bad_version).category() &&
            error != http::error::end_of_stream && error != http::error::partial_message) {
            fact.error = "the answer is not HTTP";
        }
        if (error == http::error::end_of_stream) {
            fact.error = "closed the connection without an answer";
        }
        fact.body = sane_text(std::string{got.substr(0, 200)});
        co_return;
    }
    fact.stage = "body";
    keep_answer(parser, talk.endpoint);
    while (!parser.is_done()) {
        const auto [broken, count] =
            co_await http::async_read_some(stream, buffer, parser, as_result);
        keep_answer(parser, talk.endpoint);
        // Of a stream that somebody asks about, all that comes in the time there is.
        const bool has_begun = is_stream(parser) && !fact.body.empty();
        fact.is_cut_off =
            broken == http::error::partial_message || broken == asio::error::connection_reset;
        const bool is_to_last = fact.purpose == "asked" || fact.purpose == "compressed";
        if (has_begun && (broken || !is_to_last)) break;
        if (broken == http::error::body_limit || broken == ssl::error::stream_truncated) break;
        if (broken) {
            note_failure(talk, broken);
            co_return;
        }
    }
    fact.stage = "done";
}

/// The second request on a connection that the server has not closed. It may close it only before
/// it has got anything.
template <typename Stream>
asio::awaitable<void> ask_again(Stream& stream, Conversation& talk) {
    DialFact& fact = talk.fact();
    const std::string request = render_request(talk.endpoint);
    const auto [unsent, sent] =
        co_await asio::async_write(stream, asio::buffer(request), as_result);
    beast::flat_buffer buffer;
    Parser parser;
    error_code error = unsent;
    if (!unsent) {
        const auto [broken, size] =
            co_await http::async_read_header(stream, buffer, parser, as_result);
        error = broken;
    }
    const bool is_closed = error == http::error::end_of_stream || error == asio::error::eof ||
                           error == asio::error::connection_reset ||
                           error == asio::error::broken_pipe;
    if (is_closed) {
        fact.stage = "second request";
        fact.error = "closed the connection at the second request";
    }
}

/// What an answer says itself.
bool closes_connection(const DialFact& fact) {
    return std::ranges::any_of(fact.headers, [](const HeaderFact& it) {
        return it.name == "connection" && lower(it.value).find("close") != std::string::npos;
    });
}

bool is_address(const std::string& host) {
    error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

asio::awaitable<void> talk_http(Conversation& talk) {
    DialFact& fact = talk.fact();
    if (fact.protocol == "http") {
        co_await ask(talk.socket, talk);
        const bool is_kept =
            fact.stage == "done" && talk.endpoint.asks_twice && !closes_connection(fact);
        if (is_kept) co_await ask_again(talk.socket, talk);
        co_return;
    }
    fact.stage = "tls";
    ssl::context context{ssl::context::tls_client};
    ::SSL_CTX_set_options(context.native_handle(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    trust(context, talk.endpoint.ca_file);
    // The certificate is looked at afterwards, so that it can be told what is wrong with it.
    error_code ignored;
    context.set_verify_mode(ssl::verify_none, ignored);
    ssl::stream<asio::ip::tcp::socket&> stream{talk.socket, context};
    if (!is_address(fact.host)) {
        ::SSL_ctrl(stream.native_handle(),
                   SSL_CTRL_SET_TLSEXT_HOSTNAME,
                   TLSEXT_NAMETYPE_host_name,
                   fact.host.data());
    }
    const auto [error] = co_await stream.async_handshake(ssl::stream_base::client, as_result);
    if (error) {
        note_failure(talk, error);
        if (error.category() == asio::error::get_ssl_category()) {
            fact.error = "TLS failed: " + error.message();
        }
        co_return;
    }
    examine_certificate(stream.native_handle(), fact);
    if (talk.endpoint.tls == core::TlsMode::verify && !fact.tls_problem.empty()) {
        fact.error = "the certificate is not trusted: " + fact.tls_problem;
        co_return;
    }
    co_await ask(stream, talk);
}

}  // namespace devstack::diagnosis
