// Diagnostic reports that Node.js has written where a service works: on a signal
// (--report-on-signal), an error that nobody handles, or the end of its heap.
//
// Source: https://nodejs.org/api/report.html.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/redact.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <regex>

#include <nlohmann/json.hpp>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using core::doctor::ReportFact;
using Json = nlohmann::json;

/// A field of an object, or of an object in it; null where there is none.
const Json& field(const Json& json, const char* name) {
    static const Json nothing;
    const auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() ? *found : nothing;
}

std::string text_of(const Json& json) {
    return json.is_string() ? sane_text(json.get<std::string>()) : "";
}

std::uint64_t number_of(const Json& json) {
    return json.is_number_unsigned() ? json.get<std::uint64_t>() : 0;
}

/// "at checkout (/srv/api.js:12:3)", "at file:///srv/api.mjs:3:1": "checkout (api.js:12)".
std::string render_frame(const Scene& scene, const std::string& text) {
    static const std::regex frame{
        R"re(^\s*at (?:async )?(?:(.+?) \()?(?:file://)?([^()]+?):(\d+):\d+\)?$)re"};
    std::smatch found;
    if (!std::regex_search(text, found, frame)) return "";
    const std::string file = found[2].str();
    const bool is_foreign = file.starts_with("node:") || file.starts_with("internal/") ||
                            file.find("node_modules/") != file.npos;
    if (is_foreign) return "";
    const std::string place = scene.shown(file) + ":" + found[3].str();
    return found[1].length() == 0 ? place : found[1].str() + " (" + place + ")";
}

std::optional<ReportFact> read_report(const Scene& scene, const fs::path& path) {
    constexpr std::size_t size_max = 4 * 1024 * 1024;
    const Json json = Json::parse(read_small(path.string(), size_max), nullptr, false);
    const Json& header = field(json, "header");
    if (text_of(field(header, "trigger")).empty()) return std::nullopt;
    ReportFact report;
    report.file = scene.shown(path.string());
    report.trigger = text_of(field(header, "trigger"));
    report.time = text_of(field(header, "dumpEventTime"));
    report.pid = static_cast<int>(number_of(field(header, "processId")));
    const Json& stack = field(json, "javascriptStack");
    report.message = core::doctor::redact(text_of(field(stack, "message")), scene.secrets);
    const Json& frames = field(stack, "stack");
    constexpr std::size_t frames_max = 8;
    for (const Json& it : frames.is_array() ? frames : Json::array()) {
        const std::string frame = render_frame(scene, text_of(it));
        if (!frame.empty() && report.frames.size() < frames_max) report.frames.push_back(frame);
    }
    const Json& heap = field(json, "javascriptHeap");
    report.heap_used_bytes = number_of(field(heap, "usedMemory"));
    report.heap_limit_bytes = number_of(field(heap, "memoryLimit"));
    if (report.heap_limit_bytes == 0) {
        report.heap_limit_bytes = number_of(field(heap, "heapSizeLimit"));
    }
    return report;
}

/// The one that was written last, if that is not long ago.
fs::path find_latest(const fs::path& folder) {
    fs::path latest;
    fs::file_time_type latest_time = fs::file_time_type::clock::now() - std::chrono::minutes{10};
    std::error_code error;
    for (fs::directory_iterator it{folder, error}; !error && it != fs::directory_iterator{};
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (!name.starts_with("report.") || !name.ends_with(".json")) continue;
        std::error_code unreadable;
        const auto time = fs::last_write_time(it->path(), unreadable);
        if (unreadable || time <= latest_time) continue;
        latest = it->path();
        latest_time = time;
    }
    return latest;
}

}  // namespace

void collect_reports(const Scene& scene, Facts& facts) {
    for (const ServiceScene& service : scene.services) {
        const fs::path path = find_latest(service.working_dir);
        auto report = path.empty() ? std::nullopt : read_report(scene, path);
        if (!report) continue;
        // Several services may work in one directory: the living one says whose it is.
        const auto process =
            std::ranges::find(facts.processes, report->pid, &core::doctor::ProcessFact::pid);
        const bool is_others = process != facts.processes.end() && !process->service.empty() &&
                               process->service != service.fact.name;
        const bool is_older = service.fact.pid != 0 && process == facts.processes.end();
        if (is_others || is_older) continue;
        report->service = service.fact.name;
        facts.reports.push_back(std::move(*report));
    }
}

}  // namespace devstack::diagnosis
