#include "daemon/diagnoses.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

namespace devstack::daemon {

namespace api = core::api;
namespace limits = core::limits;

namespace {

/// Services that come into trouble so soon after one another are looked at together.
constexpr Duration look_together = std::chrono::milliseconds{100};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

/// In which something is wrong, or may be when it lasts. Whom a phase like `blocked` is about says
/// itself what is wrong.
bool is_troubled(std::string_view phase) {
    return is_one_of(phase, {"failed", "unhealthy", "backing-off", "starting"});
}

}  // namespace

std::optional<api::FindingMessage> find_cause(const api::DiagnosisMessage& diagnosis,
                                              const std::string& service) {
    const auto& findings = diagnosis.findings;
    auto found = std::ranges::find(findings, service, &api::FindingMessage::service);
    if (found == findings.end()) {
        found = std::ranges::find_if(findings, [&](const api::FindingMessage& it) {
            return std::ranges::find(it.affects, service) != it.affects.end();
        });
    }
    if (found == findings.end()) return std::nullopt;
    return *found;
}

void Diagnoses::phase_changed(const std::string& service, const std::string& phase, TimePoint now) {
    if (is_closed_) return;
    if (is_one_of(phase, {"ready", "completed", "stopped"})) {
        known_.erase(service);
        due_.erase(service);
        return;
    }
    if (!is_troubled(phase)) return;
    const bool is_young = phase == "starting";
    expect(service, now + (is_young ? limits::slow_start_age : limits::trouble_age));
}

void Diagnoses::expect(const std::string& service, TimePoint at) {
    const auto known = known_.find(service);
    if (known != known_.end())
        at = std::max(at, known->second.looked_at + limits::look_again_after);
    const auto [due, is_new] = due_.try_emplace(service, at);
    if (!is_new) due->second = std::min(due->second, at);
    arm();
}

void Diagnoses::arm() {
    if (due_.empty() || is_looking_ || is_closed_) return;
    const auto first = std::ranges::min_element(due_, {}, [](const auto& it) { return it.second; });
    timer_.expires_at(first->second);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) look(platform::now());
    });
}

bool Diagnoses::is_in_trouble(const std::string& service) const {
    return is_troubled(sink_.phase_of(service));
}

void Diagnoses::look(TimePoint now) {
    std::vector<std::string> troubled;
    for (auto it = due_.begin(); it != due_.end();) {
        if (it->second > now + look_together) {
            ++it;
            continue;
        }
        if (is_in_trouble(it->first)) troubled.push_back(it->first);
        it = due_.erase(it);
    }
    if (troubled.empty()) return arm();
    is_looking_ = true;
    sink_.ask([this, troubled](const Result<api::DiagnosisMessage>& answer) {
        is_looking_ = false;
        const TimePoint at = platform::now();
        for (const std::string& service : troubled)
            found(service, answer ? *answer : api::DiagnosisMessage{}, at);
        arm();
    });
}

void Diagnoses::found(const std::string& service,
                      const api::DiagnosisMessage& diagnosis,
                      TimePoint now) {
    if (is_closed_ || !is_in_trouble(service)) return;
    known_[service] = {find_cause(diagnosis, service), now};
}

void Diagnoses::add_to(api::ServiceState& state) const {
    const auto known = known_.find(state.name);
    if (known != known_.end()) state.finding = known->second.finding;
}

void Diagnoses::close() {
    is_closed_ = true;
    timer_.cancel();
}

}  // namespace devstack::daemon
