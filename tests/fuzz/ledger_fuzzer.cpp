// Any bytes as a ledger's line: what is taken says the same when it is written and read again.

#include "devstack/core/api/ledger.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace devstack;
using namespace devstack::core;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

template <typename Parse>
void try_line(Parse parse, std::string_view line) {
    const auto first = parse(line);
    if (!first) return expect(!first.error().message.empty());
    const std::string text = api::to_text(*first);
    const auto again = parse(text);
    expect(again.has_value());
    expect(api::to_text(*again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line{static_cast<const char*>(static_cast<const void*>(data)), size};
    try_line(api::parse_ledger_header, line);
    try_line(api::parse_record, line);
    try_line(api::parse_ledger_turn, line);
    return 0;
}
