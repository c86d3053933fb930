#pragma once

#include <string>

namespace devstack::core::doctor {

/// A function of Express or Koa that may keep a request from its answer, by its source.
struct MiddlewareFact {
    std::string service;
    std::string name;   ///< "tenant"; empty: it has none.
    std::string where;  ///< "middleware/tenant.js:1".
    std::string at;     ///< Of the line that is to blame.
    std::string fault;  ///< "no next": a way through it neither answers nor goes on; "no await".
    std::string route;  ///< That it is given to: "/admin"; empty: none, or all.
};

}  // namespace devstack::core::doctor
