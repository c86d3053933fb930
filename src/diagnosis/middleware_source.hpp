#pragma once

#include <string>
#include <vector>

namespace devstack::diagnosis {

/// A function of Express or Koa that may keep a request from its answer.
struct MiddlewareSource {
    std::string name;   ///< Empty: it has none.
    int line = 0;       ///< Where it begins.
    int at = 0;         ///< Of the line that is to blame.
    std::string fault;  ///< "no next": a way through it neither answers nor goes on; "no await".
    std::string route;  ///< That it is given to, where it stands; empty: none, or all.
    bool is_of_other_method = false;  ///< Than GET.
};

/// Reads as much of JavaScript and TypeScript as that takes. What it does not understand is
/// without fault.
std::vector<MiddlewareSource> find_faulty_middleware(const std::string& source);

}  // namespace devstack::diagnosis
