#include "devstack/core/doctor/logged_ports.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>

namespace devstack::core::doctor {

namespace {

bool tells_refusal(const std::string& text) {
    return contains(text, "ECONNREFUSED") || contains_word(text, "connection refused") ||
           contains(text, "Errno 111") || contains(text, " refused. Check that the hostname") ||
           (contains(text, "Can't connect to MySQL server") && contains(text, "(111"));
}

/// Clients of PostgreSQL name host and port apart: connection to server at "127.0.0.1", port 5433
/// failed: Connection refused (libpq, PQconnectPoll).
int refused_port(const std::string& text) {
    static const std::array<std::regex, 2> forms{
        std::regex{R"((?:127\.0\.0\.1|localhost|\[?::1\]?|0\.0\.0\.0)'?:(\d{2,5})\b)"},
        std::regex{R"re(server at "(?:127\.0\.0\.1|localhost|::1)"[^,]{0,60}, port (\d{2,5}) )re"}};
    for (const std::regex& form : forms) {
        std::smatch found;
        if (std::regex_search(text, found, form)) return to_port(found[1].str());
    }
    return 0;
}

/// Of the clients' own words.
std::string scheme_told(const std::string& text) {
    struct Word {
        const char* word;
        const char* scheme;
    };
    static constexpr std::array words{Word{"fastcgi://", "fastcgi"},
                                      Word{"uwsgi://", "uwsgi"},
                                      Word{"grpc://", "grpc"},
                                      Word{"http://", "http"},
                                      Word{"https://", "https"},
                                      Word{"connection to server at", "postgresql"},
                                      Word{"org.postgresql", "postgresql"},
                                      Word{"PG::", "postgresql"},
                                      Word{"PSQLException", "postgresql"},
                                      Word{"pq: ", "postgresql"},
                                      Word{"pgx", "postgresql"},
                                      Word{"MySQL", "mysql"},
                                      Word{"Redis", "redis"}};
    for (const Word& it : words) {
        if (contains(text, it.word)) return it.scheme;
    }
    return "";
}

}  // namespace

int to_port(const std::string& text) {
    int port = 0;
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port;
}

int port_in_use(const std::string& line) {
    if (!contains(line, "EADDRINUSE") && !contains_word(line, "in use")) return 0;
    static const std::array<std::regex, 4> forms{
        std::regex{R"re(bind\(\) to \S*?:(\d{1,5}) failed)re"},
        std::regex{R"re(EADDRINUSE[^\n]*?[:\]](\d{1,5})\s*$)re"},
        std::regex{R"re([\s:\[('](?!98\b)(\d{2,5})\)?[^\d\n]*[Aa]ddress already in use)re"},
        std::regex{R"re(\b[Pp]ort (\d{2,5})\b[^\n]* in use)re"}};
    for (const std::regex& form : forms) {
        std::smatch found;
        if (std::regex_search(line, found, form)) return to_port(found[1].str());
    }
    return 0;
}

int awaited_port(const std::string& line) {
    static const std::regex wait{
        R"re(\b(?:waiting (?:for|on)|wait-for-it|not (?:yet )?(?:ready|reachable|available)|is unavailable|retrying)\b)re",
        std::regex::icase};
    static const std::regex port{R"re((?:port |:| on )(\d{2,5})\b)re"};
    std::smatch found;
    const bool is_wait = std::regex_search(line, wait) && std::regex_search(line, found, port);
    return is_wait ? to_port(found[1].str()) : 0;
}

bool tells_timeout(const std::string& line) {
    // Go; Python and most others; undici; axios; curl; the kernel.
    static constexpr std::array words{"deadline exceeded",
                                      "timed out",
                                      "i/o timeout",
                                      "TimeoutError",
                                      "timeout of",
                                      "Timeout was reached",
                                      "ETIMEDOUT"};
    return std::ranges::any_of(words, [&](const char* word) { return contains(line, word); });
}

GivenUp find_given_up(const std::string& line) {
    if (!tells_timeout(line)) return {};
    static const std::regex url{
        R"re((https?://(?:127\.0\.0\.1|localhost|\[::1\]):(\d{2,5})[^\s"'<>]*))re"};
    static const std::regex python{
        R"re(host='(?:127\.0\.0\.1|localhost)', port=(\d{2,5})\): [^\n]*url: (/[^\s()]*))re"};
    std::smatch found;
    if (std::regex_search(line, found, url)) return {to_port(found[2].str()), found[1].str()};
    // urllib3 and requests: HTTPConnectionPool(host='localhost', port=80): … with url: /path
    if (std::regex_search(line, found, python)) {
        const std::string port = found[1].str();
        return {to_port(port), "http://localhost:" + port + found[2].str()};
    }
    return {};
}

std::map<int, Refusal> find_refusals(const LogFact& log) {
    std::map<int, Refusal> found;
    for (const LineFact& line : log.lines) {
        const int port = tells_refusal(line.text) ? refused_port(line.text) : 0;
        if (port == 0) continue;
        Refusal& refusal = found[port];
        // The lines of one trace tell of one refusal.
        constexpr double one_event_seconds = 0.3;
        const bool is_new = refusal.last == nullptr ||
                            seconds_between(refusal.last->time, line.time) >= one_event_seconds;
        refusal = {refusal.count + (is_new ? 1 : 0), &line, scheme_told(line.text)};
    }
    return found;
}

}  // namespace devstack::core::doctor
