#pragma once

#include "devstack/core/profile/source_text.hpp"

#include <vector>

namespace devstack::core {

/// One `NAME=value` of an env file. The value is still to be interpolated: quotes and escapes are
/// resolved, `${…}` that is to be replaced is left, any other dollar is doubled.
struct DotenvEntry {
    SourceText name;
    SourceText value;
    bool operator==(const DotenvEntry&) const = default;
};

struct Dotenv {
    std::vector<DotenvEntry> entries;  ///< In the order of the file; a name may come twice.
    std::vector<Diagnostic> diagnostics;
};

/// Reads an env file: `NAME=value`, with or without `export`; 'raw', "with \n and ${OTHER}", both
/// over several lines; ` # comment`; CRLF; BOM. A bad line is reported and skipped. Diagnostics
/// never show a value, since secrets live in these files.
Dotenv parse_dotenv(const SourceFile& file);

}  // namespace devstack::core
