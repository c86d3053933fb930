// Log in, look at the answer, leave. Nothing is asked but who we are, and of PostgreSQL who waits
// for whom.

#include "devstack/base/text.hpp"

#include "diagnosis/conversation.hpp"
#include "diagnosis/scram.hpp"
#include "diagnosis/tls_exchange.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <map>

namespace devstack::diagnosis {

namespace {

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
    "extract(epoch FROM clock_timestamp() - b.state_change)::int, left(b.query, 100), "
    "coalesce(w.client_port, 0), coalesce(b.client_port, 0) "
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

/// The other connections of the same role: who is in the middle of a transaction.
constexpr const char* session_query =
    "SELECT pid, coalesce(client_port, 0), coalesce(state, ''), "
    "extract(epoch FROM clock_timestamp() - state_change)::int, left(query, 100) "
    "FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
    "AND pid <> pg_backend_pid() AND client_port > 0 ORDER BY pid LIMIT 60";

using Rows = std::vector<std::vector<std::string>>;

/// Empty: there was no answer. Of a query that is refused there are no rows.
asio::awaitable<std::optional<Rows>> ask_for_rows(Conversation& talk, std::string query) {
    const std::string message_out = render_message('Q', query + '\0');
    if (!co_await send_all(talk, message_out)) co_return std::nullopt;
    Rows rows;
    for (;;) {
        const auto message = co_await receive_message(talk);
        if (!message) co_return std::nullopt;
        if (message->kind == 'Z') co_return rows;
        if (message->kind == 'D') rows.push_back(parse_row(message->body));
    }
}

asio::awaitable<bool> ask_for_lock_waits(Conversation& talk) {
    const auto rows = co_await ask_for_rows(talk, lock_query);
    if (!rows) co_return false;
    for (const auto& row : *rows) {
        constexpr std::size_t columns = 11;
        if (row.size() != columns) continue;
        talk.fact().lock_waits.push_back({number_in(row[0]),
                                          row[1],
                                          number_in(row[2]),
                                          row[3],
                                          number_in(row[4]),
                                          row[5],
                                          row[6],
                                          number_in(row[7]),
                                          row[8],
                                          number_in(row[9]),
                                          number_in(row[10])});
    }
    co_return true;
}

asio::awaitable<bool> ask_for_sessions(Conversation& talk) {
    const auto rows = co_await ask_for_rows(talk, session_query);
    if (!rows) co_return false;
    for (const auto& row : *rows) {
        constexpr std::size_t columns = 5;
        if (row.size() != columns) continue;
        talk.fact().sessions.push_back(
            {number_in(row[0]), number_in(row[1]), "", row[2], number_in(row[3]), row[4]});
    }
    co_return true;
}

/// Where a relation of that name is, in whatever case, and where the client looks for it.
asio::awaitable<bool> ask_for_relation(Conversation& talk) {
    const std::string& name = talk.endpoint.relation;
    const bool is_plain = std::ranges::all_of(
        name, [](unsigned char it) { return std::isalnum(it) != 0 || it == '_' || it > 0x7F; });
    if (name.empty() || !is_plain) co_return true;
    const auto path = co_await ask_for_rows(talk, "SHOW search_path");
    if (!path) co_return false;
    if (!path->empty() && !path->front().empty()) talk.fact().search_path = path->front().front();
    const auto rows = co_await ask_for_rows(
        talk,
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE lower(c.relname) = lower('" +
            name +
            "') AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT LIKE 'pg\\_%' "
            "ORDER BY 1, 2 LIMIT 5");
    if (!rows) co_return false;
    for (const auto& row : *rows) {
        if (row.size() == 2) talk.fact().places.push_back(row[0] + "." + row[1]);
    }
    co_return true;
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
    if (!endpoint.options.empty())
        startup += std::string{"options"} + '\0' + endpoint.options + '\0';
    startup += '\0';
    return big_endian(static_cast<std::uint32_t>(startup.size() + 4)) + startup;
}

/// Asks in a protected connection whether we would be let in as far as the address, the role and
/// the database go: pg_hba.conf is read before a password is wanted.
asio::awaitable<void> ask_protected(Conversation& talk) {
    TlsExchange exchange{talk};
    if (!co_await exchange.begin()) co_return;
    constexpr std::size_t head = 5;
    const auto answer = co_await exchange.ask(render_startup(talk.endpoint));
    if (!answer) co_return;
    talk.fact().stage = "done";
    if (answer->starts_with('E') && answer->size() > head) {
        keep_error(talk.fact(), answer->substr(head));
    }
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
    talk.endpoint.is_let_in = true;
    const bool is_about_relation = !endpoint.relation.empty();
    bool is_answered =
        is_about_relation ? co_await ask_for_relation(talk) : co_await ask_for_lock_waits(talk);
    if (is_answered && !is_about_relation) is_answered = co_await ask_for_sessions(talk);
    talk.fact().is_query_unanswered = !is_answered && talk.fact().error == "no answer";
    const std::string end = render_message('X', "");
    if (is_answered) co_await send_all(talk, end);
    // We were in, whatever came of the question.
    talk.fact().stage = "done";
    talk.fact().error.clear();
}

}  // namespace devstack::diagnosis
