#include "devstack/project/log_reader.hpp"

#include "devstack/core/logs/line_pattern.hpp"
#include "devstack/core/logs/merge.hpp"
#include "devstack/core/plan/secrets.hpp"

#include "project/log_file.hpp"
#include "project/service_log.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

namespace devstack::project {

namespace {

using ServiceLogs = std::vector<std::unique_ptr<ServiceLog>>;

/// Names come from strangers; one with a slash would leave the directory.
bool is_service_name(const std::string& name) {
    return !name.empty() && name.find_first_of(std::string_view{"/\0", 2}) == std::string::npos;
}

std::vector<std::string> without_repeats(const std::vector<std::string>& names) {
    std::vector<std::string> once;
    std::set<std::string_view> known;
    for (const std::string& name : names) {
        if (known.insert(name).second) once.push_back(name);
    }
    return once;
}

/// Empty: the cursor does not know the service. It is new, and all of it is wanted.
std::optional<core::LogPosition> find_position(const LogQuery& query, const std::string& service) {
    if (!query.after) return std::nullopt;
    const auto found = query.after->positions.find(service);
    if (found == query.after->positions.end()) return std::nullopt;
    return found->second;
}

Result<ServiceLogs> open_services(const std::string& log_dir,
                                  const LogQuery& query,
                                  LogSearch& search) {
    ServiceLogs logs;
    for (const std::string& service : query.services) {
        const auto after = find_position(query, service);
        LogFiles files;
        if (is_service_name(service)) {
            auto opened = open_log_files(log_dir, service, after ? after->pending : 0, query.now);
            if (!opened) return std::move(opened).error();
            files = std::move(*opened);
        }
        logs.push_back(std::make_unique<ServiceLog>(service, std::move(files), search));
        if (after) {
            logs.back()->begin_after(*after);
        } else if (query.after || !query.tail) {
            logs.back()->begin_at_oldest();
        }
    }
    return logs;
}

/// Lines in order until a limit of the query is reached, or a gap: that stands at the beginning of
/// an answer, so that a reader who stops at any line and goes on later is told of it once.
void read_forward(const LogQuery& query, ServiceLogs& logs, LogAnswer& answer) {
    std::vector<std::optional<core::LogLine>> offers(logs.size());
    bool is_before_gap = false;
    const auto offer = [&](std::size_t i) {
        offers[i] = logs[i]->next();
        while (!offers[i] && logs[i]->is_at_gap() && answer.lines.empty()) {
            logs[i]->pass_gap();
            offers[i] = logs[i]->next();
        }
        is_before_gap |= !offers[i] && logs[i]->is_at_gap();
    };
    for (std::size_t i = 0; i < logs.size(); ++i) {
        offer(i);
    }
    const std::size_t lines_max = std::max<std::size_t>(query.lines_max, 1);
    std::size_t bytes = 0;
    const auto is_any_paused = [&logs] {
        return std::ranges::any_of(logs, [](const auto& log) { return log->is_paused(); });
    };
    while (answer.lines.size() < lines_max && bytes < query.bytes_max && !is_any_paused() &&
           !is_before_gap) {
        const auto oldest = core::find_oldest(offers);
        if (!oldest) break;
        bytes += offers[*oldest]->text.size();
        answer.lines.push_back(std::move(*offers[*oldest]));
        offer(*oldest);
    }
    answer.is_complete = !core::find_oldest(offers) && !is_any_paused() && !is_before_gap;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        const bool is_at_end = !offers[i] && !logs[i]->is_paused();
        answer.cursor.positions[query.services[i]] =
            is_at_end ? logs[i]->position_after() : logs[i]->position_before();
    }
}

/// The last lines that fit into all limits of the query.
void read_backward(const LogQuery& query, ServiceLogs& logs, LogAnswer& answer) {
    const std::size_t count = std::min(*query.tail, std::max<std::size_t>(query.lines_max, 1));
    std::vector<std::vector<core::LogLine>> services;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        services.push_back(logs[i]->take_last(count));
        answer.cursor.positions[query.services[i]] = logs[i]->position_after();
    }
    answer.lines = core::merge_last(std::move(services), count);
    std::size_t bytes = 0;
    auto first = answer.lines.end();
    while (first != answer.lines.begin() && bytes < query.bytes_max) {
        --first;
        bytes += first->text.size();
    }
    answer.lines.erase(answer.lines.begin(), first);
}

/// Behind the line of its service that comes before it. Not at all when that line is not wanted.
bool place_gap(core::LogGap& gap, const std::vector<core::LogLine>& lines) {
    bool has_lines = false;
    for (std::size_t i = lines.size(); i > 0; --i) {
        if (lines[i - 1].service != gap.service) continue;
        has_lines = true;
        if (lines[i - 1].position.end >= gap.continues_at.end) continue;
        gap.lines_before = i;
        return true;
    }
    return !has_lines;
}

void collect_gaps(const ServiceLog& log, bool is_backward, LogAnswer& answer) {
    for (core::LogGap gap : log.gaps()) {
        if (!is_backward || place_gap(gap, answer.lines)) answer.gaps.push_back(std::move(gap));
    }
}

}  // namespace

Result<LogAnswer> read_logs(const std::string& log_dir, const LogQuery& query) {
    std::error_code error;
    const std::filesystem::directory_iterator entries{log_dir, error};
    if (error == std::errc::permission_denied) {
        return Error{Error::Kind::system,
                     "cannot read the logs in " + log_dir + ": permission denied"};
    }
    LogQuery asked = query;
    asked.services = without_repeats(query.services);
    auto pattern = core::LinePattern::parse(asked.pattern);
    if (!pattern) return std::move(pattern).error();
    LogSearch search{asked, std::move(*pattern)};
    auto logs = open_services(log_dir, asked, search);
    if (!logs) return std::move(logs).error();
    LogAnswer answer;
    const bool is_backward = asked.tail && !asked.after;
    if (is_backward) {
        read_backward(asked, *logs, answer);
    } else {
        read_forward(asked, *logs, answer);
    }
    for (core::LogLine& line : answer.lines) {
        line.text = core::hide_secrets(std::move(line.text), asked.secrets);
    }
    for (const auto& log : *logs) {
        collect_gaps(*log, is_backward, answer);
        const auto unfinished = log->unfinished_in();
        if (!unfinished || !answer.is_complete) continue;
        const bool is_sooner = !answer.unfinished_in || *unfinished < *answer.unfinished_in;
        if (is_sooner) answer.unfinished_in = unfinished;
    }
    std::ranges::stable_sort(answer.gaps, {}, &core::LogGap::lines_before);
    return answer;
}

std::vector<std::string> find_logged_services(const std::string& log_dir) {
    constexpr std::string_view suffix = ".log";
    std::vector<std::string> services;
    std::error_code error;
    std::filesystem::directory_iterator entries{log_dir, error};
    for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        if (!name.ends_with(suffix) || name.size() == suffix.size()) continue;
        services.push_back(name.substr(0, name.size() - suffix.size()));
    }
    std::ranges::sort(services);
    return services;
}

}  // namespace devstack::project
