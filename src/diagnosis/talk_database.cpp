// Log in, look at the answer, leave. Nothing is asked but who we are, and of PostgreSQL who waits
// for whom.

#include "devstack/base/text.hpp"

#include "diagnosis/certificates.hpp"
#include "diagnosis/conversation.hpp"
#include "diagnosis/scram.hpp"

#include <charconv>
#include <cstdint>
#include <map>

#include <boost/asio/write.hpp>

namespace devstack::diagnosis {

namespace {

namespace ssl = boost::asio::ssl;

std::string big_endian(std::uint32_t number) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0})
        bytes += static_cast<char>(number >> static_cast<unsigned>(shift) & 0xFFU);
    return bytes;
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = at; i < at + 4 && i < bytes.size(); ++i)
        number = number << 8U | static_cast<unsigned char>(bytes[i]);
    return number;
}

/// One message of PostgreSQL's protocol: a letter, a length, a body.
struct Message {
    char kind = 0;
    std::string body;
};

std::string render_message(char kind, const std::string& body) {
    return kind + big_endian(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

asio::awaitable<std::optional<Message>> receive_message(Conversation& talk) {
    constexpr std::uint32_t message_max = 64 * 1024;
    const auto head = co_await receive(talk, 5);
    if (!head) co_return std::nullopt;
    const std::uint32_t size = number_at(*head, 1);
    if (size < 4 || size > message_max) {
        talk.fact().error = "the answer is not PostgreSQL's";
        co_return std::nullopt;
    }
    auto body = co_await receive(talk, size - 4);
    if (!body) co_return std::nullopt;
    co_return Message{(*head)[0], std::move(*body)};
}

/// The fields of an ErrorResponse by their letters: C is the SQLSTATE, M the message.
std::map<char, std::string> parse_error_fields(const std::string& body) {
    std::map<char, std::string> fields;
    std::size_t at = 0;
    while (at < body.size() && body[at] != '\0') {
        const std::size_t end = std::min(body.find('\0', at), body.size());
        fields[body[at]] = sane_text(body.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return fields;
}

/// What to answer to a request for authentication; empty when we can not.
std::optional<std::string> answer_challenge(const Endpoint& endpoint,
                                            const std::string& body,
                                            std::optional<Scram>& scram) {
    constexpr std::uint32_t clear_text = 3;
    constexpr std::uint32_t md5 = 5;
    constexpr std::uint32_t sasl = 10;
    constexpr std::uint32_t sasl_continue = 11;
    const std::string rest = body.substr(4);
    switch (number_at(body, 0)) {
        case clear_text: return render_message('p', endpoint.password + '\0');
        case md5:
            return render_message(
                'p', md5_password(endpoint.user, endpoint.password, rest.substr(0, 4)) + '\0');
        case sasl: {
            if (rest.find("SCRAM-SHA-256") == rest.npos) return std::nullopt;
            scram.emplace(endpoint.password);
            const std::string first = scram->first_message();
            return render_message('p',
                                  std::string{"SCRAM-SHA-256"} + '\0' +
                                      big_endian(static_cast<std::uint32_t>(first.size())) + first);
        }
        case sasl_continue: {
            const auto last = scram ? scram->last_message(rest) : std::nullopt;
            if (!last) return std::nullopt;
            return render_message('p', *last);
        }
        default: return std::string{};  // Nothing is to be answered.
    }
}

void keep_error(core::doctor::DialFact& fact, const std::string& body) {
    auto fields = parse_error_fields(body);
    fact.stage = "done";
    fact.code = fields['C'];
    fact.error = fields['M'];
}

/// Who waits for a lock, and for whom. Reads statistics only. Long queries are cut: data in them is
/// nobody's business, and their beginning tells which they are.
constexpr const char* lock_query =
    "SELECT w.pid, coalesce(w.application_name, ''), "
    "extract(epoch FROM clock_timestamp() - w.query_start)::int, left(w.query, 100), "
    "b.pid, coalesce(b.application_name, ''), coalesce(b.state, ''), "
    "extract(epoch FROM clock_timestamp() - b.state_change)::int, left(b.query, 100) "
    "FROM pg_stat_activity w "
    "CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocker(pid) "
    "JOIN pg_stat_activity b ON b.pid = blocker.pid "
    "WHERE w.datname = current_database() AND w.wait_event_type = 'Lock' "
    "AND clock_timestamp() - w.query_start > interval '1 second' ORDER BY 3 DESC LIMIT 10";

/// The columns of a DataRow; of NULL nothing.
std::vector<std::string> parse_row(const std::string& body) {
    std::vector<std::string> columns;
    constexpr std::uint32_t null_length = 0xFFFFFFFF;
    for (std::size_t at = 2; at + 4 <= body.size();) {
        const std::uint32_t size = number_at(body, at);
        at += 4;
        columns.emplace_back();
        if (size == null_length || at + size > body.size()) continue;
        columns.back() = sane_text(body.substr(at, size));
        at += size;
    }
    return columns;
}

int number_in(const std::string& text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

asio::awaitable<void> ask_for_lock_waits(Conversation& talk) {
    if (!co_await send_all(talk, render_message('Q', std::string{lock_query} + '\0'))) co_return;
    for (;;) {
        const auto message = co_await receive_message(talk);
        if (!message || message->kind == 'Z') co_return;
        if (message->kind != 'D') continue;
        const auto row = parse_row(message->body);
        constexpr std::size_t columns = 9;
        if (row.size() != columns) continue;
        talk.fact().lock_waits.push_back({number_in(row[0]),
                                          row[1],
                                          number_in(row[2]),
                                          row[3],
                                          number_in(row[4]),
                                          row[5],
                                          row[6],
                                          number_in(row[7]),
                                          row[8]});
    }
}

std::string render_startup(const Endpoint& endpoint) {
    const std::string database = endpoint.database.empty() ? endpoint.user : endpoint.database;
    std::string startup = big_endian(3U << 16U);
    for (const std::string& word : {std::string{"user"},
                                    endpoint.user,
                                    std::string{"database"},
                                    database,
                                    std::string{"application_name"},
                                    std::string{"devstack doctor"}}) {
        startup += word + '\0';
    }
    startup += '\0';
    return big_endian(static_cast<std::uint32_t>(startup.size() + 4)) + startup;
}

/// Asks in a protected connection whether we would be let in as far as the address, the role and
/// the database go: pg_hba.conf is read before a password is wanted.
asio::awaitable<void> ask_protected(Conversation& talk) {
    ssl::context context{ssl::context::tls_client};
    // Reading what this system trusts takes its time; whoever only encrypts does not look.
    if (talk.endpoint.tls == core::TlsMode::verify) trust(context, talk.endpoint.ca_file);
    error_code ignored;
    context.set_verify_mode(ssl::verify_none, ignored);
    ssl::stream<asio::ip::tcp::socket&> stream{talk.socket, context};
    talk.fact().stage = "tls";
    const auto [unable] = co_await stream.async_handshake(ssl::stream_base::client, as_result);
    if (unable) {
        note_failure(talk, unable);
        co_return;
    }
    examine_certificate(stream.native_handle(), talk.fact());
    const std::string startup = render_startup(talk.endpoint);
    const auto [unsent, sent] =
        co_await asio::async_write(stream, asio::buffer(startup), as_result);
    if (unsent) {
        note_failure(talk, unsent);
        co_return;
    }
    constexpr std::size_t answer_max = 2048;
    constexpr std::size_t head = 5;
    std::string answer(answer_max, '\0');
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(answer), as_result);
    if (error) {
        note_failure(talk, error);
        co_return;
    }
    talk.fact().stage = "done";
    answer.resize(size);
    if (answer.starts_with('E') && size > head) keep_error(talk.fact(), answer.substr(head));
}

}  // namespace

asio::awaitable<void> talk_postgres_by_tls(Conversation& talk) {
    // SSLRequest, to which one letter is the answer: S or N.
    constexpr std::uint32_t ssl_request = 80877103;
    constexpr std::uint32_t size = 8;
    const std::string request = big_endian(size) + big_endian(ssl_request);
    if (!co_await send_all(talk, request)) co_return;
    const auto letter = co_await receive(talk, 1);
    if (!letter) co_return;
    if (*letter == "S") {
        co_await ask_protected(talk);
        co_return;
    }
    talk.fact().stage = "done";
    talk.fact().code = "no TLS";
    talk.fact().error = "the server offers no TLS";
}

asio::awaitable<void> talk_postgres(Conversation& talk) {
    const Endpoint& endpoint = talk.endpoint;
    const std::string startup = render_startup(endpoint);
    if (!co_await send_all(talk, startup)) co_return;
    std::optional<Scram> scram;
    for (;;) {
        const auto message = co_await receive_message(talk);
        if (!message) co_return;
        if (message->kind == 'E') {
            keep_error(talk.fact(), message->body);
            co_return;
        }
        if (message->kind == 'Z') break;  // Ready for queries: we are in.
        if (message->kind != 'R' || message->body.size() < 4) continue;
        const bool is_asked = number_at(message->body, 0) != 0;
        if (is_asked && endpoint.password.empty()) {
            talk.fact().stage = "done";
            talk.fact().code = "no password";
            talk.fact().error = "a password is asked for";
            co_return;
        }
        const auto answer = answer_challenge(endpoint, message->body, scram);
        if (!answer) {
            talk.fact().stage = "done";  // Some other way to log in; that it speaks is enough.
            co_return;
        }
        if (!answer->empty() && !co_await send_all(talk, *answer)) co_return;
    }
    talk.fact().stage = "done";
    co_await ask_for_lock_waits(talk);
    co_await send_all(talk, render_message('X', ""));
    // We were in, whatever came of the question.
    talk.fact().stage = "done";
    talk.fact().error.clear();
}

}  // namespace devstack::diagnosis
