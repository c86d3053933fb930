#pragma once

#include "core/doctor/picture.hpp"

#include <regex>
#include <string>

namespace devstack::core::doctor {

/// "GOROOT (devstack.toml:7)"; only the name, where the service does not set it.
std::string render_variable(const ServiceFact& service, const std::string& name);
/// "-XX:MaxMetaspaceSize=9m (devstack.toml:5)": an option of its command, or of a variable that
/// holds options; only the name, where it is given none.
std::string render_option(const ServiceFact& service, const std::string& name);
/// "ulimit -n 14 in its command (devstack.toml:5)"; empty: the command sets no such limit.
std::string render_limit(const ServiceFact& service, char option);

/// In what is said of a line: {variable NAME}, {option NAME}, {limit X or WORDS}, {locale},
/// {named N}: the variable or option that has what was caught as its value,
/// {peer N}: who listens at the endpoint that was caught, and which variable names it,
/// {pip N}: what to install for the module that was caught.
std::string fill_settings(std::string text,
                          const std::smatch& found,
                          const ServiceFact& service,
                          const Picture& picture);

}  // namespace devstack::core::doctor
