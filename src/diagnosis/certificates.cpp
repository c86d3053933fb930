#include "diagnosis/certificates.hpp"

#include "devstack/base/text.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include <openssl/bio.h>
#include <openssl/x509v3.h>

namespace devstack::diagnosis {

namespace {

using Bio = std::unique_ptr<BIO, decltype(&::BIO_free)>;

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = ::BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string{data, static_cast<std::size_t>(size)} : std::string{};
}

std::string render_name(const X509_NAME* name) {
    const Bio bio{::BIO_new(::BIO_s_mem()), ::BIO_free};
    ::X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    return sane_text(text_of(bio.get()));
}

std::string render_date(const ASN1_TIME* time) {
    const Bio bio{::BIO_new(::BIO_s_mem()), ::BIO_free};
    ::ASN1_TIME_print(bio.get(), time);
    return text_of(bio.get());
}

std::string render_alternative_names(const X509* certificate) {
    auto* const names = static_cast<GENERAL_NAMES*>(
        ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    std::vector<std::string> texts;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        texts.emplace_back(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
                           static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
    }
    ::GENERAL_NAMES_free(names);
    return sane_text(join(texts, ", "));
}

constexpr const char* not_yet_valid = "certificate is not yet valid";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

bool is_for(X509* certificate, const std::string& host) {
    return ::X509_check_ip_asc(certificate, host.c_str(), 0) == 1 ||
           ::X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

}  // namespace

void trust(boost::asio::ssl::context& context, const std::string& ca_file) {
    boost::system::error_code ignored;
    if (!ca_file.empty()) {
        context.load_verify_file(ca_file, ignored);
        return;
    }
    context.set_default_verify_paths(ignored);
    // A statically linked OpenSSL knows only the place of the system it was built on.
    for (const char* bundle :
         {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}) {
        std::error_code error;
        if (std::filesystem::exists(bundle, error)) context.load_verify_file(bundle, ignored);
    }
}

void examine_certificate(SSL* connection, core::doctor::DialFact& fact) {
    const std::unique_ptr<X509, decltype(&::X509_free)> certificate{
        ::SSL_get1_peer_certificate(connection), ::X509_free};
    if (!certificate) return;
    fact.tls_subject = render_name(::X509_get_subject_name(certificate.get()));
    fact.tls_issuer = render_name(::X509_get_issuer_name(certificate.get()));
    fact.tls_until = render_date(::X509_get0_notAfter(certificate.get()));
    fact.tls_names = render_alternative_names(certificate.get());
    // OpenSSL tells the first problem that it meets; a certificate may have several.
    std::vector<std::string> problems;
    const long result = ::SSL_get_verify_result(connection);
    if (result != X509_V_OK) problems.emplace_back(::X509_verify_cert_error_string(result));
    const bool is_about_time =
        result == X509_V_ERR_CERT_HAS_EXPIRED || result == X509_V_ERR_CERT_NOT_YET_VALID;
    if (!is_about_time && ::X509_cmp_current_time(::X509_get0_notAfter(certificate.get())) < 0) {
        problems.emplace_back("it has expired");
    }
    if (!is_about_time && ::X509_cmp_current_time(::X509_get0_notBefore(certificate.get())) > 0) {
        problems.emplace_back(not_yet_valid);
    }
    if (!is_for(certificate.get(), fact.host)) problems.push_back("it is not for " + fact.host);
    fact.tls_problem = join(problems, ", and ");
    if (contains(fact.tls_problem, not_yet_valid)) {
        fact.tls_problem +=
            " (valid from " + render_date(::X509_get0_notBefore(certificate.get())) + ")";
    }
}

}  // namespace devstack::diagnosis
