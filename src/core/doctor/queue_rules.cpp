// Jobs that wait in a queue of a store, and nobody takes them: its workers take from another queue,
// or from another database. Who puts jobs there, and who waits for jobs, is well by itself.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

namespace devstack::core::doctor {

namespace {

std::string database_of(const ReferenceFact& reference) {
    const std::string path = reference.path.substr(0, reference.path.find('?'));
    return path.size() > 1 ? path.substr(1) : "0";
}

bool is_same_store(const ReferenceFact& one, const ReferenceFact& other) {
    const bool is_same_host =
        one.host == other.host || (is_local(one.host) && is_local(other.host));
    return is_same_host && one.port == other.port && one.scheme == other.scheme;
}

/// Who has just been started may not have begun to take; who does not run takes nothing, and has a
/// reason of its own.
bool is_settled(const ReferenceFact& reference, const Picture& picture) {
    constexpr double young_seconds = 3;
    const auto is_up = [&](const ServiceFact& it) {
        return picture.is_well(it) && it.uptime_seconds >= young_seconds;
    };
    if (reference.kind == "queues") {
        return std::ranges::all_of(picture.facts().services, [&](const ServiceFact& it) {
            return it.kind != "service" || is_up(it);
        });
    }
    return std::ranges::all_of(picture.facts().references, [&](const ReferenceFact& it) {
        const ServiceFact* const service = picture.service(it.service);
        if (service == nullptr || !is_same_store(it, reference)) return true;
        return is_up(*service);
    });
}

void add_names(const std::string& list, std::set<std::string>& names) {
    std::istringstream words{list};
    for (std::string name; std::getline(words, name, ',');)
        names.insert(name);
}

/// From which queues a worker of Celery takes, by its command (-Q) or what it says when it starts.
/// False: it is none, or neither tells.
struct CommandWorker {
    bool is_one = false;
    std::set<std::string> queues;
};

CommandWorker read_celery_worker(const ServiceFact& service, const Picture& picture) {
    static const std::regex banner{R"(^\s*\.> (\S+)\s+exchange=)"};
    CommandWorker worker;
    const auto& words = service.words;
    const bool is_celery =
        std::ranges::any_of(words, [](const std::string& it) { return base_of(it) == "celery"; });
    worker.is_one = is_celery && std::ranges::find(words, "worker") != words.end();
    for (std::size_t i = 0; worker.is_one && i < words.size(); ++i) {
        const bool is_option = words[i] == "-Q" || words[i] == "--queues";
        if (is_option && i + 1 < words.size()) add_names(words[i + 1], worker.queues);
        if (words[i].starts_with("--queues=")) add_names(words[i].substr(9), worker.queues);
    }
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service.name || !worker.queues.empty()) continue;
        for (const LineFact& line : log.lines) {
            std::smatch found;
            if (!std::regex_search(line.text, found, banner)) continue;
            worker.is_one = true;
            worker.queues.insert(found[1].str());
        }
    }
    return worker;
}

/// `php artisan queue:work [connection] --queue=high,default`; without the option it takes what
/// REDIS_QUEUE names, or "default" (config/queue.php as Laravel makes it).
CommandWorker read_laravel_worker(const ServiceFact& service) {
    CommandWorker worker;
    const auto& words = service.words;
    const auto command = std::ranges::find_if(
        words, [](const std::string& it) { return it == "queue:work" || it == "queue:listen"; });
    worker.is_one = command != words.end();
    if (!worker.is_one) {
        // It has workers all the same; of which queues is written elsewhere.
        worker.is_one =
            contains(service.command, "queue:work") || contains(service.command, "queue:listen") ||
            contains(service.command, "horizon") || contains(service.command, "composer");
        return worker;
    }
    for (auto it = command + 1; it != words.end(); ++it) {
        if (it->starts_with("--queue=")) add_names(it->substr(8), worker.queues);
        // Another connection has a default of its own.
        const bool is_connection = it == command + 1 && !it->starts_with("-") && *it != "redis";
        if (is_connection && worker.queues.empty()) return {true, {}};
    }
    if (!worker.queues.empty()) return worker;
    const auto named = std::ranges::find(service.variables, "REDIS_QUEUE", &VariableFact::name);
    worker.queues.insert(named == service.variables.end() ? "default" : named->value);
    return worker;
}

