#pragma once

#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/api/ledger.hpp"
#include "devstack/core/api/messages.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

namespace devstack::test {

inline void expect(bool condition) {
    if (!condition) std::abort();
}

/// What is taken says the same when it is written and read again; what is refused has a reason.
template <typename Parse>
void expect_round_trip(Parse parse, std::string_view text) {
    const auto first = parse(text);
    if (!first) return expect(!first.error().message.empty());
    const std::string written = core::api::to_text(*first);
    const auto again = parse(written);
    expect(again.has_value());
    expect(core::api::to_text(*again) == written);
}

}  // namespace devstack::test
