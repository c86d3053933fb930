// Any bytes as a ledger's line: what is taken says the same when it is written and read again.

#include "devstack/core/api/ledger.hpp"

#include "fuzz/round_trip.hpp"

#include <cstdint>
#include <string_view>

using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line{static_cast<const char*>(static_cast<const void*>(data)), size};
    expect_round_trip(api::parse_ledger_header, line);
    expect_round_trip(api::parse_record, line);
    expect_round_trip(api::parse_ledger_turn, line);
    return 0;
}
