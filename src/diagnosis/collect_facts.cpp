// The collectors run beside each other in threads that are left behind when they take too long: a
// dead network file system must not hold the doctor up. What they work on is kept alive by them.

#include "devstack/diagnosis/collect_facts.hpp"

#include "devstack/core/doctor/browser_words.hpp"
#include "devstack/core/doctor/redact.hpp"
#include "devstack/platform/clock.hpp"

#include "diagnosis/collectors.hpp"
#include "diagnosis/tcp_connections.hpp"

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <iterator>
#include <locale>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace devstack::diagnosis {

namespace {

using std::chrono_literals::operator""ms;

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
    std::ranges::move(from, std::back_inserter(to));
}

void merge(Facts& to, Facts&& from) {
    append(to.services, from.services);
    append(to.crashes, from.crashes);
    append(to.logs, from.logs);
    append(to.processes, from.processes);
    append(to.threads, from.threads);
    append(to.listeners, from.listeners);
    append(to.connections, from.connections);
    append(to.outgoing, from.outgoing);
    append(to.nginx, from.nginx);
    append(to.env_files, from.env_files);
    append(to.programs, from.programs);
    append(to.folders, from.folders);
    append(to.modules, from.modules);
    append(to.disks, from.disks);
    append(to.kernel, from.kernel);
    append(to.unseen, from.unseen);
    if (from.machine.memory_bytes != 0) to.machine = from.machine;
}

struct Collector {
    const char* what;
    Facts (*collect)(const Scene& scene);
};

class Work {
public:
    explicit Work(std::shared_ptr<const Scene> scene) : scene_{std::move(scene)} {}

    void begin(const Collector& collector) {
        const std::size_t place = shared_->parts.size();
        {
            const std::scoped_lock lock{shared_->mutex};
            shared_->parts.emplace_back();
        }
        names_.emplace_back(collector.what);
        std::thread{[shared = shared_, scene = scene_, collect = collector.collect, place] {
            Facts part = collect(*scene);
            const std::scoped_lock lock{shared->mutex};
            shared->parts[place] = std::move(part);
            shared->changed.notify_all();
        }}.detach();
    }

    /// Takes what is there by then; the rest is told as unseen.
    void finish(TimePoint deadline, Facts& facts) {
        std::unique_lock lock{shared_->mutex};
        shared_->changed.wait_until(lock, deadline, [&] {
            return std::ranges::all_of(shared_->parts, [](const auto& it) { return !!it; });
        });
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (shared_->parts[i]) {
                merge(facts, std::move(*shared_->parts[i]));
            } else {
                facts.unseen.push_back(names_[i] + ": it took too long to look");
            }
        }
    }

private:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<std::optional<Facts>> parts;
    };
    std::shared_ptr<const Scene> scene_;
    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
    std::vector<std::string> names_;
};

constexpr Collector quick[] = {{"env files", collect_variables},
                               {"nginx configurations", collect_nginx}};
constexpr Collector logs{"logs and crash records", collect_logs};
constexpr Collector others[] = {{"processes and sockets", collect_activity},
                                {"directories and programs", collect_folders},
                                {"disks and limits", collect_machine},
                                {"the kernel's log", collect_kernel_log}};

void note_what_is_hidden(Facts& facts) {
    const bool has_hidden = std::ranges::any_of(
        facts.listeners, [](const core::doctor::ListenerFact& it) { return it.pid == 0; });
    if (has_hidden && !facts.machine.is_root) {
        facts.unseen.push_back("processes of other users that listen: run as root to see them");
    }
}

/// Answers may hold what the project keeps secret, and headers what lets somebody in.
void hide_secrets(const std::vector<std::string>& secrets, Facts& facts) {
    const auto hide_header = [&](core::doctor::HeaderFact& it) {
        std::string name = it.name;
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        // Access-Control-Allow-Credentials says yes or no.
        const bool is_secret =
            name == "authorization" || name.ends_with("cookie") ||
            (core::doctor::names_secret(name) && !name.starts_with("access-control-"));
        it.value = name == "set-cookie" ? core::doctor::without_cookie_value(it.value)
                   : is_secret          ? "***"
                                        : core::doctor::redact(it.value, secrets);
    };
    for (core::doctor::DialFact& dial : facts.dials) {
        dial.body = core::doctor::redact(dial.body, secrets);
        std::ranges::for_each(dial.headers, hide_header);
        std::ranges::for_each(dial.sent, hide_header);
    }
}

