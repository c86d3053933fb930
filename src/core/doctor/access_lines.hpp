#pragma once

#include "core/doctor/picture.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::core::doctor {

/// A request and its answer, as a server writes them down.
struct AccessLine {
    std::string method;
    std::string path;  ///< Without its query.
    int status = 0;
};

/// Empty: it is no line of an access log that is known.
std::optional<AccessLine> read_access_line(const std::string& text);

/// A request that has failed lately.
struct FailedAnswer {
    AccessLine access;
    const LineFact* line = nullptr;  ///< Lives as long as the facts.
};

/// For how long nothing of the project has begun anew: what failed before that is over.
double settled_seconds(const Picture& picture);
/// Of a service that is well, oldest first: what it has answered with 500, 502, 503 or 504 in the
/// last minute and since then not well, though all of the project was up by then.
std::vector<FailedAnswer> find_failed_answers(const std::string& service, const Picture& picture);
/// `request` is a path, with its query if it has one.
bool has_failed_lately(const std::string& service,
                       const std::string& request,
                       const Picture& picture);
/// One of them was written down when the line was.
bool is_of_failed_answer(const LineFact& line, const std::vector<FailedAnswer>& failed);

}  // namespace devstack::core::doctor
