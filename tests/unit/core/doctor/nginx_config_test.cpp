#include "devstack/core/doctor/nginx_config.hpp"

#include "support/catch.hpp"

using namespace devstack::core::doctor;

namespace {

constexpr const char* config = R"(# a comment
error_log logs/error.log;
http {
    proxy_read_timeout 5s;
    upstream app { server 127.0.0.1:9000; server 127.0.0.1:9001 backup; }
    server {
        listen 127.0.0.1:8088;
        listen [::]:8443 ssl;
        server_name shop.test;
        location /api/ {
            proxy_pass http://localhost:3002/v1/;
            proxy_set_header Host $host;
        }
        location = /exact { proxy_pass http://app; }
        location ~ \.php$ { proxy_read_timeout 9s; proxy_pass http://app; }
        location ^~ /static/ { root /srv; }
        location / { proxy_pass http://127.0.0.1:3000; }
    }
}
)";

NginxFact read() {
    NginxFact fact;
    const NginxText text = parse_nginx("nginx.conf", config);
    CHECK(text.problem.empty());
    summarise_nginx(text.directives, fact);
    return fact;
}

std::string target_of(const std::string& path) {
    const NginxFact nginx = read();
    const auto* location = find_location(nginx.servers.at(0), path);
    if (location == nullptr) return "none";
    const auto target = find_target(nginx, *location, path);
    if (!target) return "no proxy";
    return target->host + ":" + std::to_string(target->port) + target->path;
}

}  // namespace

TEST_CASE("nginx' configuration is read as nginx would", "[unit][doctor]") {
    const NginxFact nginx = read();
    CHECK(nginx.error_log == "logs/error.log");
    REQUIRE(nginx.servers.size() == 1);
    const NginxServerFact& server = nginx.servers[0];
    CHECK(server.where == "nginx.conf:6");
    REQUIRE(server.listens.size() == 2);
    CHECK(server.listens[0].address == "127.0.0.1");
    CHECK(server.listens[0].port == 8088);
    CHECK(server.listens[1].port == 8443);
    CHECK(server.listens[1].is_tls);
    REQUIRE(server.locations.size() == 5);
    CHECK(server.locations[0].proxy_pass_where == "nginx.conf:11");
    // Inherited, and replaced.
    const auto timeout = [](const NginxLocationFact& location) {
        for (const NginxSettingFact& it : location.settings) {
            if (it.name == "proxy_read_timeout") return it.value;
        }
        return std::string{};
    };
    CHECK(timeout(server.locations[0]) == "5s");
    CHECK(timeout(server.locations[2]) == "9s");
    REQUIRE(nginx.upstreams.size() == 1);
    CHECK(nginx.upstreams[0].servers.size() == 2);
}

TEST_CASE("a path goes where nginx would send it", "[unit][doctor]") {
    CHECK(target_of("/api/users?x=1") == "localhost:3002/v1/users?x=1");
    CHECK(target_of("/exact") == "127.0.0.1:9000/exact");
    CHECK(target_of("/a.php") == "127.0.0.1:9000/a.php");
    CHECK(target_of("/static/a.php") == "no proxy");
    CHECK(target_of("/other") == "127.0.0.1:3000/other");
}

TEST_CASE("mistakes in nginx' configuration are found where nginx would find them",
          "[unit][doctor]") {
    const auto problem = [](const char* text) {
        const NginxText read = parse_nginx("a.conf", text);
        return std::to_string(read.problem_line) + " " + read.problem;
    };
    CHECK(problem("events {") == "1 unexpected end of file, expecting \";\" or \"}\"");
    CHECK(problem("http {\n  gzip on\n}\n") == "3 directive \"gzip\" is not terminated by \";\"");
    CHECK(problem("}\n") == "1 unexpected \"}\"");
    CHECK(problem(";") == "1 unexpected \";\"");
    CHECK(problem("server {\n proxy_pass http://a\n proxy_buffering off;\n}") ==
          "3 invalid number of arguments in \"proxy_pass\" directive");
}

TEST_CASE("other protocols lead to servers too", "[unit][doctor]") {
    NginxFact nginx;
    summarise_nginx(parse_nginx("nginx.conf", R"(http {
    upstream php { server 127.0.0.1:9001; }
    upstream local { server unix:/run/php.sock; }
    server {
        location /a { fastcgi_pass 127.0.0.1:9000; }
        location /b { uwsgi_pass php; }
        location /c { grpc_pass grpc://localhost:50051; }
        location /d { fastcgi_pass unix:/run/php.sock; }
        location /e { fastcgi_pass local; }
        location /f { fastcgi_pass $backend; }
        location /g { root /srv; }
    }
})")
                        .directives,
                    nginx);
    std::vector<std::string> targets;
    for (const NginxLocationFact& it : nginx.servers.at(0).locations) {
        const auto target = find_other_target(nginx, it);
        targets.push_back(target ? target->scheme + " " + target->host + ":" +
                                       std::to_string(target->port) + " " + target->path
                                 : "none");
    }
    CHECK(targets == std::vector<std::string>{"fastcgi 127.0.0.1:9000 /a",
                                              "uwsgi 127.0.0.1:9001 /b",
                                              "grpc localhost:50051 /c",
                                              "none",
                                              "none",
                                              "none",
                                              "none"});
    CHECK(nginx.servers[0].locations[0].other_pass_where == "nginx.conf:5");
}
