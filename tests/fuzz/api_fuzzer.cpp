// Any bytes as what comes over the control socket, by either side: a request's target, and bodies.

#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/core/api/query.hpp"

#include "fuzz/round_trip.hpp"

#include <cstdint>
#include <string_view>

using namespace devstack;
using namespace devstack::core;
using namespace devstack::test;

namespace {

template <typename Request, typename Parse>
void try_request(const Request& request, Parse parse) {
    if (!request) return expect(!request.error().message.empty());
    const auto target = api::parse_target(api::render_request(*request));
    expect(target.has_value());
    const auto again = parse(target->parameters);
    expect(again.has_value());
    expect(*again == *request);
}

void try_target(std::string_view text) {
    const auto target = api::parse_target(text);
    if (!target) return expect(!target.error().message.empty());
    const auto same = api::parse_target(api::render_target(*target));
    expect(same.has_value() && *same == *target);
    const WallTime now{std::chrono::hours{500'000}};
    const auto parse_logs = [now](const api::Parameters& it) {
        return api::parse_log_request(it, now);
    };
    try_request(api::parse_state_request(target->parameters), api::parse_state_request);
    try_request(api::parse_event_request(target->parameters), api::parse_event_request);
    try_request(parse_logs(target->parameters), parse_logs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{static_cast<const char*>(static_cast<const void*>(data)), size};
    try_target(text);
    expect_round_trip(api::parse_state, text);
    expect_round_trip(api::parse_event, text);
    expect_round_trip(api::parse_events, text);
    expect_round_trip(api::parse_logs, text);
    expect_round_trip(api::parse_command_request, text);
    expect_round_trip(api::parse_command_reply, text);
    expect_round_trip(api::parse_error, text);
    expect_round_trip(api::parse_crash, text);
    return 0;
}
