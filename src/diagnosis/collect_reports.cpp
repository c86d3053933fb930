// Diagnostic reports that Node.js has written where a service works: on a signal
// (--report-on-signal), an error that nobody handles, or the end of its heap.
//
// Source: https://nodejs.org/api/report.html.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/redact.hpp"

#include "diagnosis/collectors.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <regex>
#include <utility>
#include <vector>

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

struct Report {
    ReportFact fact;
    std::string script;  ///< What node was given to run: "server.js"; empty: not known.
};

/// The first word that is no option: "server.js" of ["node", "--report-on-signal", "server.js"].
std::string script_in(const Json& command_line) {
    if (!command_line.is_array()) return "";
    for (std::size_t i = 1; i < command_line.size(); ++i) {
        const std::string word = text_of(command_line[i]);
        if (!word.starts_with('-')) return word;
    }
    return "";
}

std::optional<Report> read_report(const Scene& scene, const fs::path& path) {
    constexpr std::size_t size_max = 4 * 1024 * 1024;
    const Json json = Json::parse(read_small(path.string(), size_max), nullptr, false);
    const Json& header = field(json, "header");
    if (text_of(field(header, "trigger")).empty()) return std::nullopt;
    Report read{{}, script_in(field(header, "commandLine"))};
    ReportFact& report = read.fact;
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
    return read;
}

/// Those that were written in the last minutes, the latest first.
std::vector<fs::path> find_reports(const fs::path& folder) {
    const auto oldest = fs::file_time_type::clock::now() - std::chrono::minutes{10};
    std::vector<std::pair<fs::file_time_type, fs::path>> found;
    std::error_code error;
    for (fs::directory_iterator it{folder, error}; !error && it != fs::directory_iterator{};
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (!name.starts_with("report.") || !name.ends_with(".json")) continue;
        std::error_code unreadable;
        const auto time = fs::last_write_time(it->path(), unreadable);
        if (!unreadable && time > oldest) found.emplace_back(time, it->path());
    }
    std::ranges::sort(found, std::greater{});
    std::vector<fs::path> paths;
    for (auto& [time, path] : found)
        paths.push_back(std::move(path));
    return paths;
}

bool names_script(const ServiceScene& service, const std::string& script) {
    return !script.empty() && service.fact.command.find(script) != std::string::npos;
}

/// Several services may work in one directory: the living process says whose it is, or the command.
bool is_of(const ServiceScene& service,
           const Report& report,
           const Scene& scene,
           const Facts& facts) {
    const auto process =
        std::ranges::find(facts.processes, report.fact.pid, &core::doctor::ProcessFact::pid);
    if (process != facts.processes.end() && !process->service.empty()) {
        return process->service == service.fact.name;
    }
    const bool is_older = service.fact.pid != 0 && process == facts.processes.end();
    if (is_older) return false;
    const bool is_others = std::ranges::any_of(scene.services, [&](const ServiceScene& it) {
        return it.working_dir == service.working_dir && names_script(it, report.script);
    });
    return names_script(service, report.script) || !is_others;
}

}  // namespace

void collect_reports(const Scene& scene, Facts& facts) {
    constexpr std::size_t reports_max = 8;
    for (const ServiceScene& service : scene.services) {
        std::vector<fs::path> paths = find_reports(service.working_dir);
        if (paths.size() > reports_max) paths.resize(reports_max);
        for (const fs::path& path : paths) {
            auto report = read_report(scene, path);
            if (!report || !is_of(service, *report, scene, facts)) continue;
            report->fact.service = service.fact.name;
            facts.reports.push_back(std::move(report->fact));
            break;
        }
    }
}

}  // namespace devstack::diagnosis
