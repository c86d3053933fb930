#pragma once

#include <string_view>

namespace devstack::cli {

/// The keys of `devstack top`, for people.
extern const std::string_view top_help;

}  // namespace devstack::cli
