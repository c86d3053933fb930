#pragma once

#include "devstack/base/result.hpp"

#include <cstddef>
#include <string>

namespace devstack::project {

/// The whole of a regular file of up to `size_max` bytes. Fails with the bare reason: "no such
/// file", "permission denied", "is a directory".
Result<std::string> load_text_file(const std::string& path, std::size_t size_max);

/// Puts `text` in the place of the file at `path`, 0600; a reader sees the old or the new one.
/// Of several writers at once, each succeeds and the last one's text stays.
Status replace_text_file(const std::string& path, const std::string& text);

}  // namespace devstack::project
