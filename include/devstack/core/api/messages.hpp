#pragma once

#include "devstack/base/boxed.hpp"
#include "devstack/base/diagnostic.hpp"
#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/api/diagnosis_message.hpp"
#include "devstack/core/logs/log_line.hpp"
#include "devstack/core/plan/compare_plans.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What daemon and clients say to each other, as values; the words on the wire are in the .cpp
// files. Times are RFC 3339 UTC, durations seconds with fraction, sizes bytes. Fields are only ever
// added. Every text is valid UTF-8.
namespace devstack::core::api {

/// One port of a service, and whether somebody listens there.
struct PortState {
    std::string name;
    int port = 0;
    bool operator==(const PortState&) const = default;
};

struct HealthState {
    std::string status = "none";  ///< "none" (no probe), "unknown", "healthy", "unhealthy".
    std::string probe;            ///< "GET http://localhost:3101/health".
    std::string last_answer;
    int failures = 0;  ///< In a row.
    bool operator==(const HealthState&) const = default;
};

/// CPU and memory of the whole process tree of a service.
struct UsageState {
    double cpu_percent = 0;  ///< Of one core, since the sample before.
    std::uint64_t memory_bytes = 0;
    int processes = 0;
    bool operator==(const UsageState&) const = default;
};

/// How the service's latest process that is over has ended.
struct ExitState {
    int code = 0;    ///< Exit code, when `signal` is 0.
    int signal = 0;  ///< That ended it.
    bool operator==(const ExitState&) const = default;
};

struct ServiceState {
    std::string name;
    std::string kind;                ///< "service", "task".
    std::string phase;               ///< One of the words of product §5.
    std::string why;                 ///< One sentence.
    std::string says;                ///< By the service of itself, in its own words; mostly empty.
    bool awaits_connection = false;  ///< Who connects starts it: all is well.
    std::string since;               ///< When the phase began, RFC 3339.
    double phase_seconds = 0;
    bool is_wanted = false;
    int pid = 0;  ///< 0: no process.
    std::uint32_t run = 0;
    double uptime_seconds = 0;  ///< Of the process; 0 without one.
    int restarts = 0;
    std::vector<PortState> ports;
    std::string url;
    HealthState health;
    std::optional<UsageState> usage;
    std::optional<ExitState> last_exit;
    std::vector<std::string> needs;
    std::vector<std::string> differences;  ///< Declared against real ports, sentences.
    /// What has changed since its run started, "command changed"; empty: it is up to date.
    std::vector<std::string> stale;
    std::vector<std::string> watch;  ///< Globs, relative to the project.
    std::string watch_suspended;     ///< Why they are not minded; empty: they are.
    /// What the doctor makes of it, while it is not well and once that is known.
    Boxed<FindingMessage> finding;
    std::string log_file;
    bool operator==(const ServiceState&) const = default;
};

/// How much is told of each service: what a table of them shows costs half of all that is known.
enum class StateDetail { all, brief, none };

struct StateMessage {
    std::string version;  ///< Of devstack.
    std::string project;
    std::string project_dir;
    std::string profile;  ///< Path.
    std::string mode;     ///< "development", "host".
    std::string status;   ///< "running", "stopping".
    int daemon_pid = 0;
    int keeper_pid = 0;
    std::string started_at;
    std::string api_url;       ///< "http://127.0.0.1:7070"; empty: it is not served by TCP.
    std::uint64_t cursor = 0;  ///< Of the events: what happened up to here is in this state.
    std::vector<ServiceState> services;
};

/// One entry of the event journal.
struct EventMessage {
    std::uint64_t sequence = 0;
    std::string time;
    std::string kind;     ///< "phase", "notice", "project", "log".
    std::string service;  ///< Empty for the project.
    std::uint32_t run = 0;
    std::string from;  ///< Phases, of kind "phase".
    std::string to;
    std::string why;  ///< Or the notice itself: a sentence.
    bool operator==(const EventMessage&) const = default;
};

/// POST /v1/commands.
struct CommandRequest {
    std::string
        command;  ///< "start", "stop", "restart", "signal", "reload", "upgrade", "shutdown", …
    std::vector<std::string> services;  ///< Empty for start, stop, restart: all.
    int signal = 0;
    std::string profile;           ///< For reload: the path of another profile; empty: the same.
    bool is_dry_run = false;       ///< For reload: only tell what it would do.
    std::string program;           ///< For upgrade: the path of what to become.
    std::uint32_t takes_over = 0;  ///< The latest keeper protocol that it can go on from.
    bool operator==(const CommandRequest&) const = default;
};

struct CommandReply {
    /// Events after this one are consequences: wait for them from here.
    std::uint64_t cursor = 0;
    std::optional<PlanComparison> reload;  ///< What a reload has done, or would do.
};

/// Any answer with a status of 400 or more.
struct ErrorMessage {
    std::string code;     ///< "no-such-service", "bad-request", "bad-profile", "not-found",
                          ///< "too-large", "shutting-down".
    std::string message;  ///< For people, complete.
    std::string hint;     ///< May be empty.
    bool operator==(const ErrorMessage&) const = default;
};

/// Answer of GET /v1/events.
struct EventsMessage {
    std::vector<EventMessage> events;
    std::uint64_t cursor = 0;
    bool is_complete = true;
    std::uint64_t lost = 0;
};

/// Answer of GET /v1/logs. In the lines' JSON `text` is sane_text with colour kept.
struct LogsMessage {
    std::vector<LogLine> lines;
    std::vector<LogGap> gaps;
    std::string cursor;
    bool is_complete = true;
};

/// One listening socket on this host, for `devstack ports`.
struct ListeningPort {
    int port = 0;
    std::string address;
    int pid = 0;
    std::string command;
    std::string user;
    std::string since;
    std::string working_dir;
    std::string service;  ///< Of this project; empty: somebody else's.
    bool operator==(const ListeningPort&) const = default;
};

/// What `devstack bundle` has written.
struct BundleMessage {
    std::string file;
    std::size_t files = 0;  ///< In it.
    std::size_t bytes = 0;
    std::vector<std::string> hidden;  ///< Where secrets were: "logs/api.log: line 3".
};

// to_text: one line of JSON. parse_*: fail with kind invalid and a message that names the field.
/// `brief` leaves out what a table of services does not show, and what is empty.
std::string to_text(const StateMessage& message, StateDetail detail = StateDetail::all);
std::string to_text(const EventMessage& message);
std::string to_text(const EventsMessage& message);
std::string to_text(const LogsMessage& message);
std::string to_text(const LogLine& line);
std::string to_text(const LogGap& gap);
std::string to_text(const CommandRequest& message);
std::string to_text(const CommandReply& message);
std::string to_text(const ErrorMessage& message);
std::string to_text(const BundleMessage& message);
std::string to_text(const ServiceState& message);
std::string to_text(const std::vector<ListeningPort>& ports);
std::string to_text(const std::vector<Diagnostic>& diagnostics);

Result<StateMessage> parse_state(std::string_view text);
Result<EventMessage> parse_event(std::string_view text);
Result<EventsMessage> parse_events(std::string_view text);
Result<LogsMessage> parse_logs(std::string_view text);
Result<CommandRequest> parse_command_request(std::string_view text);
Result<CommandReply> parse_command_reply(std::string_view text);
Result<ErrorMessage> parse_error(std::string_view text);
Result<std::vector<ListeningPort>> parse_ports(std::string_view text);

}  // namespace devstack::core::api
