#pragma once

#include "support/tcp_server.hpp"

#include <filesystem>
#include <string>

namespace devstack::test {

/// A certificate authority of the test's own and what it has signed, made by openssl(1) in a
/// temporary directory.
class Certificates {
public:
    Certificates();
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;
    ~Certificates();

    std::string authority() const { return path("ca.pem"); }
    /// Makes NAME.pem and NAME.key. `alternative_names` as in openssl's subjectAltName; negative
    /// days make an expired one.
    void sign(const std::string& name, const std::string& alternative_names, int days);
    void sign_by_itself(const std::string& name, const std::string& alternative_names);
    std::string path(const std::string& file) const { return (directory_ / file).string(); }

private:
    void run(const std::string& script) const;

    std::filesystem::path directory_;
};

/// Shakes hands with the certificate NAME, reads a request and answers 200, with the name that the
/// client asked for as the body.
TcpServer::Serve serve_tls(const Certificates& certificates, const std::string& name);

}  // namespace devstack::test
