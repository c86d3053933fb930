#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/probe_asker.hpp"

#include <fstream>

using namespace devstack;
using namespace devstack::test;
using namespace std::chrono_literals;

namespace {

core::UrlProbe tls_probe(const TcpServer& server, const std::string& host = "localhost") {
    auto probe = url_probe(server.port(), host);
    probe.is_tls = true;
    return probe;
}

}  // namespace

TEST_CASE("a certificate is verified", "[integration][probe]") {
    Certificates certificates;
    certificates.sign("good", "DNS:localhost,IP:127.0.0.1", 30);
    TcpServer server{serve_tls(certificates, "good")};
    ProbeAsker asker;
    auto probe = tls_probe(server);

    SECTION("a good one, with the authority that signed it") {
        probe.ca_file = certificates.authority();
        probe.body_contains = "asked for localhost";
        for (int i = 0; i < 2; ++i) {
            const auto outcome = asker.ask(probe);
            CHECK(outcome.detail == "status 200");
            CHECK(outcome.is_success);
        }
        CHECK(asker.is_idle());
    }
    SECTION("for an address there is no name to send") {
        probe = tls_probe(server, "127.0.0.1");
        probe.ca_file = certificates.authority();
        probe.body_contains = "asked for nobody";
        CHECK(asker.ask(probe).detail == "status 200");
    }
    SECTION("by the system's authorities it is a stranger's") {
        const auto outcome = asker.ask(probe);
        CHECK_FALSE(outcome.is_success);
        CHECK(outcome.detail == "TLS: unable to get local issuer certificate");
    }
    SECTION("unless nobody cares") {
        probe.tls = core::TlsMode::insecure;
        CHECK(asker.ask(probe).detail == "status 200");
    }
    SECTION("with an authority that can not be read") {
        probe.ca_file = certificates.path("none.pem");
        CHECK(asker.ask(probe).detail == "TLS: cannot read certificates from " + probe.ca_file +
                                             ": No such file or directory");
        std::ofstream{probe.ca_file} << "nonsense\n";
        const auto outcome = asker.ask(probe);
        CHECK(outcome.detail.starts_with("TLS: cannot read certificates from " + probe.ca_file));
        std::filesystem::copy_file(certificates.authority(),
                                   probe.ca_file,
                                   std::filesystem::copy_options::overwrite_existing);
        CHECK(asker.ask(probe).is_success);
    }
}

TEST_CASE("a certificate that is not good says why", "[integration][probe]") {
    Certificates certificates;
    const auto detail = [&](const std::string& name) {
        TcpServer server{serve_tls(certificates, name)};
        ProbeAsker asker;
        auto probe = tls_probe(server);
        probe.ca_file = certificates.authority();
        const auto outcome = asker.ask(probe);
        CHECK_FALSE(outcome.is_success);
        probe.tls = core::TlsMode::insecure;
        CHECK(asker.ask(probe).is_success);
        CHECK(asker.is_idle());
        return outcome.detail;
    };
    certificates.sign("expired", "DNS:localhost", -1);
    CHECK(detail("expired") == "TLS: certificate has expired");
    certificates.sign("other", "DNS:example.org", 30);
    CHECK(detail("other") == "TLS: the certificate is not for localhost");
    certificates.sign_by_itself("own", "DNS:localhost");
    CHECK(detail("own") == "TLS: self-signed certificate");
}

TEST_CASE("a server that speaks no TLS is told as that", "[integration][probe]") {
    ProbeAsker asker;
    {
        TcpServer server{answer_with("")};
        const std::string peer = "127.0.0.1:" + to_string(server.port());
        CHECK(asker.ask(tls_probe(server), 500ms).detail ==
              "no answer within 500ms (connected to " + peer + ", TLS handshake begun)");
    }
    {
        TcpServer server{[](int connection) {
            send_text(connection, http_answer("400 Bad Request", ""));
            wait_for_close(connection);
        }};
        CHECK(asker.ask(tls_probe(server)).detail ==
              "TLS: 127.0.0.1:" + to_string(server.port()) + " does not speak TLS");
    }
    {
        TcpServer server{[](int) {}};
        CHECK(asker.ask(tls_probe(server)).detail ==
              "TLS: 127.0.0.1:" + to_string(server.port()) + " closed the connection");
    }
}
