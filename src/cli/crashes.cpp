#include "devstack/base/text.hpp"
#include "devstack/core/doctor/explain_crash.hpp"
#include "devstack/core/doctor/facts_json.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/crash_records.hpp"

#include "cli/commands.hpp"
#include "cli/crash_view.hpp"
#include "cli/find_project.hpp"
#include "cli/known_services.hpp"
#include "cli/service_names.hpp"

#include <algorithm>
#include <chrono>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using namespace std::chrono_literals;

/// A daemon that does not answer is no reason to wait: the records are files.
constexpr Duration names_timeout = 1s;

/// What to say when a service is asked for of which nobody knows. One that has been taken out of
/// the profile is still known by its records.
std::optional<std::string> find_unknown_service(const ProjectPlace& place,
                                                const std::vector<std::string>& wished) {
    std::vector<std::string> known = project::find_crashed_services(place.paths.state_dir);
    if (!find_unknown(wished, known)) return std::nullopt;
    for (KnownService& it : find_known_services(place, names_timeout)) {
        const bool is_new = std::ranges::find(known, it.name) == known.end();
        if (is_new) known.push_back(std::move(it.name));
    }
    return find_unknown(wished, known);
}

/// With the cause as it can be told from the record alone, where none was found at the time.
std::vector<api::CrashMessage> with_findings(std::vector<api::CrashMessage> crashes) {
    for (api::CrashMessage& crash : crashes) {
        const auto finding = core::doctor::explain_crash(crash);
        if (finding && !crash.finding) crash.finding = core::doctor::to_message(*finding);
    }
    return crashes;
}

std::string render_each(const std::vector<api::CrashMessage>& crashes, const Terminal& terminal) {
    const WallTime now = platform::wall_now();
    std::string text;
    for (const api::CrashMessage& crash : crashes) {
        if (!text.empty()) text += "\n";
        text += render_crash(crash, terminal, now);
    }
    return text;
}

}  // namespace

int run_crashes(const Common& common, const CrashesOptions& options) {
    const Result<ProjectPlace> place = find_project(common);
    if (!place) return fail(place.error());
    if (const auto unknown = find_unknown_service(*place, options.services)) {
        complain(*unknown);
        return exit_no_such_service;
    }
    const Result<project::CrashAnswer> answer =
        project::read_crash_records(place->paths.state_dir, {options.services, options.tail});
    if (!answer) return fail(answer.error());
    for (const std::string& note : answer->damaged)
        complain(note);
    const std::vector<api::CrashMessage>& crashes = answer->crashes;
    if (options.json)
        return print(api::to_text(with_findings(crashes)) + "\n") ? exit_done : exit_failed;
    if (crashes.empty()) {
        complain(
            "no crash of " +
            (options.services.empty() ? place->shown_name() : join_for_people(options.services)) +
            " is on record");
        return exit_done;
    }
    const Terminal terminal = examine_terminal(STDOUT_FILENO, common.colour);
    const bool is_alone = options.services.size() == 1 && crashes.size() == 1;
    const std::string text = options.full || is_alone
                                 ? render_each(crashes, terminal)
                                 : render_crashes(crashes, terminal, platform::wall_now());
    return print(text) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
