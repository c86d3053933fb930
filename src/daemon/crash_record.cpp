#include "daemon/crash_record.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/core/plan/secrets.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/project/crash_records.hpp"
#include "devstack/project/log_reader.hpp"

#include "daemon/diagnoses.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace devstack::daemon {

namespace api = core::api;
namespace limits = core::limits;

namespace {

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void add_end(api::CrashMessage& crash, const core::RunEnd& end) {
    crash.pid = end.pid;
    crash.ended = core::describe(end.status);
    crash.code = end.status.code;
    crash.signal = end.status.signal;
    crash.dumped_core = end.status.dumped_core;
    crash.lived_seconds = seconds(end.ended_at - end.spawned_at);
    crash.user_seconds = seconds(end.usage.user_time);
    crash.system_seconds = seconds(end.usage.system_time);
    crash.peak_memory_bytes = end.usage.peak_memory;
}

/// What this run wrote last to one stream. Lines of other runs are not its words; of those that
/// were found after a crash of the daemon nobody knows whose they are.
Result<std::vector<core::LogLine>> last_lines(const std::string& log_dir,
                                              const api::CrashMessage& crash,
                                              core::LogStream stream,
                                              const std::vector<std::string>& secrets) {
    project::LogQuery query;
    query.services = {crash.service};
    query.stream = stream;
    query.tail = limits::crash_record_lines;
    query.now = platform::wall_now() + limits::partial_line_delay;  // An unfinished line counts.
    query.secrets = secrets;
    Result<project::LogAnswer> logs = project::read_logs(log_dir, query);
    if (!logs) return std::move(logs).error();
    std::erase_if(logs->lines, [&](const core::LogLine& line) {
        return line.run != 0 && line.run != crash.run;
    });
    return std::move(logs->lines);
}

void add_last_lines(const std::string& log_dir,
                    const std::vector<std::string>& secrets,
                    api::CrashMessage& crash) {
    std::vector<core::LogLine> lines;
    for (const auto stream : {core::LogStream::standard_output, core::LogStream::standard_error}) {
        Result<std::vector<core::LogLine>> some = last_lines(log_dir, crash, stream, secrets);
        if (!some) {
            crash.log_problem = some.error().message;
            continue;
        }
        lines.insert(lines.end(), some->begin(), some->end());
    }
    std::ranges::stable_sort(lines, {}, &core::LogLine::time);
    for (const core::LogLine& line : lines) {
        crash.lines.push_back(
            {render_timestamp(line.time), std::string{core::name_of(line.stream)}, line.text});
    }
}

void hide_secrets_in(api::CrashMessage& crash, const std::vector<std::string>& secrets) {
    std::vector<std::string*> texts{&crash.why, &crash.decision, &crash.probe};
    if (crash.finding) {
        texts.insert(texts.end(), {&crash.finding->cause, &crash.finding->fix});
        for (std::string& evidence : crash.finding->evidence)
            texts.push_back(&evidence);
    }
    for (std::string& thread : crash.threads)
        texts.push_back(&thread);
    for (api::ProbeAnswerState& answer : crash.probe_answers)
        texts.push_back(&answer.detail);
    for (std::string* text : texts)
        *text = core::hide_secrets(std::move(*text), secrets);
}

}  // namespace

CrashRecorder::CrashRecorder(project::ProjectPaths paths, platform::Procfs procfs, WallTime now)
    : paths_{std::move(paths)}, procfs_{std::move(procfs)} {
    if (const auto count = platform::count_oom_kills(procfs_)) oom_kills_ = OomKills{*count, now};
}

void CrashRecorder::collect(const core::WriteCrashRecord& action,
                            const api::ServiceState& state,
                            const Instant& instant) {
    api::CrashMessage crash;
    crash.time = render_timestamp(instant.wall_of(action.end.ended_at));
    crash.service = state.name;
    crash.kind = state.kind;
    crash.run = action.run.number;
    add_end(crash, action.end);
    crash.why = action.why;
    crash.decision = action.decision;
    crash.restarts = state.restarts;
    crash.probe = state.health.probe;
    crash.probe_answers = probes_.of(action.run);
    crash.differences = state.differences;
    collected_.push_back({action.run, std::move(crash)});
}

void CrashRecorder::add_evidence(core::RunId run, Result<api::DiagnosisMessage> evidence) {
    awaited_.erase(run);
    evidence_.insert_or_assign(run.service, Evidence{run, std::move(evidence)});
}

void CrashRecorder::take_evidence(const Collected& from, api::CrashMessage& crash) {
    if (awaited_.erase(from.run) != 0) crash.evidence_problem = "devstack ended before it came";
    const auto found = evidence_.find(from.run.service);
    if (found == evidence_.end() || found->second.run != from.run) return;
    const Result<api::DiagnosisMessage>& diagnosis = found->second.diagnosis;
    if (diagnosis) {
        crash.finding = find_cause(*diagnosis, crash.service);
        crash.threads = diagnosis->threads;
    } else {
        crash.evidence_problem = diagnosis.error().message;
    }
    evidence_.erase(found);
}

/// The counter is the whole host's, and moves without us: it is told with the time since when.
void CrashRecorder::look_for_oom_kills(api::CrashMessage& crash, WallTime now) {
    if (!oom_kills_) return;
    const auto count = platform::count_oom_kills(procfs_);
    if (!count) return;
    if (crash.signal == SIGKILL && *count > oom_kills_->count) {
        crash.oom_kills = *count - oom_kills_->count;
        crash.oom_kills_since = render_timestamp(oom_kills_->at);
    }
    oom_kills_ = OomKills{*count, now};
}

std::vector<Error> CrashRecorder::write(const std::vector<std::string>& secrets,
                                        WallTime now,
                                        bool is_end) {
    std::vector<Error> problems;
    for (Collected& it : std::exchange(collected_, {})) {
        if (!is_end && awaited_.contains(it.run)) {
            collected_.push_back(std::move(it));
            continue;
        }
        api::CrashMessage& crash = it.crash;
        look_for_oom_kills(crash, now);
        take_evidence(it, crash);
        hide_secrets_in(crash, secrets);
        add_last_lines(paths_.log_dir, secrets, crash);
        const Status written = project::write_crash_record(paths_.state_dir, crash);
        if (!written) problems.push_back(with_context(crash.service, written.error()));
    }
    return problems;
}

}  // namespace devstack::daemon
