#include "cli/crash_view.hpp"

#include "devstack/base/text.hpp"
#include "devstack/cli/table.hpp"
#include "devstack/core/doctor/explain_crash.hpp"
#include "devstack/platform/terminal.hpp"

namespace devstack::cli {

namespace {

namespace api = core::api;

std::string render_clock(const std::string& timestamp, WallTime now) {
    const Result<WallTime> time = parse_timestamp(timestamp, now);
    return time ? platform::render_local_clock(*time, now) : sane_text(timestamp);
}

/// Milliseconds say nothing of a long life, and all of a short one.
std::string render_time_spent(double seconds) {
    const auto milliseconds = static_cast<long long>(seconds * 1000);
    constexpr long long minute = 60'000;
    const Duration exact = std::chrono::milliseconds{milliseconds};
    return render_duration(milliseconds < minute ? exact
                                                 : std::chrono::floor<std::chrono::seconds>(exact));
}

/// Empty where it says no more than how the process ended.
std::string reason_of(const api::CrashMessage& crash) {
    return crash.why == crash.ended ? "" : sane_text(crash.why);
}

std::string render_fact(const std::string& name, const std::string& text) {
    return text.empty() ? "" : "  " + pad(name, 10) + text + "\n";
}

std::string render_oom_kills(const api::CrashMessage& crash, WallTime now) {
    if (crash.oom_kills == 0) return "";
    return "the kernel has ended " + count_of(crash.oom_kills, "process") +
           " of this host for want of memory since " + render_clock(crash.oom_kills_since, now) +
           (crash.oom_kills == 1 ? "; it may be this one" : "; this may be one of them");
}

std::string render_facts(const api::CrashMessage& crash, WallTime now) {
    std::string text =
        render_fact("run",
                    std::to_string(crash.run) + ", pid " + std::to_string(crash.pid) + ", lived " +
                        render_time_spent(crash.lived_seconds));
    text += render_fact("reason", reason_of(crash));
    if (crash.finding) {
        text += render_fact("cause", sane_text(crash.finding->cause));
        text += render_fact("fix", sane_text(crash.finding->fix));
    } else if (const auto finding = core::doctor::explain_crash(crash)) {
        text += render_fact("cause", sane_text(finding->what));
    }
    text += render_fact("evidence", sane_text(crash.evidence_problem));
    text += render_fact("decision", sane_text(crash.decision));
    text += render_fact("used",
                        "CPU " + render_time_spent(crash.user_seconds) + " user and " +
                            render_time_spent(crash.system_seconds) + " system, memory " +
                            render_bytes(crash.peak_memory_bytes) + " at most");
    text += render_fact("memory", render_oom_kills(crash, now));
    text += render_fact("probe", sane_text(crash.probe));
    for (const std::string& difference : crash.differences)
        text += render_fact("but", sane_text(difference));
    return text;
}

std::string render_answer(const api::ProbeAnswerState& answer,
                          const Terminal& terminal,
                          WallTime now) {
    std::string text = "  " + render_clock(answer.first_time, now) + " ";
    text += answer.is_success ? paint("good", Style::green, terminal.has_colour) + "   "
                              : paint("failed", Style::red, terminal.has_colour) + " ";
    text += sane_text(answer.detail);
    if (answer.count == 1) return text + "\n";
    return text + " (" + std::to_string(answer.count) + " times, until " +
           render_clock(answer.last_time, now) + ")\n";
}

std::string render_line(const api::CrashLine& line, const Terminal& terminal, WallTime now) {
    const Style style = line.stream == "stderr" ? Style::red : Style::plain;
    return "  " + paint(render_clock(line.time, now), Style::dim, terminal.has_colour) + " " +
           paint(pad(sane_text(line.stream), 6), style, terminal.has_colour) + " " +
           sane_text(line.text, terminal.has_colour) + "\n";
}

}  // namespace

std::string render_crashes(const std::vector<api::CrashMessage>& crashes,
                           const Terminal& terminal,
                           WallTime now) {
    Table table{{{"TIME"}, {"SERVICE"}, {"RUN", true}, {"ENDED"}, {"DECISION"}, {"REASON"}}};
    for (const api::CrashMessage& crash : crashes) {
        table.add_row({{render_clock(crash.time, now), Style::dim},
                       {sane_text(crash.service), Style::bold},
                       {std::to_string(crash.run), Style::plain},
                       {sane_text(crash.ended), Style::red},
                       {sane_text(crash.decision), Style::plain},
                       {reason_of(crash), Style::plain}});
    }
    return table.render(terminal);
}

std::string render_crash(const api::CrashMessage& crash, const Terminal& terminal, WallTime now) {
    std::string text = paint(sane_text(crash.service), Style::bold, terminal.has_colour) + " " +
                       paint(sane_text(crash.ended), Style::red, terminal.has_colour) + " at " +
                       render_clock(crash.time, now) + "\n";
    text += render_facts(crash, now);
    if (!crash.probe_answers.empty()) text += "\nlast answers of its probe:\n";
    for (const api::ProbeAnswerState& answer : crash.probe_answers)
        text += render_answer(answer, terminal, now);
    if (!crash.threads.empty()) text += "\nwhat its threads were doing:\n";
    for (const std::string& thread : crash.threads)
        text += "  " + sane_text(thread) + "\n";
    if (!crash.lines.empty()) text += "\nlast lines of its log:\n";
    for (const api::CrashLine& line : crash.lines)
        text += render_line(line, terminal, now);
    if (!crash.log_problem.empty()) {
        text += "\nits log could not be read: " + sane_text(crash.log_problem) + "\n";
    } else if (crash.lines.empty()) {
        text += "\nthis run wrote nothing\n";
    }
    return text;
}

}  // namespace devstack::cli
