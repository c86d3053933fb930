#pragma once

#include <optional>
#include <string>

namespace devstack::diagnosis {

/// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL wants it.
class Scram {
public:
    explicit Scram(std::string password);
    /// For the tests of the RFC.
    Scram(std::string password, std::string user, std::string nonce);

    std::string first_message() const;
    /// The proof; empty when the server's first message makes no sense.
    std::optional<std::string> last_message(const std::string& server_first) const;

private:
    std::string first_bare() const;

    std::string password_;
    std::string user_;
    std::string nonce_;
};

/// "md5…": PostgreSQL's older way.
std::string md5_password(const std::string& user,
                         const std::string& password,
                         const std::string& salt);

}  // namespace devstack::diagnosis
