#include "devstack/core/probes/url.hpp"

#include "support/catch.hpp"

#include <utility>
#include <vector>

using namespace devstack;
using namespace devstack::core;

TEST_CASE("a URL is taken apart into what a request needs", "[unit][probes]") {
    const std::vector<std::pair<std::string, Url>> cases{
        {"http://localhost:3101/health?full=1", {false, "localhost", Port{3101}, "/health?full=1"}},
        {"https://example.org", {true, "example.org", Port{443}, "/"}},
        {"HTTP://Example.org/", {false, "Example.org", Port{80}, "/"}},
        {"http://[::1]:8080/x", {false, "::1", Port{8080}, "/x"}},
        {"http://127.0.0.1?q#top", {false, "127.0.0.1", Port{80}, "/?q"}},
        {"http://a/b#c", {false, "a", Port{80}, "/b"}},
    };
    for (const auto& [text, url] : cases) {
        INFO(text);
        const Result<Url> result = parse_url(text);
        REQUIRE(result);
        CHECK(result.value() == url);
    }
}

TEST_CASE("what is not a URL is refused with the reason", "[unit][probes]") {
    const auto reason = [](const std::string& text) { return parse_url(text).error().message; };
    CHECK(reason("localhost:3000") ==
          "\"localhost:3000\" is not a URL: it must begin with http:// or https://");
    CHECK(reason("http://") ==
          "\"http://\" is not a URL: its host is missing or not a name or address");
    CHECK(reason("http://a b/") ==
          "\"http://a b/\" is not a URL: spaces, control characters and "
          "letters beyond ASCII must be percent-encoded");
    CHECK(reason("http://a:0/") == "\"http://a:0/\" is not a URL: its port must be 1 to 65535");
    CHECK(reason("http://a:65536/") ==
          "\"http://a:65536/\" is not a URL: its port must be 1 to 65535");
    CHECK(reason("http://u:secret@a/") == "a URL with a user name or password is not supported");
    for (const std::string text : {"http://[::1/",
                                   "http://::1/",
                                   "http://[::1]x/",
                                   "http://a:/",
                                   "http://a\r\nHost: b/",
                                   "ftp://a",
                                   "http:/a",
                                   ""}) {
        INFO(text);
        CHECK_FALSE(parse_url(text));
    }
}

TEST_CASE("an origin names its port only if it is not the usual one", "[unit][probes]") {
    CHECK(parse_url("http://localhost:3200/x").value().origin() == "http://localhost:3200");
    CHECK(parse_url("https://example.org/x").value().origin() == "https://example.org");
    CHECK(parse_url("http://[::1]/").value().origin() == "http://[::1]");
}

TEST_CASE("a TCP address has a port, and localhost as its host if it names none",
          "[unit][probes]") {
    CHECK(parse_host_and_port("db:5432").value() == HostAndPort{"db", Port{5432}});
    CHECK(parse_host_and_port("5432").value() == HostAndPort{"localhost", Port{5432}});
    CHECK(parse_host_and_port(":5432").value() == HostAndPort{"localhost", Port{5432}});
    CHECK(parse_host_and_port("[::1]:5432").value() == HostAndPort{"::1", Port{5432}});
    CHECK(
        parse_host_and_port("db").error().message ==
        "\"db\" is not a host and a port: write \"localhost:5432\" or \"[::1]:5432\", with a port "
        "from 1 to 65535");
    CHECK(parse_host_and_port("a b:1").error().message ==
          "\"a b:1\" is not a host and a port: its host is not a name or address");
    for (const std::string text : {"", "0", "db:", "db:x", "db:99999", "::1", "[::1]"}) {
        INFO(text);
        CHECK_FALSE(parse_host_and_port(text));
    }
}