/// Of the kinds whose workers say nothing in the store.
CommandWorker read_worker(const std::string& kind,
                          const ServiceFact& service,
                          const Picture& picture) {
    return kind == "Laravel" ? read_laravel_worker(service) : read_celery_worker(service, picture);
}

struct CommandQueues {
    bool is_known = false;  ///< There are workers, and of each it is known from which it takes.
    std::set<std::string> names;
    std::string service;  ///< One of them.
};

CommandQueues find_queues_of_commands(const std::string& kind, const Picture& picture) {
    CommandQueues all;
    bool is_unknown = false;
    for (const ServiceFact& service : picture.facts().services) {
        const CommandWorker worker = read_worker(kind, service, picture);
        if (!worker.is_one) continue;
        all.service = service.name;
        if (worker.queues.empty()) is_unknown = true;
        all.names.insert(worker.queues.begin(), worker.queues.end());
    }
    all.is_known = !all.service.empty() && !is_unknown;
    return all;
}

/// What is known of a queue once the project's own words are read, too.
struct Finder {
    const ReferenceFact& reference;
    const QueueFact& queue;
    const Picture& picture;
    CommandQueues taken = find_queues_of_commands(queue.kind, picture);

    bool is_celery() const { return queue.kind == "Celery"; }
    bool is_laravel() const { return queue.kind == "Laravel"; }
    /// Somebody asks for something, and gets no answer or a bad one: it may be that.
    bool is_missed() const {
        const DialFact* const asked = picture.dial("asked");
        const ServiceFact* const service = picture.service(reference.service);
        return asked != nullptr && (asked->error == "no answer" || asked->status >= 500) &&
               service != nullptr && picture.is_suspect(*service);
    }
    /// Who of the project names the other database.
    const ReferenceFact* find_elsewhere() const {
        for (const ReferenceFact& it : picture.facts().references) {
            if (is_same_store(it, reference) && database_of(it) == queue.elsewhere) return &it;
        }
        return nullptr;
    }
    bool is_in_other_database() const {
        if (queue.elsewhere.empty() || queue.has_busy_takers || find_elsewhere() == nullptr) {
            return false;
        }
        if (is_laravel()) return false;
        if (!is_celery()) return queue.consumers == 0;
        return queue.idle_takers == 0 && taken.is_known && taken.names.contains(queue.name);
    }
    bool is_taken_by_nobody() const {
        if (is_laravel()) return taken.is_known && !taken.names.contains(queue.name);
        if (!is_celery()) {
            return queue.has_told && queue.consumers == 0 && (!queue.others.empty() || is_missed());
        }
        return taken.is_known && !taken.names.contains(queue.name) && queue.idle_takers > 0 &&
               !queue.has_busy_takers;
    }
    std::vector<std::string> others() const {
        if (!is_celery() && !is_laravel()) return queue.others;
        return {taken.names.begin(), taken.names.end()};
    }
    /// Of those that know this database the one that waits for an answer, and else one that is no
    /// worker.
    std::string producer() const {
        std::string best;
        int best_rank = -1;
        for (const ReferenceFact& it : picture.facts().references) {
            const ServiceFact* const service = picture.service(it.service);
            const bool is_here = service != nullptr && is_same_store(it, reference) &&
                                 database_of(it) == database_of(reference);
            if (!is_here) continue;
            const bool is_worker = read_worker(queue.kind, *service, picture).is_one ||
                                   contains_word(service->name, "worker");
            const int rank = (picture.is_suspect(*service) ? 2 : 0) + (is_worker ? 0 : 1);
            if (rank > best_rank) {
                best = it.service;
                best_rank = rank;
            }
        }
        return best.empty() ? reference.service : best;
    }
    /// How a worker is told to take from this one besides; empty: that depends.
    std::string option_for_worker() const {
        const std::vector<std::string> names = others();
        if (names.empty()) return "";
        const std::string& other = names.front();
        if (queue.kind == "Sidekiq") return "sidekiq -q " + other + " -q " + queue.name;
        if (queue.kind == "Resque") return "QUEUE=" + other + "," + queue.name;
        if (queue.kind == "RQ") return "rq worker " + other + " " + queue.name;
        if (is_laravel()) return "queue:work --queue=" + other + "," + queue.name;
        return "";
    }
    std::string store() const {
        return "database " + database_of(reference) + " of Redis at " +
               render_endpoint(reference.host, reference.port);
    }
    std::string waiting() const {
        return queue.waiting == 1 ? "1 is waiting" : std::to_string(queue.waiting) + " are waiting";
    }
};

