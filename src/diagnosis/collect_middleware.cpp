#include "devstack/platform/clock.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/middleware_source.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace devstack::diagnosis {

namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;
using core::doctor::DialFact;

constexpr std::size_t files_max = 300;
constexpr std::size_t size_max = 64 * 1024;
constexpr int depth_max = 5;
constexpr auto time_max = 80ms;

/// "no next" where nothing comes, "no await" where an answer comes too early; empty: neither.
std::string fault_of_answer(const Facts& facts) {
    constexpr int not_found = 404;
    std::string fault;
    for (const DialFact& it : facts.dials) {
        if (it.purpose != "asked" && it.id != "past nginx: asked") continue;
        if (it.error == "no answer") fault = "no next";
        if (it.status == not_found && fault.empty()) fault = "no await";
    }
    return fault;
}

bool is_script(const fs::path& path) {
    static constexpr std::array endings{".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"};
    const std::string ending = path.extension().string();
    const std::string name = path.filename().string();
    return std::ranges::find(endings, std::string_view{ending}) != endings.end() &&
           name.find(".min.") == name.npos && name.find(".test.") == name.npos &&
           name.find(".spec.") == name.npos && !name.ends_with(".d.ts");
}

bool is_skipped(const std::string& name) {
    static constexpr std::array names{
        "node_modules", "dist", "build", "out", "public", "static", "test", "tests", "coverage"};
    return name.starts_with('.') || std::ranges::find(names, name) != names.end();
}

/// What a program has written is not read by people either.
bool is_written_by_hand(const std::string& text) {
    constexpr std::size_t line_max = 1000;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end - begin > line_max) return false;
        begin = end + 1;
    }
    return true;
}

void read_script(const fs::path& path,
                 const std::string& shown,
                 const std::string& service,
                 const std::string& fault,
                 Facts& facts) {
    const std::string text = read_small(path.string(), size_max);
    if (text.size() >= size_max || !is_written_by_hand(text)) return;
    for (const MiddlewareSource& it : find_faulty_middleware(text)) {
        if (it.fault != fault || it.is_of_other_method) continue;
        facts.middleware.push_back({service,
                                    it.name,
                                    shown + ":" + std::to_string(it.line),
                                    shown + ":" + std::to_string(it.at),
                                    it.fault,
                                    it.route});
    }
}

}  // namespace

void collect_middleware(Facts& facts) {
    const std::string fault = fault_of_answer(facts);
    if (fault.empty()) return;
    const TimePoint end = platform::now() + time_max;
    std::size_t files = 0;
    for (const core::doctor::ServiceFact& service : facts.services) {
        const bool is_node = std::ranges::any_of(facts.processes, [&](const auto& it) {
            return it.service == service.name && it.runtime == "node";
        });
        if (!is_node) continue;
        std::error_code failed;
        const fs::path root = service.working_dir;
        const auto options = fs::directory_options::skip_permission_denied;
        fs::recursive_directory_iterator it{root, options, failed};
        for (; !failed && it != fs::recursive_directory_iterator{}; it.increment(failed)) {
            if (files >= files_max || platform::now() > end) return;
            const fs::path& path = it->path();
            std::error_code ignored;
            if (it->is_directory(ignored)) {
                const bool is_far = it.depth() >= depth_max;
                if (is_far || is_skipped(path.filename().string())) {
                    it.disable_recursion_pending();
                }
            } else if (is_script(path)) {
                ++files;
                const std::string shown = path.lexically_relative(root).string();
                read_script(path, shown, service.name, fault, facts);
            }
        }
    }
}

}  // namespace devstack::diagnosis
