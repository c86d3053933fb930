#pragma once

#include "core/doctor/log_knowledge.hpp"
#include "core/doctor/log_reading.hpp"

namespace devstack::core::doctor {

/// What tells, in the log of a service that is well and that nobody asks about, that requests to it
/// fail now.

/// The line with which a framework, or its access log, says that it has answered 500 to an error
/// that nobody has handled.
bool tells_failed_request(const std::string& line);
/// A statement or a template that is wrong in itself, and that a request has just failed by: its
/// error is written whole, or said again, or the framework tells so. Not what the program says that
/// it can do without.
bool fails_now(const LogKnowledge& known, const LineFact& line, const Reading& reading);
/// The same error, written whole by a handler of requests, more than once in the last minute.
bool is_repeated_by_handler(const Traceback& trace, const LogFact& log, const Picture& picture);

bool is_database_server(const ServiceFact& service);
/// "…, ignored", "falling back to memory".
bool says_it_goes_on(const std::string& line);
/// In the line that it begins with, or that a program has written above it.
bool says_it_goes_on(const Traceback& trace);

}  // namespace devstack::core::doctor
