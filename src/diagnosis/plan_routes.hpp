#pragma once

#include "devstack/core/doctor/facts.hpp"

#include "diagnosis/dialer.hpp"

#include <string>
#include <vector>

namespace devstack::diagnosis {

/// The same request to somewhere else.
Endpoint like(const core::doctor::DialFact& original,
              const std::string& purpose,
              const std::string& id);

/// Of HAProxy, Caddy, Apache and Varnish: where a request would have come to by another route than
/// the one that it has taken, or that has been taken by nobody.
std::vector<Endpoint> plan_other_routes(const core::doctor::Facts& facts,
                                        const core::doctor::DialFact& dial);

/// By its usual name, or an address of the loopback.
bool is_loopback(const std::string& host);
/// A request has failed: of the https URLs on this machine that variables name, the certificates.
std::vector<Endpoint> plan_certificates(const core::doctor::Facts& facts);

}  // namespace devstack::diagnosis
