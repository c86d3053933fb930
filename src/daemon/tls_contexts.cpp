#include "tls_contexts.hpp"

#include <array>
#include <system_error>
#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <openssl/x509.h>

namespace devstack::daemon {

namespace {

namespace fs = std::filesystem;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

/// Where distributions keep their certificates. A statically linked OpenSSL knows only the place of
/// the one it was built on.
constexpr std::array bundles = {"/etc/ssl/certs/ca-certificates.crt",
                                "/etc/pki/tls/certs/ca-bundle.crt",
                                "/etc/ssl/ca-bundle.pem",
                                "/etc/ssl/cert.pem"};

bool has_entries(const char* directory) {
    std::error_code error;
    const fs::directory_iterator entries{directory, error};
    return !error && entries != fs::directory_iterator{};
}

/// OpenSSL's own places, which SSL_CERT_FILE and SSL_CERT_DIR change; a directory is searched as
/// needed, which is cheaper than to read a bundle.
void trust_system(ssl::context& context) {
    error_code ignored;
    context.set_default_verify_paths(ignored);
    if (has_entries(::X509_get_default_cert_dir())) return;
    for (const char* bundle : bundles) {
        std::error_code error;
        if (!fs::exists(bundle, error)) continue;
        context.load_verify_file(bundle, ignored);
        return;
    }
}

Result<std::shared_ptr<ssl::context>> make_context(core::TlsMode mode, const std::string& ca_file) {
    // Asio's context throws when OpenSSL has no memory.
    try {
        auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
        // Many servers end a body by closing the connection without saying so.
        ::SSL_CTX_set_options(context->native_handle(), SSL_OP_IGNORE_UNEXPECTED_EOF);
        error_code error;
        if (mode == core::TlsMode::insecure) {
            context->set_verify_mode(ssl::verify_none, error);
        } else {
            context->set_verify_mode(ssl::verify_peer, error);
            if (ca_file.empty()) trust_system(*context);
        }
        if (!ca_file.empty()) {
            context->load_verify_file(ca_file, error);
            if (error) {
                return Error{Error::Kind::invalid,
                             "cannot read certificates from " + ca_file + ": " + error.message()};
            }
        }
        return context;
    } catch (const std::exception& failure) {
        return Error{Error::Kind::system, failure.what()};
    }
}

}  // namespace

Result<std::shared_ptr<ssl::context>> TlsContexts::find_or_make(core::TlsMode mode,
                                                                const std::string& ca_file) {
    fs::file_time_type changed_at{};
    if (!ca_file.empty()) {
        std::error_code error;
        changed_at = fs::last_write_time(ca_file, error);
        if (error) {
            return Error{Error::Kind::not_found,
                         "cannot read certificates from " + ca_file + ": " + error.message()};
        }
    }
    Entry& entry = entries_[{mode, ca_file}];
    if (!entry.context || entry.changed_at != changed_at) {
        auto made = make_context(mode, ca_file);
        if (!made) {
            entries_.erase({mode, ca_file});
            return std::move(made).error();
        }
        entry = {*made, changed_at};
    }
    return entry.context;
}

}  // namespace devstack::daemon
