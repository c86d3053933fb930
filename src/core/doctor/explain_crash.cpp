#include "devstack/core/doctor/explain_crash.hpp"

#include <utility>

namespace devstack::core::doctor {

namespace {

/// Less only repeats how it ended.
constexpr int strength_min = 55;

}  // namespace

std::optional<Finding> explain_crash(const api::CrashMessage& crash) {
    Facts facts;
    facts.time = crash.time;
    facts.daemon = "running";
    ServiceFact service;
    service.name = crash.service;
    service.kind = crash.kind;
    service.phase = "failed";
    service.has_exited = true;
    service.exit_code = crash.code;
    service.exit_signal = crash.signal;
    service.restarts = crash.restarts;
    service.command = "its program";
    service.why = crash.why;
    facts.services = {service};
    facts.crashes = {{crash.service,
                      crash.pid,
                      crash.time,
                      crash.ended,
                      crash.why,
                      crash.code,
                      crash.signal,
                      crash.lived_seconds,
                      crash.peak_memory_bytes,
                      crash.oom_kills}};
    LogFact log;
    log.service = crash.service;
    constexpr std::size_t line_size_max = 1000;  // What is longer is data.
    for (const api::CrashLine& line : crash.lines)
        log.lines.push_back({line.time, line.text.substr(0, line_size_max)});
    facts.logs = {std::move(log)};
    Diagnosis diagnosis = diagnose(facts);
    const bool is_told =
        !diagnosis.findings.empty() && diagnosis.findings.front().strength >= strength_min;
    if (!is_told) return std::nullopt;
    return std::move(diagnosis.findings.front());
}

}  // namespace devstack::core::doctor
