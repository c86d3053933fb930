#pragma once

#include "devstack/core/api/messages.hpp"

#include <string>
#include <vector>

namespace devstack::cli {

/// All that there is to say of a service.
struct WhyView {
    const core::api::ServiceState& service;
    const core::api::StateMessage& state;
    std::string cause{};                            ///< That the doctor has found; may be empty.
    std::vector<core::api::EventMessage> events{};  ///< The last ones of the service.
    std::string last_lines{};                       ///< Of its log; may be empty.
};

/// One sentence, the facts behind it, then events and lines.
std::string render_why(const WhyView& view, bool has_colour);

}  // namespace devstack::cli