void take_second_dumps(Facts& facts) {
    auto again = plan_second_dumps(facts);
    if (again.empty()) return;
    wait(400ms);
    auto answers = dial_all(std::move(again), 400ms);
    append(facts.dials, answers);
}

/// What a locale knows of characters it learns one by one, without a lock, while std::regex asks
/// for them: here, before there are threads.
void settle_locale() {
    const auto& characters = std::use_facet<std::ctype<char>>(std::locale{});
    (void)characters.widen('a');
    for (int it = 1; it < 256; ++it)
        (void)characters.narrow(static_cast<char>(it), '\0');
}

Facts begin_facts(const Scene& scene, const Question& question) {
    Facts facts;
    facts.time = render_timestamp(platform::wall_now());
    facts.subject = question.subject;
    facts.project = scene.project;
    facts.project_dir = scene.project_dir;
    facts.profile = scene.profile_path.empty() ? "" : scene.shown(scene.profile_path);
    facts.daemon = scene.daemon;
    facts.daemon_problem = scene.daemon_problem;
    if (facts.daemon == "silent") {
        facts.unseen.push_back("what devstack knows of its services: " + facts.daemon_problem);
    }
    facts.profile_problems = scene.problems;
    facts.knowledge = scene.knowledge;
    return facts;
}

/// What is worth asking more depends on the answers; each round is a moment on this machine.
void dial_more(const Scene& scene, const Passwords& passwords, TimePoint deadline, Facts& facts) {
    for (int round = 0; round <= redirects_max; ++round) {
        const Duration left = deadline - platform::now();
        auto more = plan_more_dials(scene, facts, passwords);
        if (more.empty() || left < Duration{20ms}) break;
        for (Endpoint& it : more)
            it.fact.timeout =
                std::min(it.fact.timeout, std::chrono::duration<double>(left).count());
        auto answers = dial_all(std::move(more), left);
        append(facts.dials, answers);
    }
}

}  // namespace

void wait(Duration duration) {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock{mutex};
    never.wait_for(lock, duration);
}

Facts collect_facts(const Question& question) {
    const TimePoint begin = platform::now();
    settle_locale();
    const auto scene = std::make_shared<const Scene>(set_scene(question));
    Facts facts = begin_facts(*scene, question);
    Work first{scene};
    Work second{scene};
    for (const Collector& it : quick)
        first.begin(it);
    for (const Collector& it : others)
        second.begin(it);
    // What a request makes services say comes after it.
    const bool is_request = question.subject.kind == "url";
    if (!is_request) second.begin(logs);
    first.finish(begin + question.limit / 3, facts);
    Passwords passwords;
    collect_references(*scene, facts, passwords);
    facts.dials = dial_all(plan_dials(*scene, facts, passwords),
                           is_request ? question.limit * 75 / 100 : question.limit * 6 / 10);
    if (is_request) {
        // What it has made services say is on its way through pipes to their logs.
        const bool is_bad = std::ranges::any_of(facts.dials, [](const core::doctor::DialFact& it) {
            return it.purpose == "asked" && (it.is_unexpected || !it.error.empty());
        });
        if (is_bad) {
            wait(60ms);
            read_nginx_logs_again(*scene, facts);
        }
        second.begin(logs);
    }
    second.finish(begin + question.limit * 8 / 10, facts);
    add_session_owners(facts);
    collect_bundles(*scene, facts);
    collect_log_files(*scene, facts);
    collect_paths(facts);
    collect_files(*scene, facts);
    collect_claims(*scene, facts);
    collect_sockets(*scene, facts);
    collect_mentions(facts);
    collect_reports(*scene, facts);
    collect_task_limits(facts);
    collect_middleware(facts);
    collect_surroundings(facts);
    dial_more(*scene, passwords, begin + question.limit * 9 / 10, facts);
    take_second_dumps(facts);
    collect_threads(*scene, facts, begin + question.limit);
    collect_sources(facts);
    hide_secrets(scene->secrets, facts);
    note_what_is_hidden(facts);
    facts.seconds = std::chrono::duration<double>(platform::now() - begin).count();
    return facts;
}

std::vector<std::string> find_secrets(const Question& question) {
    std::vector<std::string> secrets = set_scene(question).secrets;
    std::ranges::sort(secrets, std::ranges::greater{}, &std::string::size);
    return secrets;
}

}  // namespace devstack::diagnosis
