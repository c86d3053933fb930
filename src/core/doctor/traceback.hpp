#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::core::doctor {

/// An error with its place, as a runtime prints it.
struct Traceback {
    std::string error;  ///< "KeyError: 'plum'". With the fields that pydantic names below it.
    /// Of the innermost frame that is the project's own, as printed; empty: there is none.
    std::string file;
    int line = 0;
    /// May be empty. "in the package ts-node" where no frame is the project's own.
    std::string function;
    std::string code;     ///< The line of code, if it was printed.
    std::string time;     ///< Of its first line.
    std::string head;     ///< Its first line, as printed.
    bool is_end = false;  ///< A program that writes it ends.
    /// Of Python: the line above it and the errors that it follows from, where a program says what
    /// it makes of it.
    std::string preface;
};

/// The last one of any language that is known; empty when there is none.
std::optional<Traceback> find_last_traceback(const std::vector<LineFact>& lines);
/// A log line in JSON of a request that was answered with 500 or above.
bool tells_server_error_in_json(const std::string& text);

}  // namespace devstack::core::doctor
