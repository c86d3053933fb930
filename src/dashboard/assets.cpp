#include "devstack/dashboard/assets.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

/// Made by CMake out of the list of files; the last one has no name.
struct RawAsset {
    const char* name;
    const char* begin;
    const char* end;
};
extern "C" const RawAsset devstack_dashboard_assets[];

namespace devstack::dashboard {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> types{{
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
}};

std::string_view type_of(std::string_view name) {
    const auto* const it =
        std::ranges::find_if(types, [&](const auto& type) { return name.ends_with(type.first); });
    return it == types.end() ? "application/octet-stream" : it->second;
}

}  // namespace

std::optional<Asset> find_asset(std::string_view name) {
    for (const RawAsset* raw = devstack_dashboard_assets; raw->name != nullptr; ++raw) {
        if (raw->name != name) continue;
        return Asset{raw->name, {raw->begin, raw->end}, type_of(name)};
    }
    return std::nullopt;
}

}  // namespace devstack::dashboard
