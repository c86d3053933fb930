#pragma once

#include <string>

// The files that logs complain of.
namespace devstack::core::doctor {

struct FileComplaint {
    std::string path;  ///< As written; empty: none is named.
    /// "missing", "denied", "read-only", "database" (SQLite may not write its own); empty: the
    /// line complains of no file.
    std::string trouble;
};

/// "App\Services\Invoice": the class that PHP does not find; empty: the line tells of none, or it
/// is in no namespace.
std::string find_missing_class(const std::string& line);

/// By the words of the C library (strerror(3)), as Node.js, Python, Go, Ruby, Java, PHP, Perl and
/// shells put them.
FileComplaint find_file_complaint(const std::string& line);

}  // namespace devstack::core::doctor
