#pragma once

#include "devstack/base/result.hpp"
#include "devstack/core/api/crash_message.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace devstack::project {

/// Writes a record to `crashes/SERVICE-TIME.json` in the state directory. The oldest ones of the
/// service go when there are more than limits::crash_records_max.
Status write_crash_record(const std::string& state_dir, const core::api::CrashMessage& crash);

struct CrashQuery {
    std::vector<std::string> services;  ///< Empty: all.
    std::size_t count = 0;              ///< The newest so many.
};

struct CrashAnswer {
    std::vector<core::api::CrashMessage> crashes;  ///< Newest first.
    /// Records that can not be used, as sentences: "cannot read the record PATH: …".
    std::vector<std::string> damaged;
};

/// Reads the crash records of a project, whether or not a daemon is running.
Result<CrashAnswer> read_crash_records(const std::string& state_dir, const CrashQuery& query);

/// Names of the services that have a record there, sorted.
std::vector<std::string> find_crashed_services(const std::string& state_dir);

}  // namespace devstack::project
