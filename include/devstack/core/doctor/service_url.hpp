#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devstack::core::doctor {

/// A URL that says how to reach something: of any scheme, with its password apart.
struct ServiceUrl {
    std::string scheme;  ///< Lower case; "postgres" is told as "postgresql".
    std::string user;
    std::string password;  ///< Decoded. Must not get into a fact.
    std::string host;
    int port = 0;      ///< The scheme's usual one if the text has none; 0: unknown.
    std::string path;  ///< With the leading slash, and the query; may be empty.

    /// "postgresql://sora2user:***@localhost:5432/sora2": for people.
    std::string shown() const;
};

/// Empty for what is not such a URL. Of several hosts the first is taken; "jdbc:" is skipped.
std::optional<ServiceUrl> parse_service_url(std::string_view text);

/// The other notations: "host=localhost port=5432 user=shop dbname=shop" (libpq, "Connection
/// Strings"), "Host=localhost;Username=shop;Database=shop" (ADO.NET), and
/// "shop:secret@tcp(localhost:3306)/shop" (Go's driver for MySQL). Empty for what is none.
std::optional<ServiceUrl> parse_connection_string(std::string_view text);

/// What keeps a text that is meant to be such a URL from being one, as the end of a sentence: "has
/// a
/// \"#\" in its password, which is to be written %23". Empty: nothing, or it is not meant to be
/// one.
std::string find_url_mistake(std::string_view text);

/// "verify-full" of "/orders?sslmode=verify-full"; empty: not in the URL.
std::string parameter_of(std::string_view path, std::string_view name);
/// A client of PostgreSQL with this path and query takes no connection without TLS.
bool insists_on_tls(std::string_view path);

/// 5432 for "postgresql"; 0 when it has none.
int usual_port(std::string_view scheme);
/// What people call what listens there: "PostgreSQL" for "postgresql"; empty: no name.
std::string product_of(std::string_view scheme);
/// The product that usually listens on a port: "Redis" for 6379; empty: none.
std::string product_at(int port);

}  // namespace devstack::core::doctor
