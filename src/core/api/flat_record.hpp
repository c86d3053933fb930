#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/supervisor/record.hpp"

#include "core/api/json_reader.hpp"
#include "core/api/json_writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace devstack::core::api {

/// A moment of the monotonic clock: nanoseconds since its beginning.
struct FlatMoment {
    std::uint64_t at = 0;
};

struct FlatExit {
    int code = 0;
    int signal = 0;
    bool dumped_core = false;
    bool is_unknown = false;
};

struct FlatHolder {
    std::uint32_t port = 0;
    std::string address;
    int pid = 0;
    std::string command;
    std::string user;
    std::string since;
    std::string working_dir;
    bool is_leftover = false;
    bool is_teardown = false;
    std::string service;
};

/// A ServiceRecord with the members of all phases side by side, as its JSON has them; those that
/// the phase does not have are left out.
struct FlatRecord {
    std::string service;
    std::uint64_t id = 0;
    std::string phase;
    std::string why;
    std::uint64_t since = 0;
    bool is_requested = false;
    std::uint32_t runs = 0;
    int restarts = 0;
    int delay_exponent = 0;
    std::vector<FlatMoment> recent_restarts;
    std::vector<std::string> differences;
    std::optional<FlatExit> last_exit;
    std::string said;
    std::optional<FlatMoment> watchdog;  ///< Nanoseconds.
    bool is_called = false;
    std::uint32_t old_settings = 0;
    int quick_changes = 0;
    std::string watch_suspended;
    // Of the phase.
    std::uint32_t run = 0;
    std::string step;
    int pid = 0;
    int group = 0;
    std::uint64_t begun = 0;
    std::uint64_t deadline = 0;
    std::uint64_t delay = 0;
    int failures = 0;
    std::string answer;
    bool is_killed = false;
    bool is_watchdog = false;
    bool is_unplanned = false;
    bool is_crash_loop = false;
    bool is_cut_short = false;
    std::optional<FlatExit> exit;
    std::vector<FlatHolder> holders;
};

FlatRecord flatten(const ServiceRecord& record);
/// Fails on words that no phase knows.
Result<ServiceRecord> unflatten(FlatRecord record);

void write(JsonWriter& json, const FlatRecord& record);

template <>
const Shape& shape_of<FlatRecord>();

}  // namespace devstack::core::api
