#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>

#include <boost/asio/ssl/context.hpp>

namespace devstack::diagnosis {

/// Trusts what is in `ca_file`, or what this system trusts if it is empty.
void trust(boost::asio::ssl::context& context, const std::string& ca_file);

/// After a handshake: whose certificate it is, until when, and what is wrong with it for a client
/// that asked for the dialled host.
void examine_certificate(SSL* connection, core::doctor::DialFact& fact);

}  // namespace devstack::diagnosis
