#pragma once

#include "devstack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack {

/// The candidate that `typed` most probably meant; empty when none is near (edit distance with
/// transpositions, at most a third of the length). Backs every "did you mean".
std::optional<std::string> closest_match(std::string_view typed,
                                         const std::vector<std::string>& candidates);

/// " (did you mean `x`?)" or "".
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& candidates);

/// "a, b and c"; "nothing" for none.
std::string join_for_people(const std::vector<std::string>& words);

std::string join(const std::vector<std::string>& words, std::string_view separator);

/// "1 service", "3 services".
std::string count_of(std::size_t count, std::string_view noun);

/// "512 B", "1.5 KiB", "12 MiB": three significant digits, powers of 1024.
std::string render_bytes(std::uint64_t bytes);
/// "512MiB", "1 GiB": a whole number and one of KiB, MiB, GiB and TiB. Fails with what is wrong.
Result<std::uint64_t> parse_bytes(std::string_view text);

/// The text quoted as a POSIX shell would need it to be one word; unchanged when it is safe.
std::string shell_quote(std::string_view word);

/// Valid UTF-8 without control characters: each invalid byte becomes U+FFFD, other control
/// characters but tab are dropped, ANSI escape sequences are removed unless `keep_colour` (then SGR
/// sequences alone stay, and end with the text). Of text overwritten by carriage returns the last
/// state is kept, as a terminal would show it. For everything that is shown or sent as JSON.
std::string sane_text(std::string_view bytes, bool keep_colour = false);

/// With `by` wherever `what` was.
std::string replace_all(std::string text, std::string_view what, std::string_view by);

/// How much of the text, from its beginning, is valid UTF-8 (RFC 3629); all of it, as a rule.
std::size_t valid_utf8_length(std::string_view bytes);

/// Valid UTF-8 of at most `bytes_max` bytes: what is longer ends with "…".
std::string shorten(std::string text, std::size_t bytes_max);

}  // namespace devstack
