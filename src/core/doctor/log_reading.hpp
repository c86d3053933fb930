#pragma once

#include "core/doctor/access_lines.hpp"
#include "core/doctor/picture.hpp"
#include "core/doctor/traceback.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::core::doctor {

/// Whose words a line is: nginx writes down what PHP-FPM says to it.
struct Teller {
    const ServiceFact* service;
    std::string name;
};

/// A log, and what is known of it.
struct Reading {
    const ServiceFact& service;
    const LogFact& log;
    const std::optional<Traceback>& trace;
    bool is_unhandled;  ///< The trace is of an error that a request has failed by.
    const Picture& picture;
    /// Of a service that is well and that nobody asks about.
    std::vector<FailedAnswer> failed = {};
};

Teller teller_of(const ServiceFact& writer, const std::string& line, const Picture& picture);

/// "src/stock.rs:15".
std::string render_place(const Traceback& trace, const Picture& picture);
/// " in src/stock.rs line 15 (find)"; empty: nobody knows.
std::string in_place(const Traceback& trace, const Picture& picture);
/// The line was written when the trace was.
bool is_of_trace(const LineFact& line, const Traceback& trace);
/// Not of one that the program has handled, nor of a peer that was away for a moment.
bool has_failed_a_request(const ServiceFact& service,
                          const LogFact& log,
                          const Traceback& trace,
                          const Picture& picture);
/// What happens when a peer is away for a moment; rules about endpoints know better.
bool is_about_connections(const std::string& error);

/// Adds what the trace tells, if that is not told yet.
void read_traceback(const Reading& reading, std::vector<Finding>& findings);

}  // namespace devstack::core::doctor
