// One GET on a connection of its own. Beast parses the answer as it comes; reading and writing are
// ours, so that a plain and a TLS connection need no second instantiation of its machinery. The
// stages follow each other by callbacks: connect, handshake, request, answer. Whatever ends the
// attempt goes through `finish`, after which late handlers find `is_over_`.

#include "devstack/base/text.hpp"
#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/version.hpp"

#include "probe_attempt.hpp"
#include "tcp_connector.hpp"
#include "tls_contexts.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace devstack::daemon {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using std::chrono::seconds;

/// How much of a body is looked at: a health page says what it has to say in its first lines.
constexpr std::size_t body_size_max = 64 * 1024;
constexpr std::uint32_t header_size_max = 64 * 1024;
constexpr std::size_t read_size = 4 * 1024;

/// A body for Beast's parser of which the beginning is kept.
struct BodyStart {
    using value_type = std::string;

    class Reader {
    public:
        template <bool is_request, class Fields>
        Reader(http::header<is_request, Fields>&, value_type& text) : text_{text} {}

        void init(const boost::optional<std::uint64_t>&, error_code& error) { error = {}; }

        template <class Buffers>
        std::size_t put(const Buffers& buffers, error_code& error) {
            error = {};
            for (auto it = asio::buffer_sequence_begin(buffers);
                 it != asio::buffer_sequence_end(buffers);
                 ++it) {
                const asio::const_buffer piece{*it};
                const std::size_t room = body_size_max - text_.size();
                text_.append(static_cast<const char*>(piece.data()), std::min(piece.size(), room));
            }
            return asio::buffer_size(buffers);
        }

        void finish(error_code& error) { error = {}; }

    private:
        value_type& text_;
    };
    using reader = Reader;  // Under this name Beast looks for it.
};

using Parser = http::response_parser<BodyStart>;

