#include "devstack/project/load_profile.hpp"

#include "devstack/core/limits.hpp"

#include "text_file.hpp"

#include <utility>

namespace devstack::project {

Result<core::Profile> load_profile(const std::string& path) {
    Result<std::string> text = load_text_file(path, core::limits::profile_size_max);
    if (!text) return with_context("cannot read " + path, std::move(text).error());
    return core::read_profile(path, std::move(*text)).profile;
}

}  // namespace devstack::project
