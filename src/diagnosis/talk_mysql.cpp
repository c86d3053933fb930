// MySQL and MariaDB: the log-in with the given credentials, and out again. Protocol 10 and the
// capability flags are those of "MySQL Internals", Connection Phase.

#include "devstack/base/text.hpp"

#include "diagnosis/conversation.hpp"

#include <array>
#include <cstdint>

#include <openssl/evp.h>

namespace devstack::diagnosis {

namespace {

constexpr unsigned connect_with_database = 0x8;
constexpr unsigned protocol_41 = 0x200;
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
    greeting.salt = body.substr(at, first_salt) + body.substr(at + rest, 12);
    const std::size_t plugin = at + rest + 13;
    if (plugin < body.size())
        greeting.plugin = body.substr(plugin, body.find('\0', plugin) - plugin);
    return greeting;
}

std::string render_login(const Endpoint& endpoint, const Greeting& greeting) {
    constexpr std::uint32_t packet_max = 1U << 24U;
    constexpr char utf8 = 33;
    unsigned flags = protocol_41 | secure_connection | plugin_auth;
    if (!endpoint.database.empty()) flags |= connect_with_database;
    const std::string proof = scramble(greeting.plugin, endpoint.password, greeting.salt);
    std::string body = little_endian(flags, 4) + little_endian(packet_max, 4) + utf8 +
                       std::string(23, '\0') + endpoint.user + '\0' +
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
        render_packet(packet->number + 1U, render_login(talk.endpoint, *greeting));
    if (!co_await send_all(talk, login)) co_return;
    if (!co_await finish_login(talk)) co_return;
    const std::string quit = render_packet(0, std::string(1, '\x01'));  // COM_QUIT
    co_await send_all(talk, quit);
    talk.fact().stage = "done";
}

}  // namespace devstack::diagnosis
