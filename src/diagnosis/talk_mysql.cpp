// MySQL and MariaDB: the log-in with the given credentials, and out again. Protocol 10 and the
// capability flags are those of "MySQL Internals", Connection Phase.

#include "devstack/base/text.hpp"

#include "diagnosis/tls_exchange.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include <openssl/evp.h>

namespace devstack::diagnosis {

namespace {

constexpr unsigned connect_with_database = 0x8;
constexpr unsigned protocol_41 = 0x200;
constexpr unsigned by_tls = 0x800;
constexpr unsigned secure_connection = 0x8000;
constexpr unsigned plugin_auth = 0x80000;

struct Packet {
    std::uint8_t number = 0;
    std::string body;
};

std::string little_endian(std::uint32_t number, std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes += static_cast<char>(number >> (8U * i) & 0xFFU);
    return bytes;
}

asio::awaitable<std::optional<Packet>> receive_packet(Conversation& talk) {
    const auto head = co_await receive(talk, 4);
    if (!head) co_return std::nullopt;
    std::size_t size = 0;
    for (const std::size_t i : {2U, 1U, 0U})
        size = size << 8U | static_cast<unsigned char>((*head)[i]);
    constexpr std::size_t size_max = 64 * 1024;
    if (size == 0 || size > size_max) {
        talk.fact().error = "the answer is not MySQL's";
        co_return std::nullopt;
    }
    auto body = co_await receive(talk, size);
    if (!body) co_return std::nullopt;
    co_return Packet{static_cast<std::uint8_t>((*head)[3]), std::move(*body)};
}

std::string render_packet(unsigned number, const std::string& body) {
    return little_endian(static_cast<std::uint32_t>(body.size()), 3) + static_cast<char>(number) +
           body;
}

std::string digest(const EVP_MD* kind, const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    ::EVP_Digest(text.data(), text.size(), bytes.data(), &size, kind, nullptr);
    return {reinterpret_cast<const char*>(bytes.data()), size};
}

std::string combine(std::string a, const std::string& b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
        a[i] = static_cast<char>(a[i] ^ b[i]);
    return a;
}

/// Empty also when the server wants a way that we do not know.
std::string scramble(const std::string& plugin, const std::string& password, std::string salt) {
    constexpr std::size_t salt_size = 20;
    salt.resize(salt_size);
    if (password.empty()) return "";
    if (plugin == "mysql_native_password") {
        const std::string once = digest(::EVP_sha1(), password);
        return combine(once, digest(::EVP_sha1(), salt + digest(::EVP_sha1(), once)));
    }
    if (plugin == "caching_sha2_password") {
        const std::string once = digest(::EVP_sha256(), password);
        return combine(once, digest(::EVP_sha256(), digest(::EVP_sha256(), once) + salt));
    }
    return "";
}

/// What the server says of itself first.
struct Greeting {
    bool has_tls = false;
    std::string salt;
    std::string plugin = "mysql_native_password";
};

std::optional<Greeting> parse_greeting(const std::string& body) {
    constexpr char protocol_10 = 10;
    constexpr std::size_t first_salt = 8;
    const auto version_end = body.find('\0', 1);
    if (body[0] != protocol_10 || version_end == body.npos) return std::nullopt;
    const std::size_t at = version_end + 1 + 4;  // Behind the number of the connection.
    constexpr std::size_t rest = first_salt + 1 + 2 + 1 + 2 + 2 + 1 + 10;
    if (body.size() < at + rest + 12) return std::nullopt;
    Greeting greeting;
    const auto flags = static_cast<unsigned char>(body[at + first_salt + 2]);
    greeting.has_tls = (static_cast<unsigned>(flags) << 8U & by_tls) != 0;
    greeting.salt = body.substr(at, first_salt) + body.substr(at + rest, 12);
    const std::size_t plugin = at + rest + 13;
    if (plugin < body.size())
        greeting.plugin = body.substr(plugin, body.find('\0', plugin) - plugin);
    return greeting;
}

/// With which a log-in begins; a client that wants TLS sends this alone first.
std::string render_wishes(const Endpoint& endpoint, bool wants_tls) {
    constexpr std::uint32_t packet_max = 1U << 24U;
    constexpr char utf8 = 33;
    unsigned flags = protocol_41 | secure_connection | plugin_auth;
    if (!endpoint.database.empty()) flags |= connect_with_database;
    if (wants_tls) flags |= by_tls;
    return little_endian(flags, 4) + little_endian(packet_max, 4) + utf8 + std::string(23, '\0');
}

std::string render_login(const Endpoint& endpoint, const Greeting& greeting, bool wants_tls) {
    const std::string proof = scramble(greeting.plugin, endpoint.password, greeting.salt);
    std::string body = render_wishes(endpoint, wants_tls) + endpoint.user + '\0' +
                       static_cast<char>(proof.size()) + proof;
    if (!endpoint.database.empty()) body += endpoint.database + '\0';
    return body + greeting.plugin + '\0';
}

/// A number, then as a rule "#" and five characters of SQLSTATE, then the message.
void keep_error(Conversation& talk, const std::string& body) {
    constexpr std::size_t state_size = 6;
    if (body.size() < 3) return;
    talk.fact().stage = "done";
    talk.fact().code =
        std::to_string(static_cast<unsigned char>(body[1]) |
                       static_cast<unsigned>(static_cast<unsigned char>(body[2])) << 8U);
    const bool has_state = body.size() > 3 + state_size && body[3] == '#';
    talk.fact().error = sane_text(body.substr(has_state ? 3 + state_size : 3));
}

constexpr char ok_packet = '\0';
constexpr char more_packet = 1;
constexpr char switch_packet = '\xFE';
constexpr char error_packet = '\xFF';

/// True when the server has let us in; false when it has not, or it can not be told.
asio::awaitable<bool> finish_login(Conversation& talk) {
    constexpr int rounds_max = 5;
    for (int round = 0; round < rounds_max; ++round) {
        const auto packet = co_await receive_packet(talk);
        if (!packet) co_return false;
        const std::string& body = packet->body;
        if (body[0] == error_packet) keep_error(talk, body);
        if (body[0] == error_packet || body[0] == ok_packet) co_return body[0] == ok_packet;
        constexpr char needs_tls = 4;
        if (body[0] == more_packet && body.size() > 1 && body[1] == needs_tls) break;
        if (body[0] != switch_packet) continue;
        const auto end = body.find('\0', 1);
        if (end == body.npos) break;
        const std::string plugin = body.substr(1, end - 1);
        const std::string proof = scramble(plugin, talk.endpoint.password, body.substr(end + 1));
        if (proof.empty() && !talk.endpoint.password.empty()) break;
        const std::string answer = render_packet(packet->number + 1U, proof);
        if (!co_await send_all(talk, answer)) co_return false;
    }
    talk.fact().stage = "done";  // Some other way to log in; that it speaks is enough.
    co_return false;
}

// ---- Who is connected, and waits
// -----------------------------------------------------------------

using Row = std::vector<std::string>;

/// A length-encoded string each; NULL is a byte of its own.
Row parse_row(const std::string& body) {
    constexpr unsigned null_mark = 0xFB;
    constexpr unsigned two_bytes = 0xFC;
    Row row;
    for (std::size_t at = 0; at < body.size();) {
        std::size_t size = static_cast<unsigned char>(body[at++]);
        row.emplace_back();
        if (size == null_mark) continue;
        if (size > two_bytes) break;  // Nothing that is asked for here is so long.
        if (size == two_bytes) {
            if (at + 2 > body.size()) break;
            size = static_cast<unsigned char>(body[at]) |
                   static_cast<std::size_t>(static_cast<unsigned char>(body[at + 1])) << 8U;
            at += 2;
        }
        if (at + size > body.size()) break;
        row.back() = sane_text(body.substr(at, size));
        at += size;
    }
    return row;
}

/// Empty: there was no answer. Of a query that is refused there are no rows.
asio::awaitable<std::optional<std::vector<Row>>> ask_for_rows(Conversation& talk,
                                                              std::string query) {
    constexpr std::size_t end_size_max = 9;
    constexpr int rows_max = 500;
    const std::string message = render_packet(0, '\x03' + query);  // COM_QUERY
    if (!co_await send_all(talk, message)) co_return std::nullopt;
    std::vector<Row> rows;
    int ends = 0;
    bool is_first = true;
    for (int i = 0; i < rows_max; ++i) {
        const auto packet = co_await receive_packet(talk);
        if (!packet) co_return std::nullopt;
        const std::string& body = packet->body;
        const bool is_end = body[0] == switch_packet && body.size() < end_size_max;
        if (body[0] == error_packet || (is_first && body[0] == ok_packet)) co_return rows;
        is_first = false;
        if (is_end && ++ends == 2) co_return rows;
        // Before the first end stand the columns.
        if (!is_end && ends == 1) rows.push_back(parse_row(body));
    }
    co_return std::nullopt;
}

int number_in(const std::string& text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "127.0.0.1:40512".
int port_in(const std::string& host) {
    const auto colon = host.rfind(':');
    return colon == host.npos ? 0 : number_in(host.substr(colon + 1));
}

/// Of the processes that this user may see: as a rule his own.
asio::awaitable<bool> ask_for_sessions(Conversation& talk) {
    constexpr std::size_t query_max = 100;
    const auto rows = co_await ask_for_rows(talk, "SHOW PROCESSLIST");
    if (!rows) co_return false;
    for (const Row& row : *rows) {
        enum Column : std::size_t { id, user, host, database, command, time, state, info };
        if (row.size() <= info) continue;
        const bool is_own = row[info] == "SHOW PROCESSLIST";
        const bool is_client =
            row[command] == "Query" || row[command] == "Sleep" || row[command] == "Execute";
        if (is_own || !is_client || port_in(row[host]) == 0) continue;
        const std::string what = row[command] == "Sleep" ? "idle" : row[state];
        talk.fact().sessions.push_back({number_in(row[id]),
                                        port_in(row[host]),
                                        "",
                                        what.empty() ? "active" : what,
                                        number_in(row[time]),
                                        row[info].substr(0, query_max)});
    }
    co_return true;
}

/// Who waits for whose row, where this user may know.
asio::awaitable<std::vector<Row>> ask_for_row_locks(Conversation& talk) {
    const auto rows = co_await ask_for_rows(
        talk,
        "SELECT waiting_pid, blocking_pid FROM sys.innodb_lock_waits WHERE wait_age_secs > 1 LIMIT "
        "10");
    co_return rows ? *rows : std::vector<Row>{};
}

/// Whose transaction is open, where this user may know (PROCESS).
asio::awaitable<std::vector<Row>> ask_for_transactions(Conversation& talk) {
    const auto rows = co_await ask_for_rows(
        talk, "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx LIMIT 50");
    co_return rows ? *rows : std::vector<Row>{};
}

using core::doctor::LockWaitFact;
using core::doctor::SessionFact;

const SessionFact* find_session(const std::vector<SessionFact>& sessions, int id) {
    const auto found = std::ranges::find(sessions, id, &SessionFact::id);
    return found == sessions.end() ? nullptr : &*found;
}

LockWaitFact make_wait(const SessionFact& waiter, const SessionFact* blocker) {
    LockWaitFact wait;
    wait.pid = waiter.id;
    wait.seconds = waiter.seconds;
    wait.query = waiter.query;
    wait.port = waiter.port;
    if (blocker == nullptr) return wait;
    wait.blocker_pid = blocker->id;
    wait.blocker_state = blocker->state == "idle" ? "idle in transaction" : blocker->state;
    wait.blocker_seconds = blocker->seconds;
    wait.blocker_query = blocker->query;
    wait.blocker_port = blocker->port;
    return wait;
}

/// MDL: whoever holds it has been there for longer than the first that waits, and does not wait. It
/// is told if there is only one such.
void add_metadata_waits(const std::vector<Row>& transactions, core::doctor::DialFact& fact) {
    const auto waits = [](const SessionFact& it) {
        return it.state.starts_with("Waiting for ") && it.state.ends_with(" lock");
    };
    int longest = 0;
    for (const SessionFact& it : fact.sessions) {
        if (waits(it)) longest = std::max(longest, it.seconds);
    }
    std::vector<const SessionFact*> holders;
    for (const SessionFact& it : fact.sessions) {
        const bool has_transaction = std::ranges::any_of(transactions, [&](const Row& row) {
            return !row.empty() && number_in(row[0]) == it.id;
        });
        const bool may_hold = transactions.empty() || has_transaction;
        if (!waits(it) && it.seconds >= longest && may_hold) holders.push_back(&it);
    }
    const SessionFact* const holder = holders.size() == 1 ? holders.front() : nullptr;
    const SessionFact* first = nullptr;
    for (const SessionFact& it : fact.sessions) {
        if (!waits(it) || it.seconds < 1) continue;
        if (first == nullptr || it.seconds > first->seconds) first = &it;
    }
    for (const SessionFact& it : fact.sessions) {
        if (!waits(it) || it.seconds < 1) continue;
        fact.lock_waits.push_back(make_wait(it, &it == first ? holder : first));
    }
}

asio::awaitable<void> ask_who_waits(Conversation& talk) {
    if (!co_await ask_for_sessions(talk)) co_return;
    auto& fact = talk.fact();
    const bool has_long = std::ranges::any_of(
        fact.sessions, [](const SessionFact& it) { return it.state != "idle" && it.seconds >= 1; });
    if (!has_long) co_return;
    const auto transactions = co_await ask_for_transactions(talk);
    add_metadata_waits(transactions, fact);
    for (const Row& row : co_await ask_for_row_locks(talk)) {
        if (row.size() != 2) continue;
        const SessionFact* const waiter = find_session(fact.sessions, number_in(row[0]));
        const SessionFact* const blocker = find_session(fact.sessions, number_in(row[1]));
        if (waiter != nullptr) fact.lock_waits.push_back(make_wait(*waiter, blocker));
    }
}

}  // namespace

asio::awaitable<void> talk_mysql(Conversation& talk) {
    talk.fact().stage = "first byte";
    const auto packet = co_await receive_packet(talk);
    if (!packet) co_return;
    if (packet->body[0] == error_packet) {
        keep_error(talk, packet->body);
        co_return;
    }
    const auto greeting = parse_greeting(packet->body);
    if (!greeting) {
        talk.fact().error = "the answer is not MySQL's";
        co_return;
    }
    if (talk.endpoint.user.empty()) {
        talk.fact().stage = "done";
        co_return;
    }
    const std::string login =
        render_packet(packet->number + 1U, render_login(talk.endpoint, *greeting, false));
    if (!co_await send_all(talk, login)) co_return;
    if (!co_await finish_login(talk)) co_return;
    talk.endpoint.is_let_in = true;
    co_await ask_who_waits(talk);
    const std::string quit = render_packet(0, std::string(1, '\x01'));  // COM_QUIT
    co_await send_all(talk, quit);
    // We were in, whatever came of the questions.
    talk.fact().stage = "done";
    talk.fact().error.clear();
}

namespace {

/// The log-in once more in a protected connection. Its password goes over it as the usual proof
/// alone, since nobody has looked at the certificate.
asio::awaitable<void> log_in_protected(Conversation& talk, const Greeting& greeting) {
    TlsExchange exchange{talk};
    if (!co_await exchange.begin()) co_return;
    std::string message = render_packet(2, render_login(talk.endpoint, greeting, true));
    constexpr std::size_t head = 4;
    constexpr int rounds_max = 3;
    for (int round = 0; round < rounds_max; ++round) {
        const auto answer = co_await exchange.ask(message);
        if (!answer) co_return;
        if (answer->size() <= head) {
            note_failure(talk, {});
            co_return;
        }
        const std::string body = answer->substr(head);
        talk.fact().stage = "done";
        if (body[0] == error_packet) keep_error(talk, body);
        if (body[0] == error_packet || body[0] == ok_packet) co_return;
        const auto end = body.find('\0', 1);
        if (body[0] != switch_packet || end == body.npos) break;
        const std::string proof =
            scramble(body.substr(1, end - 1), talk.endpoint.password, body.substr(end + 1));
        if (proof.empty()) break;
        const auto number = static_cast<unsigned char>((*answer)[3]);
        message = render_packet(number + 1U, proof);
    }
    talk.fact().code = "unknown";
    talk.fact().error = "some other way to log in is wanted";
}

}  // namespace

asio::awaitable<void> talk_mysql_by_tls(Conversation& talk) {
    talk.fact().stage = "first byte";
    const auto packet = co_await receive_packet(talk);
    if (!packet) co_return;
    const auto greeting = parse_greeting(packet->body);
    if (packet->body[0] == error_packet) keep_error(talk, packet->body);
    if (!greeting) co_return;
    if (!greeting->has_tls) {
        talk.fact().stage = "done";
        talk.fact().code = "no TLS";
        talk.fact().error = "the server offers no TLS";
        co_return;
    }
    const std::string request =
        render_packet(packet->number + 1U, render_wishes(talk.endpoint, true));
    if (!co_await send_all(talk, request)) co_return;
    co_await log_in_protected(talk, *greeting);
}

}  // namespace devstack::diagnosis
