#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/diagnosis_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::api {

/// Equal answers of a probe, one after the other.
struct ProbeAnswerState {
    std::string first_time;
    std::string last_time;
    int count = 1;
    bool is_success = false;
    std::string detail;
    bool operator==(const ProbeAnswerState&) const = default;
};

struct CrashLine {
    std::string time;
    std::string stream;  ///< "stdout", "stderr".
    std::string text;
    bool operator==(const CrashLine&) const = default;
};

/// What is known of one unplanned end: the content of a file in `crashes`, and an entry of
/// `devstack crashes --json`.
struct CrashMessage {
    std::string time;  ///< When the process ended.
    std::string service;
    std::string kind;  ///< "service", "task".
    std::uint32_t run = 0;
    int pid = 0;
    std::string ended;  ///< "was killed by SIGSEGV (core dumped)".
    int code = 0;       ///< Exit code, when `signal` is 0.
    int signal = 0;
    bool dumped_core = false;
    std::string why;       ///< Why it ended, or had to: "was unhealthy: status 500".
    std::string decision;  ///< "restart 2 comes after 500ms".
    int restarts = 0;      ///< Since somebody last asked for the service.
    double lived_seconds = 0;
    double user_seconds = 0;  ///< CPU time of the process and of those that it waited for.
    double system_seconds = 0;
    std::uint64_t peak_memory_bytes = 0;  ///< Of the largest of these.
    /// So many processes of this host the kernel has ended for want of memory, since that time;
    /// told only of a process that was killed. One of them may have been this.
    std::uint64_t oom_kills = 0;
    std::string oom_kills_since;
    std::string probe;  ///< "GET http://localhost:3101/health"; empty: it has none.
    std::vector<ProbeAnswerState> probe_answers;  ///< Oldest first; those of this run.
    std::vector<std::string> differences;         ///< Declared against real ports, sentences.
    std::vector<CrashLine> lines;  ///< The last ones of both streams that this run wrote, by time.
    /// What the doctor has made of it: of a service that hung, while it still did.
    std::optional<FindingMessage> finding;
    std::vector<std::string> threads;  ///< What each was doing, of a service that hung.
    std::string evidence_problem;      ///< Why these two are not there; as a rule empty.
    std::string log_problem;           ///< Why `lines` is not to be trusted; as a rule empty.
    bool operator==(const CrashMessage&) const = default;
};

/// One line of JSON.
std::string to_text(const CrashMessage& message);
std::string to_text(const std::vector<CrashMessage>& messages);
std::string to_text(const std::vector<ProbeAnswerState>& answers);
/// Fails with kind invalid and a message that names the field.
Result<CrashMessage> parse_crash(std::string_view text);

}  // namespace devstack::core::api
