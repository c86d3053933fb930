#pragma once

#include <optional>
#include <string_view>

namespace devstack::dashboard {

/// A file of the dashboard's page, as it lies in src/dashboard.
struct Asset {
    std::string_view name;  ///< "main.js"
    std::string_view content;
    std::string_view type;  ///< For Content-Type.
};

/// Empty when there is no such file. They are part of the program: nothing is read from disk.
std::optional<Asset> find_asset(std::string_view name);

}  // namespace devstack::dashboard
