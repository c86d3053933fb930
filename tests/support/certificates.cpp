#include "certificates.hpp"

#include "support/catch.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>

#include <openssl/ssl.h>

namespace devstack::test {

namespace {

const std::string new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

using Session = std::unique_ptr<SSL, decltype(&::SSL_free)>;

void answer(SSL* session) {
    std::string request;
    std::array<char, 4096> buffer;
    while (request.find("\r\n\r\n") == request.npos) {
        const int size = ::SSL_read(session, buffer.data(), static_cast<int>(buffer.size()));
        if (size <= 0) return;
        request.append(buffer.data(), static_cast<std::size_t>(size));
    }
    const char* name = ::SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    const std::string text =
        http_answer("200 OK", "asked for " + std::string{name == nullptr ? "nobody" : name});
    ::SSL_write(session, text.data(), static_cast<int>(text.size()));
}

}  // namespace

Certificates::Certificates() {
    std::string pattern = std::filesystem::temp_directory_path() / "devstack_tls.XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    run("openssl req -x509 " + new_key +
        " -keyout ca.key -out ca.pem -subj '/CN=devstack test authority' -days 30");
}

Certificates::~Certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void Certificates::run(const std::string& script) const {
    const std::string command =
        "cd " + directory_.string() + " && (" + script + ") > openssl.log 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
}

void Certificates::sign(const std::string& name, const std::string& alternative_names, int days) {
    run("openssl req " + new_key + " -keyout " + name + ".key -out " + name +
        ".csr -subj /CN=devstack && echo subjectAltName=" + alternative_names + " > " + name +
        ".cnf && openssl x509 -req -in " + name +
        ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days " + std::to_string(days) +
        " -extfile " + name + ".cnf -out " + name + ".pem");
}

void Certificates::sign_by_itself(const std::string& name, const std::string& alternative_names) {
    run("openssl req -x509 " + new_key + " -keyout " + name + ".key -out " + name +
        ".pem -subj /CN=devstack -days 30 -addext subjectAltName=" + alternative_names);
}

TcpServer::Serve serve_tls(const Certificates& certificates, const std::string& name) {
    // SSL_write() to a client that has gone would end the test.
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    const std::shared_ptr<SSL_CTX> context{::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free};
    const std::string chain = certificates.path(name + ".pem");
    const std::string key = certificates.path(name + ".key");
    REQUIRE(::SSL_CTX_use_certificate_chain_file(context.get(), chain.c_str()) == 1);
    REQUIRE(::SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) == 1);
    return [context](int connection) {
        const Session session{::SSL_new(context.get()), ::SSL_free};
        ::SSL_set_fd(session.get(), connection);
        if (::SSL_accept(session.get()) != 1) return;
        answer(session.get());
    };
}

}  // namespace devstack::test
