#pragma once

#include "core/doctor/picture.hpp"

#include <string>
#include <vector>

namespace devstack::core::doctor {

/// Where a request is sent on to, step by step, as far as it has been followed.
struct Redirects {
    std::vector<std::string> way;  ///< "/", "/login", "https://shop.test/".
    const DialFact* last = nullptr;
    bool is_loop = false;  ///< It comes back to a place where it has been.
    /// A step sets a cookie: a browser that sends it on may be let through.
    bool sets_cookie = false;
};
Redirects follow_redirects(const DialFact& dial, const Picture& picture);

}  // namespace devstack::core::doctor
