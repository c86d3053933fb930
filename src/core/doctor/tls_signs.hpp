#pragma once

#include "core/doctor/picture.hpp"

// What an answer, or a refusal, tells about whether TLS is spoken.
namespace devstack::core::doctor {

/// The handshake was refused by an alert: only who speaks TLS sends one.
inline bool has_tls_alert(const DialFact& dial) {
    return contains(dial.error, " alert") || contains(dial.error, "unrecognized name");
}

/// A server that speaks TLS says so to who asks in plain http (nginx, Go, Apache).
inline bool wants_tls(const DialFact& dial) {
    return dial.status == 400 && (contains(dial.body, "sent to HTTPS port") ||
                                  contains(dial.body, "HTTP request to an HTTPS server") ||
                                  contains(dial.body, "SSL-enabled server port"));
}

}  // namespace devstack::core::doctor
