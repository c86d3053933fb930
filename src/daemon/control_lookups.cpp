#include "devstack/core/api/crash_message.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/project/crash_records.hpp"

#include "daemon/control_api.hpp"

#include <charconv>
#include <utility>

// What is looked up when somebody asks: who listens, what probes were answered, how services have
// ended.

namespace devstack::daemon {

namespace api = core::api;
namespace limits = core::limits;

namespace {

ControlReply bad_request(const std::string& message) {
    return {400, api::to_text(api::ErrorMessage{"bad-request", message, ""})};
}

/// Empty when the text is not all of a number.
template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::vector<std::string> services_in(const ControlRequest& request) {
    std::vector<std::string> services;
    for (const auto& [name, value] : request.parameters) {
        if (name == "service") services.push_back(value);
    }
    return services;
}

}  // namespace

ControlReply ControlApi::ports(const ControlRequest& request) {
    const std::string_view text = request.parameter("port");
    const auto number = text.empty() ? std::uint16_t{0} : parse_whole<std::uint16_t>(text);
    if (!number) {
        return bad_request("parameter port: expected a number from 1 to 65535, not " +
                           std::string{text});
    }
    std::optional<Port> port;
    if (*number != 0) port = Port{*number};
    return {200, api::to_text(source_.listeners(port))};
}

ControlReply ControlApi::probes(const ControlRequest& request) {
    const std::vector<std::string> services = services_in(request);
    if (services.size() != 1) {
        return bad_request("parameter service: expected one service, of which to tell the answers");
    }
    if (auto unknown = find_unknown(services)) return *unknown;
    return {200, api::to_text(source_.probe_answers(services.front()))};
}

ControlReply ControlApi::crashes(const ControlRequest& request) {
    const std::string_view text = request.parameter("tail");
    const auto count = text.empty() ? limits::crash_records_max : parse_whole<std::size_t>(text);
    if (!count) {
        return bad_request("parameter tail: expected a whole number, found \"" +
                           std::string{text.substr(0, 40)} + "\"");
    }
    // Of services too that are no longer in the profile: whoever asks for a name that nobody knows
    // gets an empty list.
    const auto answer = project::read_crash_records(
        state_dir_, {services_in(request), std::min(*count, limits::crash_records_max)});
    if (!answer)
        return {500, api::to_text(api::ErrorMessage{"internal", answer.error().message, ""})};
    return {200, api::to_text(answer->crashes)};
}

}  // namespace devstack::daemon
