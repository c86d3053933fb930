#pragma once

#include <string>
#include <vector>

// What the configurations of proxies besides nginx say.
namespace devstack::core::doctor {

/// A server that HAProxy, Caddy, Apache or Varnish passes requests to, and which ones.
struct ProxyRouteFact {
    std::string service;
    std::string product;             ///< "HAProxy", "Caddy", "Apache", "Varnish".
    std::vector<std::string> ports;  ///< Where the proxy takes these requests.
    std::string path;                ///< Their prefix; empty: it can not be told which they are.
    std::string group;               ///< "backend b": servers of one group do the same.
    std::string directive;           ///< "server s1", "reverse_proxy", "ProxyPass".
    std::string where;               ///< "haproxy.cfg:14".
    std::string scheme;              ///< "http", "https", "tcp".
    std::string host;                ///< Empty: such requests are not passed on.
    int port = 0;
    bool is_checked = false;  ///< One that fails is left out.
    bool keeps_host = false;  ///< It is told the host that the client has asked for.
    std::string strips;       ///< What the beginning of a path is replaced …
    std::string puts;         ///< … by.
    std::string strips_by;    ///< "handle_path /api/*".
    std::string strips_where;
    double timeout = 0;      ///< Seconds that it waits for an answer; 0: not said.
    std::string timeout_by;  ///< "timeout server 1s".
    std::string timeout_where;
    std::string check_path;  ///< Of HAProxy's checks by HTTP.
    std::string check_by;    ///< "option httpchk GET /healthz".
    std::string check_where;
};

/// What a proxy does with requests by itself.
struct ProxyRuleFact {
    std::string service;
    std::string product;
    /// "deny" and "login" refuse, "answer" answers; "use" chooses who is asked, and "default" who
    /// is when none does; "empty" is a choice of nobody; "site" takes requests for its hosts;
    /// "rewrite" changes a path; "variable" is one whose value is not set.
    std::string kind;
    std::vector<std::string> ports;  ///< Where the proxy takes these requests.
    std::vector<std::string> hosts;  ///< Of a site; empty: all of them.
    std::string path;                ///< Their prefix; empty: it can not be told, or all.
    std::string group;               ///< "frontend f".
    std::string text;                ///< "http-request deny if is_api".
    std::string where;               ///< "haproxy.cfg:12".
    /// When it applies, with named conditions written out: "if { path_beg /api }"; empty: always.
    std::string condition;
    std::string target;  ///< Who is chosen; what a path becomes.
    int status = 0;      ///< That is answered.
};

}  // namespace devstack::core::doctor