bool is_address(const std::string& host) {
    error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

using Header = std::pair<std::string, std::string>;

bool is_header(const Header& header, std::string_view name) {
    return std::ranges::equal(header.first, name, [](unsigned char left, unsigned char right) {
        return std::tolower(left) == std::tolower(right);
    });
}

std::string render_header(const Header& header) {
    return header.first + ": " + header.second + "\r\n";
}

std::string render_host(const core::UrlProbe& probe) {
    const Port usual{static_cast<std::uint16_t>(probe.is_tls ? 443 : 80)};
    if (probe.port != usual) return render_endpoint(probe.host, probe.port);
    return probe.host.find(':') == probe.host.npos ? probe.host : "[" + probe.host + "]";
}

/// The probe's own headers replace those that are always sent, but for Connection: nothing more is
/// asked on this one.
std::string render_request(const core::UrlProbe& probe) {
    const Header defaults[] = {
        {"Host", render_host(probe)},
        {"User-Agent", std::string{"devstack/"} + std::string{version}},
        {"Accept", "*/*"},
    };
    std::string request = "GET " + probe.target + " HTTP/1.1\r\n";
    for (const Header& usual : defaults) {
        const bool is_replaced = std::ranges::any_of(
            probe.headers, [&](const Header& own) { return is_header(own, usual.first); });
        if (!is_replaced) request += render_header(usual);
    }
    for (const Header& own : probe.headers) {
        if (!is_header(own, "Connection")) request += render_header(own);
    }
    return request + "Connection: close\r\n\r\n";
}

bool has_line_break(const std::string& text) {
    return text.find_first_of(std::string{"\r\n\0", 3}) != text.npos;
}

/// A request that says more than was meant must not leave.
bool is_sendable(const core::UrlProbe& probe) {
    return !has_line_break(probe.target) && !has_line_break(probe.host) &&
           std::ranges::none_of(probe.headers, [](const auto& header) {
               return has_line_break(header.first) || has_line_break(header.second);
           });
}

/// What the macro SSL_set_tlsext_host_name() does, without its C cast.
void send_host_name(SSL* session, std::string host) {
    ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
}

class UrlAttempt : public ProbeAttempt, public std::enable_shared_from_this<UrlAttempt> {
public:
    UrlAttempt(ProbeTools& tools, core::UrlProbe probe, Duration timeout, Finish finish)
        : tools_{tools},
          probe_{std::move(probe)},
          timeout_{timeout},
          finish_{std::move(finish)},
          connector_{std::make_shared<TcpConnector>(
              tools.loop, tools.resolver, probe_.host, probe_.port)} {}

    void start() override {
        if (!prepare()) return;
        connector_->start(timeout_, [self = shared_from_this()](const std::string& failure) {
            if (self->is_over_) return;
            if (!failure.empty()) {
                self->finish(false, failure);
            } else if (self->probe_.is_tls) {
                self->shake_hands();
            } else {
                self->send();
            }
        });
    }

    std::string stage() const override {
        return connector_->stage() + (stage_.empty() ? "" : ", " + stage_);
    }

    void stop() override {
        is_over_ = true;
        connector_->stop();
    }

private:
    /// All that can fail without a connection.
    bool prepare() {
        if (!is_sendable(probe_)) {
            finish(false, "the URL or a header contains a line break");
            return false;
        }
        if (!probe_.body_matches.empty()) {
            auto pattern = core::LinePattern::parse(probe_.body_matches);
            if (!pattern) {
                finish(false, pattern.error().message);
                return false;
            }
            pattern_.emplace(std::move(*pattern));
        }
        return !probe_.is_tls || prepare_tls();
    }

    bool prepare_tls() {
        auto context = tools_.tls_contexts.find_or_make(probe_.tls, probe_.ca_file);
        if (!context) {
            finish(false, "TLS: " + context.error().message);
            return false;
        }
        tls_context_ = *context;
        // Asio throws when OpenSSL has no memory for a session.
        try {
            tls_.emplace(connector_->socket(), *tls_context_);
        } catch (const std::exception& failure) {
            finish(false, std::string{"TLS: "} + failure.what());
            return false;
        }
        SSL* session = tls_->native_handle();
        if (is_address(probe_.host)) {
            ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), probe_.host.c_str());
        } else {
            send_host_name(session, probe_.host);
            ::SSL_set1_host(session, probe_.host.c_str());
        }
        return true;
    }

    void shake_hands() {
        stage_ = "TLS handshake begun";
        tls_->async_handshake(ssl::stream_base::client,
                              [self = shared_from_this()](const error_code& error) {
                                  if (self->is_over_) return;
                                  if (error) {
                                      self->finish(false, self->render_tls_failure(error));
                                  } else {
                                      self->send();
                                  }
                              });
    }

    std::string render_tls_failure(const error_code& error) {
        const long verdict = ::SSL_get_verify_result(tls_->native_handle());
        if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
            return "TLS: the certificate is not for " + probe_.host;
        }
        if (verdict != X509_V_OK && probe_.tls == core::TlsMode::verify) {
            return std::string{"TLS: "} + ::X509_verify_cert_error_string(verdict);
        }
        const bool is_closed = error == asio::error::eof || error == ssl::error::stream_truncated ||
                               error == asio::error::connection_reset;
        if (is_closed) return "TLS: " + connector_->peer() + " closed the connection";
        const char* reason = ::ERR_reason_error_string(static_cast<unsigned long>(error.value()));
        const bool is_ours = error.category() == asio::error::get_ssl_category();
        const std::string said = is_ours && reason != nullptr ? reason : error.message();
        const bool is_plain = said == "wrong version number";
        return "TLS: " + (is_plain ? connector_->peer() + " does not speak TLS" : said);
    }

    void send() {
        stage_ = "sending the request";
        request_ = render_request(probe_);
        const auto sent = [self = shared_from_this()](const error_code& error, std::size_t) {
            if (self->is_over_) return;
            if (error) {
                self->finish(false, self->render_break(error));
                return;
            }
            self->stage_ = "request sent";
            self->renew_parser();
            self->receive();
        };
        if (tls_) {
            asio::async_write(*tls_, asio::buffer(request_), sent);
        } else {
            asio::async_write(connector_->socket(), asio::buffer(request_), sent);
        }
    }

    void renew_parser() {
        parser_.emplace();
        parser_->eager(true);
        parser_->header_limit(header_size_max);
        parser_->body_limit(boost::none);
    }

    void receive() {
        const auto received = [self = shared_from_this()](const error_code& error,
                                                          std::size_t size) {
            if (self->is_over_) return;
            self->buffer_.commit(size);
            if (error) {
                self->end_of_input(error);
            } else {
                self->parse();
            }
        };
        if (tls_) {
            tls_->async_read_some(buffer_.prepare(read_size), received);
        } else {
            connector_->socket().async_read_some(buffer_.prepare(read_size), received);
        }
    }

    void parse() {
        while (!is_over_ && buffer_.size() > 0) {
            error_code error;
            const std::size_t used = parser_->put(buffer_.data(), error);
            buffer_.consume(used);
            const bool is_incomplete = error == http::error::need_more;
            if (error && !is_incomplete) {
                finish(false, render_failure(error));
                return;
            }
            judge();
            if (is_incomplete) break;
        }
        if (buffer_.size() > header_size_max) {  // Beast has no limit for what is between chunks.
            finish(false, render_nonsense("a line of more than 64 KiB"));
        }
        if (!is_over_) receive();
    }

    /// The end of the connection ends a body without a length; anything else it cuts off.
    void end_of_input(const error_code& error) {
        const bool is_clean = error == asio::error::eof || error == ssl::error::stream_truncated;
        error_code incomplete;
        if (is_clean && parser_->got_some()) parser_->put_eof(incomplete);
        if (!is_clean) {
            finish(false, render_break(error));
        } else if (incomplete || !parser_->is_done()) {
            finish(false, render_closed());
        } else {
            judge();
        }
        DEVSTACK_ASSERT(is_over_, "nothing is read after the end of the connection");
    }

    /// Answers as soon as enough is there.
    void judge() {
        if (!parser_->is_header_done()) return;
        const int status = static_cast<int>(parser_->get().result_int());
        constexpr int switching_protocols = 101;
        if (status < 200 && status != switching_protocols) {  // Interim: the real one follows.
            if (parser_->is_done()) renew_parser();
            return;
        }
        stage_ = "status " + std::to_string(status) + ", body incomplete";
        if (!probe_.expect.contains(status)) {
            finish(false, "status " + std::to_string(status) + ", wanted " + probe_.expect.text());
            return;
        }
        judge_body(status);
    }

    void judge_body(int status) {
        const std::string& body = parser_->get().body();
        const bool is_whole = parser_->is_done() || body.size() >= body_size_max;
        const bool has_text = has_wanted_text(body);
        if (has_text && !pattern_) {
            finish(true, "status " + std::to_string(status));
        } else if (is_whole) {
            judge_whole_body(status, has_text, body);
        }
    }

    void judge_whole_body(int status, bool has_text, const std::string& body) {
        const std::string what =
            parser_->is_done() ? "the body does not " : "the first 64 KiB of the body do not ";
        if (!has_text) {
            finish(false, what + "contain \"" + probe_.body_contains + "\"");
            return;
        }
        if (!pattern_->is_found_in(body)) {
            finish(false, what + "match \"" + probe_.body_matches + "\"");
        } else {
            finish(true, "status " + std::to_string(status));
        }
    }

    /// Looks at each part of the body once, however small the pieces are in which it comes.
    bool has_wanted_text(const std::string& body) {
        const std::string& wanted = probe_.body_contains;
        if (wanted.empty() || is_text_found_) return true;
        const std::size_t begin = searched_ < wanted.size() ? 0 : searched_ - wanted.size();
        searched_ = body.size();
        is_text_found_ = body.find(wanted, begin) != body.npos;
        return is_text_found_;
    }

    std::string render_failure(const error_code& error) const {
        if (error == http::error::header_limit) {
            return "the answer of " + connector_->peer() + " has more than 64 KiB of headers";
        }
        constexpr char tls_alert = 0x15;
        const auto bytes = buffer_.data();
        const bool is_tls_alert = !tls_ && !parser_->is_header_done() && bytes.size() > 0 &&
                                  *static_cast<const char*>(bytes.data()) == tls_alert;
        if (is_tls_alert) return connector_->peer() + " speaks TLS: use https";
        return render_nonsense(error.message());
    }

    std::string render_nonsense(const std::string& reason) const {
        return "the answer of " + connector_->peer() + " is not HTTP (" + reason + ")";
    }

    std::string render_closed() const {
        if (!parser_->got_some()) {
            return connector_->peer() + " closed the connection without an answer";
        }
        return connector_->peer() + " closed the connection in the middle of its answer";
    }

    std::string render_break(const error_code& error) const {
        if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
            return "connection reset by " + connector_->peer();
        }
        return "connection to " + connector_->peer() + " broke: " + error.message();
    }

    void finish(bool is_success, const std::string& detail) {
        if (is_over_) return;
        stop();
        finish_(is_success, sane_text(detail));
    }

    ProbeTools& tools_;
    core::UrlProbe probe_;
    Duration timeout_;
    Finish finish_;
    std::shared_ptr<TcpConnector> connector_;
    std::shared_ptr<ssl::context> tls_context_;
    std::optional<ssl::stream<asio::ip::tcp::socket&>> tls_;
    std::optional<core::LinePattern> pattern_;
    std::optional<Parser> parser_;
    std::string request_;
    beast::flat_buffer buffer_;
    std::string stage_;
    std::size_t searched_ = 0;
    bool is_text_found_ = false;
    bool is_over_ = false;
};

}  // namespace

std::shared_ptr<ProbeAttempt> make_url_attempt(ProbeTools& tools,
                                               const core::UrlProbe& probe,
                                               Duration timeout,
                                               ProbeAttempt::Finish finish) {
    return std::make_shared<UrlAttempt>(tools, probe, timeout, std::move(finish));
}

}  // namespace devstack::daemon
