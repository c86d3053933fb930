#include "devstack/base/text.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/crash_records.hpp"
#include "devstack/project/log_reader.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

namespace devstack::diagnosis {

namespace {

using core::doctor::LogFact;

constexpr std::size_t lines_max = 300;
constexpr std::size_t dump_lines_max = 5000;
constexpr std::size_t line_size_max = 1000;

/// A runtime that was just asked for a dump writes it in one go: it is there when the log has grown
/// no more for a moment.
void await_dump(const std::string& file) {
    using namespace std::chrono_literals;
    std::error_code ignored;
    const TimePoint begin = platform::now();
    TimePoint grown = begin;
    auto size = std::filesystem::file_size(file, ignored);
    for (TimePoint now = begin; now < begin + 450ms && now < grown + 200ms; now = platform::now()) {
        wait(20ms);
        const auto new_size = std::filesystem::file_size(file, ignored);
        if (new_size != size) grown = platform::now();
        size = new_size;
    }
}

/// Runs are counted anew by each `up`: what an earlier one has left in the log tells nothing of
/// now.
std::vector<core::LogLine>::const_iterator begin_of_life(const std::vector<core::LogLine>& lines,
                                                         const ServiceScene& service) {
    auto begin = lines.end();
    while (begin != lines.begin()) {
        const auto before = begin - 1;
        if (begin != lines.end() && before->run > begin->run) break;
        begin = before;
    }
    // Of one that is being stopped it is not told how long it has lived.
    const bool is_first =
        service.fact.pid != 0 && service.fact.run == 1 && service.fact.phase != "stopping";
    if (!is_first) return begin;
    constexpr double slack = 1;  // Seconds: its clock and ours are read at different moments.
    const auto age = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>{service.fact.uptime_seconds + slack});
    const WallTime since = platform::wall_now() - age;
    return std::find_if(
        begin, lines.end(), [&](const core::LogLine& it) { return it.time >= since; });
}

/// Of the run that lives, or else of the last one that wrote anything; and of the one before, whose
/// end is news.
LogFact read_log(const Scene& scene, const ServiceScene& service, bool has_just_failed) {
    LogFact fact;
    fact.service = service.fact.name;
    const project::ProjectPaths& paths = *scene.question.project;
    fact.file = scene.shown(paths.log_dir + "/" + fact.service + ".log");
    // Whoever is asked for a dump by devstack, and whoever has been asked by `dump_signal`.
    const bool has_dump = scene.question.is_evidence && scene.question.subject.text == fact.service;
    if (has_dump) await_dump(paths.log_dir + "/" + fact.service + ".log");
    project::LogQuery query;
    query.services = {fact.service};
    query.tail = has_dump ? dump_lines_max : lines_max;
    // A last line without an end is better than none.
    query.now = platform::wall_now() + core::limits::partial_line_delay;
    const auto answer = project::read_logs(paths.log_dir, query);
    if (!answer || answer->lines.empty()) return fact;
    // A run that has just begun has nothing to say yet of why the one before it ended.
    const bool is_young = service.fact.pid != 0 && service.fact.restarts > 0 &&
                          service.fact.run > 0 &&
                          (service.fact.phase != "ready" || has_just_failed);
    const std::uint32_t first = is_young                ? service.fact.run - 1
                                : service.fact.pid != 0 ? service.fact.run
                                                        : answer->lines.back().run;
    const auto begin = begin_of_life(answer->lines, service);
    for (auto line_at = begin; line_at != answer->lines.end(); ++line_at) {
        const core::LogLine& line = *line_at;
        if (line.run < first) continue;
        const std::string text = sane_text(line.text).substr(0, line_size_max);
        fact.lines.push_back(
            {render_timestamp(line.time), core::doctor::redact(text, scene.secrets)});
    }
    return fact;
}

}  // namespace

Facts collect_logs(const Scene& scene) {
    Facts facts;
    if (!scene.question.project) return facts;
    project::CrashQuery query;
    query.count = 50;
    const auto answer = project::read_crash_records(scene.question.project->state_dir, query);
    const WallTime now = platform::wall_now();
    std::set<std::string> just_failed;
    for (const core::api::CrashMessage& it :
         answer ? answer->crashes : std::vector<core::api::CrashMessage>{}) {
        const auto time = parse_timestamp(it.time, {});
        if (time && now - *time <= core::limits::just_failed) just_failed.insert(it.service);
        facts.crashes.push_back({it.service,
                                 it.pid,
                                 it.time,
                                 it.ended,
                                 it.why,
                                 it.code,
                                 it.signal,
                                 it.lived_seconds,
                                 it.peak_memory_bytes,
                                 it.oom_kills,
                                 it.finding ? it.finding->id : "",
                                 it.finding ? it.finding->cause : ""});
    }
    for (const ServiceScene& service : scene.services) {
        const bool has_just_failed = just_failed.contains(service.fact.name);
        facts.logs.push_back(read_log(scene, service, has_just_failed));
    }
    return facts;
}

}  // namespace devstack::diagnosis
