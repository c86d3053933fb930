#pragma once

#include "devstack/core/doctor/facts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// Of the headers that were sent those for which browsers ask first (Fetch Standard, 2.2.2:
/// CORS-safelisted request-header), as Access-Control-Request-Headers names them:
/// "authorization,x-tenant"; empty: none.
std::string preflight_headers(const DialFact& dial);
/// "/shop" of "/shop/" and "/shop/cart"; empty: there is only one part.
std::string first_part(std::string_view path);
/// What a page is made of, by paths from the root: "/openapi.json", "/assets/app.js". A few of
/// them, none below `prefix`.
std::vector<std::string> parts_of_page(const std::string& html, const std::string& prefix);
/// Of a Set-Cookie header everything but the value: "sid=***; Path=/; HttpOnly".
std::string without_cookie_value(std::string_view header);

}  // namespace devstack::core::doctor
