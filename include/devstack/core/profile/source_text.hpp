#pragma once

#include "devstack/base/diagnostic.hpp"

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// A place in a file; lines and columns count from 1, columns in characters. Line 0: none.
struct Place {
    int line = 0;
    int column = 0;
    auto operator<=>(const Place&) const = default;
};

/// A string that a person wrote, and where its value begins.
struct SourceText {
    std::string text;
    Place place;
    bool operator==(const SourceText&) const = default;
};

/// A file that a person wrote, under the name they know it by.
class SourceFile {
public:
    SourceFile() = default;
    SourceFile(std::string name, std::string text);

    const std::string& name() const { return name_; }
    const std::string& text() const { return text_; }

    /// As written, without its end; empty when there is no such line.
    std::string line(int number) const;

    /// Where `part` stands first, from `from` to the end of the line `last_line`; else `from`.
    Place find(std::string_view part, Place from, int last_line) const;

    /// "devstack.toml:7".
    std::string describe(Place place) const;

    Diagnostic error(std::string code,
                     Place place,
                     std::string message,
                     std::string hint = "") const;
    Diagnostic warning(std::string code,
                       Place place,
                       std::string message,
                       std::string hint = "") const;

private:
    std::string_view line_view(int number) const;

    std::string name_;
    std::string text_;
    std::vector<std::size_t> line_starts_;
};

}  // namespace devstack::core