Finding begin(const Finder& it, const char* id, int strength) {
    Finding finding;
    finding.id = id;
    finding.service = it.producer();
    finding.topic = id;
    finding.strength = strength;
    finding.evidence = {it.queue.kind + " queue " + it.queue.name + " in " + it.store() + ": " +
                        it.waiting() + ", and not fewer a moment later"};
    return finding;
}

void tell_other_database(const Finder& it, std::vector<Finding>& findings) {
    constexpr int strength = 79;
    Finding finding = begin(it, "store-databases-differ", strength);
    const ReferenceFact& other = *it.find_elsewhere();
    const auto& references = it.picture.facts().references;
    const auto mine = std::ranges::find_if(references, [&](const ReferenceFact& that) {
        return is_same_store(that, it.reference) && that.service == finding.service &&
               database_of(that) == database_of(it.reference);
    });
    const std::string own = mine == references.end() ? "" : " (" + render_reference(*mine) + ")";
    finding.what = "Jobs of " + finding.service + own + " wait in the queue " + it.queue.name +
                   " (" + it.queue.kind + ") in " + it.store() + ", and " + other.service + " (" +
                   render_reference(other) + ") waits for jobs in database " + it.queue.elsewhere +
                   ": it never sees them.";
    finding.fix = "name the same database in both (…/" + database_of(it.reference) +
                  "), then devstack restart " + finding.service + " " + other.service;
    findings.push_back(std::move(finding));
}

void tell_nobody(const Finder& it, std::vector<Finding>& findings) {
    constexpr int strength = 78;
    Finding finding = begin(it, "queue-without-worker", strength);
    const std::vector<std::string> others = it.others();
    const std::string& name = it.queue.name;
    finding.what = "Jobs wait in the queue " + name + " (" + it.queue.kind + ", " + it.store() +
                   "), and no worker takes them: " + it.waiting() + "; " +
                   (others.empty() ? "there is no worker of " + it.queue.kind + " at all."
                                   : "workers take from " + join_for_people(others) + ".");
    if (others.empty()) {
        finding.fix = "start a worker that takes from " + name;
    } else if (const std::string option = it.option_for_worker(); !option.empty()) {
        finding.fix = "let a worker take from it, too (" + option +
                      "), or put the jobs into the queue of one: the names have to be the same, "
                      "letter by letter";
    } else if (it.is_celery()) {
        finding.fix = "let a worker take from it, too (celery worker -Q " + others.front() + "," +
                      name + "), or correct the route of the task (task_routes, queue=)";
    } else {
        finding.fix = "let a worker take from " + name +
                      ", or put the jobs into the queue of one: " +
                      "the names have to be the same, letter by letter";
    }
    findings.push_back(std::move(finding));
}

}  // namespace

namespace {

/// Of a store that nobody names: by the libraries' own idea of where it is.
std::vector<ReferenceFact> references_to_unnamed(const Picture& picture) {
    std::vector<ReferenceFact> references;
    for (const DialFact& dial : picture.facts().dials) {
        if (dial.purpose != "queues") continue;
        ReferenceFact reference;
        reference.kind = "queues";
        reference.service = dial.id.substr(dial.id.rfind(' ') + 1);
        reference.scheme = "redis";
        reference.host = dial.host;
        reference.port = dial.port;
        reference.dial = dial.id;
        references.push_back(std::move(reference));
    }
    return references;
}

}  // namespace

void find_waiting_jobs(const Picture& picture, std::vector<Finding>& findings) {
    std::set<std::string> told;
    std::vector<ReferenceFact> references = picture.facts().references;
    std::ranges::move(references_to_unnamed(picture), std::back_inserter(references));
    for (const ReferenceFact& reference : references) {
        const DialFact* const dial = picture.dial(reference.dial);
        if (dial == nullptr || dial->queues.empty() || !is_settled(reference, picture)) continue;
        for (const QueueFact& queue : dial->queues) {
            const Finder it{reference, queue, picture};
            const std::string key =
                std::to_string(reference.port) + " " + database_of(reference) + " " + queue.name;
            if (!told.insert(key).second) continue;
            if (it.is_in_other_database()) {
                tell_other_database(it, findings);
            } else if (it.is_taken_by_nobody()) {
                tell_nobody(it, findings);
            }
        }
    }
}

}  // namespace devstack::core::doctor
