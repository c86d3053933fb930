// Pools of threads whose threads all wait for what the same pool is to do: it has nobody left to do
// it. Whose threads they are is known from what the source gives the pool to do.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/python_places.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <regex>
#include <set>

namespace devstack::core::doctor {

namespace {

struct Pool {
    std::string name;   ///< "pool", "self.pool".
    std::string where;  ///< "api.py:3".
    std::size_t size = 0;
};

/// A thread of it, and where it waits for the same pool.
struct Member {
    const ThreadFact* thread;
    PythonPlace place;
};

/// "pool = ThreadPoolExecutor(max_workers=2)"; of one whose size is not written there it can not be
/// told whether it has a thread left.
std::optional<Pool> parse_pool(const SourceFact& source, const SourceLineFact& line) {
    static const std::regex made{
        R"(([A-Za-z_][\w.]*)\s*(?::[^=]+)?=\s*(?:[\w.]+\.)?ThreadPoolExecutor\((?:max_workers\s*=\s*)?(\d{1,4})\s*[,)])"};
    static const std::regex with{
        R"(with (?:[\w.]+\.)?ThreadPoolExecutor\((?:max_workers\s*=\s*)?(\d{1,4})\s*[,)].*\bas (\w+)\s*:)"};
    std::smatch found;
    Pool pool;
    std::string size;
    if (std::regex_search(line.text, found, made)) {
        pool.name = found[1].str();
        size = found[2].str();
    } else if (std::regex_search(line.text, found, with)) {
        pool.name = found[2].str();
        size = found[1].str();
    } else {
        return std::nullopt;
    }
    std::from_chars(size.data(), size.data() + size.size(), pool.size);
    pool.where = base_of(source.file) + ":" + std::to_string(line.number);
    return pool;
}

/// "pool.submit(price, i)", with any function if none is given.
bool gives_work(const std::string& line, const Pool& pool, const std::string& function) {
    for (const char* call : {".submit(", ".map("}) {
        const std::string text = pool.name + call;
        const auto at = line.find(text);
        if (at == line.npos) continue;
        if (function.empty()) return true;
        const std::string rest = line.substr(at + text.size());
        static const std::regex given{R"(^\s*(?:[\w.]+\.)?(\w+))"};
        std::smatch found;
        if (std::regex_search(rest, found, given) && found[1].str() == function) return true;
    }
    return false;
}

/// Between the beginning of its function and where it is it gives the pool something to do.
bool gives_work_before(const PythonPlace& place, const Pool& pool, const SourceFact& source) {
    bool gives = false;
    for (const SourceLineFact& line : source.lines) {
        if (line.number > place.line) break;
        const auto text = line.text.find_first_not_of(" \t");
        const bool is_begin =
            text != line.text.npos && (line.text.compare(text, 4, "def ") == 0 ||
                                       line.text.compare(text, 10, "async def ") == 0);
        if (is_begin) gives = false;
        if (gives_work(line.text, pool, "")) gives = true;
    }
    return gives;
}

bool waits_for_result(const PythonPlace& place, const SourceFact& source) {
    const auto line = std::ranges::find(source.lines, place.line, &SourceLineFact::number);
    if (line == source.lines.end()) return false;
    constexpr const char* waits[] = {".result(", ".map(", "as_completed(", "wait("};
    return std::ranges::any_of(waits, [&](const char* it) { return contains(line->text, it); });
}

/// The outermost function of such a thread is what the pool was given to do.
std::optional<Member> find_member(const ThreadFact& thread,
                                  const Pool& pool,
                                  const SourceFact& source,
                                  const Picture& picture) {
    const bool may_wait = thread.language == "python" && thread.system_call == "futex" &&
                          thread.thread != thread.pid && !thread.frames.empty();
    if (!may_wait) return std::nullopt;
    const auto outer = parse_python_place(thread.frames.back());
    const auto inner = parse_python_place(thread.frames.front());
    if (!outer || !inner || picture.source(inner->file, inner->line) != &source) {
        return std::nullopt;
    }
    const bool is_of_pool = std::ranges::any_of(source.lines, [&](const SourceLineFact& line) {
        return gives_work(line.text, pool, outer->function);
    });
    const bool is_waiting =
        waits_for_result(*inner, source) && gives_work_before(*inner, pool, source);
    if (!is_of_pool || !is_waiting) return std::nullopt;
    // Of a generator or a list in it: the function is what people look for.
    const bool is_nameless = inner->function.starts_with('<') && outer->file == inner->file;
    return Member{&thread, is_nameless ? *outer : *inner};
}

void look_at_pool(const ServiceFact& service,
                  const Pool& pool,
                  const std::vector<Member>& members,
                  std::vector<Finding>& findings) {
    if (pool.size == 0 || members.size() < pool.size) return;
    Finding finding;
    finding.id = "pool-waits-for-itself";
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 92;
    const std::string place = members.front().place.text();
    finding.what =
        (pool.size == 1 ? "The only thread" : "All " + std::to_string(pool.size) + " threads") +
        " of the pool " + pool.name + " of " + service.name + " (" + pool.where +
        (pool.size == 1 ? ") waits in " : ") wait in ") + place +
        " for work that it gives the same pool: no thread is left to do it.";
    for (const Member& it : members) {
        constexpr std::size_t evidence_max = 4;
        constexpr std::size_t frames_max = 4;
        if (finding.evidence.size() == evidence_max) break;
        finding.evidence.push_back(name_of(*it.thread) + " waits in " +
                                   render_calls(it.thread->frames, frames_max));
    }
    finding.fix = "call it directly in " + place +
                  ", or give it to another pool; devstack restart " + service.name + " for now";
    findings.push_back(std::move(finding));
}

}  // namespace

void find_python_pools(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        for (const ProcessFact* process : picture.processes_of(service.name)) {
            for (const SourceFact& source : picture.facts().sources) {
                for (const SourceLineFact& line : source.lines) {
                    const auto pool = parse_pool(source, line);
                    if (!pool) continue;
                    std::vector<Member> members;
                    for (const ThreadFact& thread : picture.facts().threads) {
                        if (thread.pid != process->pid) continue;
                        const auto member = find_member(thread, *pool, source, picture);
                        if (member) members.push_back(*member);
                    }
                    look_at_pool(service, *pool, members, findings);
                }
            }
        }
    }
}

}  // namespace devstack::core::doctor
