#pragma once

#include <optional>
#include <string>

namespace devstack::core::doctor {

/// Where a Python program is.
struct PythonPlace {
    std::string function;
    std::string file;
    int line = 0;

    std::string text() const { return function + " (" + file + ":" + std::to_string(line) + ")"; }
};

/// "rotate (app/sessions.py:41)".
std::optional<PythonPlace> parse_python_place(const std::string& frame);

}  // namespace devstack::core::doctor
