#pragma once

#include <string>
#include <string_view>

namespace devstack::diagnosis {

/// "stock::Store::reorder" of a symbol as rustc makes them, in its old way or its new one (v0);
/// empty for others. What a closure is in stays; parameters of types are left out.
std::string readable_rust_name(std::string_view symbol);

}  // namespace devstack::diagnosis
