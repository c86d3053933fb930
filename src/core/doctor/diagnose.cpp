// All rules look at the same picture; then causes are told from consequences. Of several findings
// about one trouble the strongest stays; a service that suffers from another one is told below it;
// what nobody can explain is told as it is.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/without_project.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>

namespace devstack::core::doctor {

namespace {

constexpr std::array<Rules, 68> all_rules{find_profile_mistakes,
                                          find_port_conflicts,
                                          find_wrong_ports,
                                          find_ambient_troubles,
                                          find_dead_references,
                                          find_database_troubles,
                                          find_refused_peers,
                                          find_doubled_paths,
                                          find_waiting_jobs,
                                          find_bad_endpoints,
                                          find_disagreements,
                                          find_program_mistakes,
                                          find_missing_packages,
                                          find_variable_mistakes,
                                          find_wrong_modules,
                                          find_claims,
                                          find_lack_of_resources,
                                          find_sick_processes,
                                          find_locks,
                                          find_python_deadlocks,
                                          find_python_pools,
                                          find_stuck_goroutines,
                                          find_waiting_goroutines,
                                          find_what_dumps_tell,
                                          find_hangs,
                                          find_lost_requests,
                                          find_held_threads,
                                          find_circles,
                                          find_past_hangs,
                                          find_vain_watches,
                                          find_certificate_troubles,
                                          find_health_mistakes,
                                          find_vain_probes,
                                          find_proxy_mistakes,
                                          find_lost_upgrades,
                                          find_nginx_answers,
                                          find_what_nginx_logs,
                                          find_haproxy_answers,
                                          find_caddy_answers,
                                          find_apache_answers,
                                          find_varnish_mistakes,
                                          find_traefik_mistakes,
                                          find_route_mistakes,
                                          find_upstream_troubles,
                                          find_redirects,
                                          find_bad_bodies,
                                          find_spread_sessions,
                                          find_listed_routes,
                                          find_what_browsers_refuse,
                                          find_request_troubles,
                                          find_hanging_starts,
                                          find_slow_starts,
                                          find_bad_ends,
                                          find_what_does_not_run,
                                          find_what_the_kernel_logs,
                                          find_bad_values,
                                          find_what_logs_tell,
                                          find_session_troubles,
                                          find_node_mistakes,
                                          find_file_troubles,
                                          find_what_settings_tell,
                                          find_library_mistakes,
                                          find_ended_parts,
                                          find_nginx_request_troubles,
                                          find_what_nginx_has_logged,
                                          find_what_surroundings_tell,
                                          find_quiet_failures,
                                          find_failed_answers};

constexpr const char* project_down = "project-not-running";

/// A second cause of the same service must be nearly as strong as the first.
constexpr int strength_span = 8;

class Sorting {
public:
    Sorting(const Picture& picture, std::vector<Finding> findings)
        : picture_{picture}, findings_{std::move(findings)} {}

    std::vector<Finding> sort() {
        drop_minor();
        std::ranges::stable_sort(findings_, std::ranges::greater{}, &Finding::strength);
        join_topics();
        keep_strongest();
        hang_consequences();
        tell_who_waits();
        hang_project();
        drop_what_is_beside_the_question();
        if (!picture_.has_project()) keep_what_is_asked(picture_, findings_);
        hang_question();
        std::ranges::stable_sort(findings_, std::ranges::greater{}, [](const Finding& it) {
            // What explains more comes first, and of equals what is surer.
            return static_cast<int>(it.explains.size()) * 10 + it.strength +
                   (it.confidence == Confidence::sure ? 5 : 0);
        });
        return std::move(findings_);
    }

private:
    void drop_minor() {
        std::erase_if(findings_, [&](const Finding& it) {
            if (it.confidence == Confidence::doubtful) return true;
            return it.is_minor;
        });
    }

    /// Two rules that see the same thing: what the weaker one saw is evidence.
    void join_topics() {
        std::vector<Finding> joined;
        for (Finding& it : findings_) {
            const auto same = std::ranges::find_if(joined, [&](const Finding& other) {
                return other.topic == it.topic && !it.topic.empty() &&
                       (other.service == it.service || other.service.empty() || it.service.empty());
            });
            if (same == joined.end()) {
                joined.push_back(std::move(it));
                continue;
            }
            constexpr std::size_t evidence_max = 6;
            for (std::string& evidence : it.evidence) {
                const bool is_new =
                    std::ranges::find(same->evidence, evidence) == same->evidence.end();
                if (is_new && same->evidence.size() < evidence_max) {
                    same->evidence.push_back(std::move(evidence));
                }
            }
        }
        findings_ = std::move(joined);
    }

    void keep_strongest() {
        std::map<std::string, int> strongest;
        for (const Finding& it : findings_)
            strongest[it.service] = std::max(strongest[it.service], it.strength);
        std::vector<Finding> kept;
        for (Finding& it : findings_) {
            // What was asked about is told with its cause.
            const bool is_weak = !it.service.empty() && it.topic != "asked" &&
                                 it.strength + strength_span < strongest[it.service];
            if (!is_weak) {
                kept.push_back(std::move(it));
                continue;
            }
            // Still worth a look, below the one that is told.
            const auto cause = std::ranges::find(kept, it.service, &Finding::service);
            constexpr std::size_t evidence_max = 6;
            if (cause == kept.end() || cause->evidence.size() >= evidence_max) continue;
            for (std::string& evidence : it.evidence) {
                const bool is_new =
                    std::ranges::find(cause->evidence, evidence) == cause->evidence.end();
                if (is_new && cause->evidence.size() < evidence_max) {
                    cause->evidence.push_back(std::move(evidence));
                }
            }
        }
        findings_ = std::move(kept);
    }

    /// The finding that is the cause of another one; null: it stands for itself.
    Finding* find_cause(const Finding& finding) {
        for (const std::string& blamed : finding.blames) {
            if (Finding* cause = find_root(blamed, finding)) return cause;
        }
        const ServiceFact* const service = picture_.service(finding.service);
        const bool may_follow = finding.is_symptom || finding.strength < cause_strength_min;
        if (service == nullptr || !may_follow) return nullptr;
        // What became of a request has its cause in its own server before it has one behind it.
        if (finding.topic == "asked" && find_root(finding.service, finding) != nullptr) {
            return nullptr;
        }
        for (const ServiceFact& other : picture_.facts().services) {
            if (other.name == finding.service || !picture_.is_linked(*service, other)) continue;
            if (Finding* cause = find_root(other.name, finding)) return cause;
        }
        return nullptr;
    }
    Finding* find_root(const std::string& service, const Finding& but) {
        const auto found = std::ranges::find_if(
            findings_, [&](const Finding& it) { return &it != &but && it.service == service; });
        return found == findings_.end() ? nullptr : &*found;
    }

    void hang_consequences() {
        std::vector<bool> is_gone(findings_.size());
        for (std::size_t i = 0; i < findings_.size(); ++i) {
            Finding* cause = find_cause(findings_[i]);
            // A circle of blame has no root: then each stands for itself.
            std::set<const Finding*> seen{&findings_[i]};
            while (cause != nullptr && seen.insert(cause).second) {
                Finding* const next = find_cause(*cause);
                if (next == nullptr) break;
                cause = next;
            }
            if (cause == nullptr || cause == &findings_[i]) continue;
            cause->explains.push_back(findings_[i].what);
            add_affected(*cause, findings_[i]);
            is_gone[i] = true;
            explained_.insert(findings_[i].service);
        }
        std::vector<Finding> kept;
        for (std::size_t i = 0; i < findings_.size(); ++i) {
            if (!is_gone[i]) kept.push_back(std::move(findings_[i]));
        }
        findings_ = std::move(kept);
    }

    static void add_affected(Finding& cause, const Finding& consequence) {
        std::vector<std::string> names = consequence.affects;
        names.push_back(consequence.service);
        for (const std::string& name : names) {
            const bool is_told = name.empty() || name == cause.service ||
                                 std::ranges::find(cause.affects, name) != cause.affects.end();
            if (!is_told) cause.affects.push_back(name);
        }
    }

    /// That nothing runs follows from what keeps it from running, if that is known.
    void hang_project() {
        const auto down = std::ranges::find(findings_, project_down, &Finding::id);
        if (down == findings_.end() || findings_.size() == 1) return;
        Finding project = std::move(*down);
        findings_.erase(down);
        // What names a service of this project, or asks for one, finds nobody for that.
        std::erase_if(findings_, [&](const Finding& it) {
            const bool is_silence = it.id == "server-not-running" || it.id == "nothing-listens";
            const bool is_ours =
                is_silence &&
                (it.topic == "asked"
                     ? picture_.service(it.service) != nullptr
                     : !it.blames.empty() && picture_.service(it.blames.front()) != nullptr);
            if (is_ours) project.explains.push_back(it.what);
            return is_ours;
        });
        const auto cause =
            std::ranges::find_if(findings_, [](const Finding& it) { return it.topic != "asked"; });
        if (cause == findings_.end()) {
            findings_.insert(findings_.begin(), std::move(project));
        } else {
            cause->explains.push_back(project.what);
        }
    }

    /// Of a request that is answered well only what its server or those that it needs suffer from.
    void drop_what_is_beside_the_question() {
        const DialFact* const asked = picture_.dial("asked");
        const bool is_good = asked != nullptr && asked->error.empty() && asked->status >= 200 &&
                             asked->status < 400 && !asked->is_unexpected &&
                             !is_server_error(*asked);
        const ServiceFact* const server = is_good ? picture_.server_of(*asked) : nullptr;
        if (server == nullptr) return;
        std::erase_if(findings_, [&](const Finding& it) {
            const ServiceFact* const service = picture_.service(it.service);
            const auto is_met = [&](const ServiceFact& other) {
                return &other == server || picture_.is_linked(*server, other);
            };
            const bool affects = std::ranges::any_of(it.affects, [&](const std::string& name) {
                const ServiceFact* const other = picture_.service(name);
                return other != nullptr && is_met(*other);
            });
            return service != nullptr && !is_met(*service) && !affects;
        });
    }

    /// What became of the request that is asked about follows from a cause on its way.
    void hang_question() {
        const auto asked = std::ranges::find(findings_, std::string{"asked"}, &Finding::topic);
        if (asked == findings_.end() || asked->strength >= cause_strength_min) return;
        const ServiceFact* const server = picture_.service(asked->service);
        const auto is_met = [&](const Finding& it) {
            const ServiceFact* const service = picture_.service(it.service);
            if (it.topic == "asked" || server == nullptr || service == nullptr) return false;
            // One that has already been told below it.
            const bool is_affected =
                std::ranges::find(it.affects, server->name) != it.affects.end();
            return service == server || is_affected || picture_.is_linked(*service, *server) ||
                   picture_.is_linked(*server, *service);
        };
        auto cause = findings_.end();
        for (auto it = findings_.begin(); it != findings_.end(); ++it) {
            const bool is_surer = cause != findings_.end() && it->confidence > cause->confidence;
            if (is_met(*it) && (cause == findings_.end() || is_surer)) cause = it;
        }
        if (cause == findings_.end()) return;
        cause->explains.push_back(asked->what);
        findings_.erase(asked);
    }

    /// Services that wait for one that has a finding, directly or through others.
    void tell_who_waits() {
        std::set<std::string> told;
        for (const Finding& it : findings_)
            told.insert(it.service);
        bool has_changed = true;
        std::map<std::string, std::string> root_of;
        for (const Finding& it : findings_) {
            // What is wrong with one that waits is not why it waits.
            const ServiceFact* const service = picture_.service(it.service);
            if (service == nullptr || !picture_.is_waiting(*service)) {
                root_of[it.service] = it.service;
            }
        }
        while (has_changed) {
            has_changed = false;
            for (const ServiceFact& service : picture_.facts().services) {
                if (!picture_.is_waiting(service) || root_of.contains(service.name)) continue;
                for (const NeedFact& need : service.needs) {
                    if (!root_of.contains(need.service)) continue;
                    const std::string root = root_of[need.service];
                    root_of[service.name] = root;
                    has_changed = true;
                    const auto cause = std::ranges::find(findings_, root, &Finding::service);
                    cause->explains.push_back(service.name + " waits for " + need.service);
                    cause->affects.push_back(service.name);
                    break;
                }
            }
        }
    }

    const Picture& picture_;
    std::vector<Finding> findings_;
    std::set<std::string> explained_;
};

/// Services that are troubled, and that no finding is about.
void add_unexplained(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        const bool is_told = std::ranges::any_of(
            findings, [&](const Finding& it) { return it.service == service.name; });
        if (is_told || !picture.is_troubled(service)) continue;
        const DialFact* const dial = picture.probe(service);
        Finding finding;
        finding.id = "service-in-trouble";
        finding.service = service.name;
        finding.topic = "trouble";
        finding.strength = 22;
        finding.is_open = true;
        finding.what = service.name + " is " +
                       (service.phase.empty() ? "not well" : service.phase) +
                       (service.why.empty() ? "" : ": " + service.why) + ".";
        if (dial != nullptr) {
            finding.evidence.push_back(render_request(*dial) + ": " + render_outcome(*dial));
        }
        finding.fix = "devstack logs " + service.name + ", devstack crashes " + service.name +
                      " --full, and devstack doctor --wait, which gives slow answers 20 s";
        findings.push_back(std::move(finding));
    }
}

std::vector<std::string> rule_out(const Picture& picture) {
    std::vector<std::string> ruled_out;
    std::vector<std::string> well;
    std::vector<std::string> unasked;  // Nothing is known of them but that they are there.
    for (const ServiceFact& it : picture.facts().services) {
        if (!picture.is_well(it)) continue;
        const DialFact* const probe = picture.probe(it);
        // What another service has answered tells nothing of this one.
        const ServiceFact* const server = probe == nullptr ? nullptr : picture.server_of(*probe);
        const bool is_asked = probe != nullptr && (server == nullptr || server == &it);
        (is_asked ? well : unasked).push_back(it.name);
    }
    if (well.size() == 1) ruled_out.push_back(well.front() + " runs and answers its probe");
    if (well.size() > 1)
        ruled_out.push_back(join_for_people(well) + " run and answer their probes");
    if (!unasked.empty()) {
        ruled_out.push_back(join_for_people(unasked) + (unasked.size() == 1 ? " runs" : " run"));
    }
    for (const DialFact& it : picture.facts().dials) {
        const bool is_login = it.protocol == "postgresql" || it.protocol == "redis";
        if (is_login && it.error.empty()) {
            ruled_out.push_back(render_request(it) + " works");
        }
    }
    return ruled_out;
}

std::string render_address(const ListenerFact& listener) {
    const bool is_any = listener.address == "::" || listener.address == "0.0.0.0";
    return is_any ? "*:" + std::to_string(listener.port)
                  : render_endpoint(listener.address, listener.port);
}

/// What `devstack status` notes of services that no finding is about: it may be as it should be.
void add_notes(const Picture& picture,
               const std::vector<Finding>& findings,
               std::vector<std::string>& seen) {
    const SubjectFact& subject = picture.facts().subject;
    for (const ServiceFact& it : picture.facts().services) {
        const bool is_told = std::ranges::any_of(findings, [&](const Finding& finding) {
            return finding.service == it.name || contains(finding.what, it.name);
        });
        const bool is_meant = subject.kind != "service" || subject.text == it.name;
        if (!is_told && is_meant) std::ranges::copy(it.differences, std::back_inserter(seen));
    }
}

/// Who listens on the port, or, where there is no project, on this host; and what env files and
/// proxies here name.
std::vector<std::string> list_seen(const Picture& picture, const std::vector<Finding>& findings) {
    const Facts& facts = picture.facts();
    const bool is_port = facts.subject.kind == "port";
    std::vector<std::string> seen;
    constexpr double slow_seconds = 1;
    const DialFact* const asked = picture.dial("asked");
    const bool is_stream =
        asked != nullptr && contains(header_of(*asked, "content-type"), "event-stream");
    const bool is_slow = asked != nullptr && asked->error.empty() && asked->seconds >= slow_seconds;
    if (is_slow && !is_stream) {
        seen.push_back(render_request(*asked) + " is answered with status " +
                       std::to_string(asked->status) + " after " + seconds_text(asked->seconds));
    }
    add_notes(picture, findings, seen);
    if (picture.has_project() && !is_port) return seen;
    for (const ListenerFact& it : facts.listeners) {
        if (is_port && it.port != facts.subject.port) continue;
        seen.push_back(render_address(it) + " is listened on by " + describe(it) +
                       (it.service.empty() || !picture.has_project() ? "" : ", of " + it.service));
    }
    for (const ReferenceFact& it : facts.references) {
        const DialFact* const dial = picture.dial(it.dial);
        if (dial == nullptr || (is_port && it.port != facts.subject.port)) continue;
        const std::string text = render_reference(it) + " names " +
                                 render_endpoint(it.host, it.port) + ": " + render_outcome(*dial);
        // Two processes may read one file.
        if (std::ranges::find(seen, text) == seen.end()) seen.push_back(text);
    }
    return seen;
}

/// Nothing of the project runs, with devstack or without.
bool is_down(const Picture& picture) {
    const Facts& facts = picture.facts();
    if (facts.daemon != "none" || !picture.has_project() || facts.services.empty()) return false;
    return std::ranges::none_of(facts.services, [&](const ServiceFact& it) {
        const DialFact* const dial = picture.probe(it);
        return it.pid != 0 || (dial != nullptr && dial->stage != "connect");
    });
}

void tell_down(const Facts& facts, std::vector<Finding>& findings) {
    Finding finding;
    finding.id = project_down;
    finding.topic = "project";
    finding.confidence = Confidence::sure;
    finding.strength = 40;
    finding.what =
        (facts.project.empty() ? facts.project_dir : facts.project) +
        " is not running: there is no devstack daemon, and none of its services answers.";
    finding.fix = "devstack up";
    findings.push_back(std::move(finding));
}

/// The keeper starts one after the other, and the services run on unwatched.
void tell_dead_daemon(const Facts& facts, std::vector<Finding>& findings) {
    Finding finding;
    finding.id = "daemon-dead";
    finding.topic = "project";
    finding.confidence = Confidence::sure;
    finding.strength = 60;
    finding.what = "The daemon of " + (facts.project.empty() ? facts.project_dir : facts.project) +
                   " has died and none comes up again: the services run on, but nobody watches "
                   "them or takes their output.";
    if (!facts.daemon_problem.empty()) {
        finding.evidence.push_back("the keeper says: " + facts.daemon_problem);
    }
    finding.fix =
        "see daemon.log and daemon.stderr in the state directory (.devstack/state) for what it "
        "dies of; the keeper goes on trying, and devstack down ends everything";
    findings.push_back(std::move(finding));
}

/// What the question is about: a service, what it needs, and what has no service.
void keep_subject(const Picture& picture, std::vector<Finding>& findings) {
    const SubjectFact& subject = picture.facts().subject;
    if (subject.kind != "service") return;
    const ServiceFact* const asked = picture.service(subject.text);
    if (asked == nullptr) return;
    std::set<std::string> wanted{asked->name};
    for (std::size_t before = 0; before != wanted.size();) {
        before = wanted.size();
        for (const ServiceFact& it : picture.facts().services) {
            const bool is_needed = std::ranges::any_of(wanted, [&](const std::string& name) {
                const ServiceFact* const service = picture.service(name);
                return service != nullptr && picture.is_linked(*service, it);
            });
            if (is_needed) wanted.insert(it.name);
        }
    }
    std::erase_if(findings, [&](const Finding& it) {
        return !it.service.empty() && !wanted.contains(it.service);
    });
}

/// Of whom nothing is told because the doctor may have been late itself.
void tell_doubts(const Picture& picture, Diagnosis& diagnosis) {
    const std::size_t known = diagnosis.unseen.size();
    for (const ServiceFact& service : picture.facts().services) {
        const DialFact* const dial = picture.probe(service);
        const bool is_silent = dial != nullptr && dial->error == "no answer";
        const bool is_told = std::ranges::any_of(
            diagnosis.findings, [&](const Finding& it) { return it.service == service.name; });
        if (!is_silent || is_told || !picture.is_machine_busy()) continue;
        diagnosis.unseen.push_back("whether " + service.name + " answers: not within " +
                                   seconds_text(dial->seconds) +
                                   ", but this machine is too busy to tell");
    }
    for (const ServiceFact& service : picture.facts().services) {
        const bool is_coming = service.phase == "preparing" || service.phase == "starting";
        if (!is_coming || !diagnosis.findings.empty()) continue;
        diagnosis.unseen.push_back("whether " + service.name + " works: it has been " +
                                   service.phase + " for " + seconds_text(service.phase_seconds));
    }
    diagnosis.is_open = diagnosis.unseen.size() > known || picture.is_machine_busy();
}

}  // namespace

void find_profile_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    for (const ProfileProblemFact& problem : picture.facts().profile_problems) {
        Finding finding;
        finding.id = "profile-" + problem.code;
        finding.strength = 80;
        finding.confidence = Confidence::sure;
        finding.topic = problem.where + problem.message;
        finding.what = problem.where + ": " + problem.message + ".";
        finding.fix = problem.hint.empty() ? "correct " + problem.where : problem.hint;
        if (problem.code == "duplicate-port") {  // "port 8000 of `a` is already declared …"
            const auto number = problem.message.find_first_of("0123456789");
            finding.topic = "port " + problem.message.substr(
                                          number, problem.message.find(' ', number) - number);
        }
        // An env file that is not there is told with what it should hold.
        for (const EnvFileFact& file : picture.facts().env_files) {
            if (file.is_missing && contains(problem.message, file.path)) {
                finding.topic = "file " + file.path;
            }
        }
        findings.push_back(std::move(finding));
    }
}

Diagnosis diagnose(const Facts& facts) {
    const Picture picture{facts};
    std::vector<Finding> findings;
    for (const Rules rules : all_rules)
        rules(picture, findings);
    if (facts.daemon == "dead") tell_dead_daemon(facts, findings);
    if (is_down(picture)) {
        tell_down(facts, findings);
    } else {
        add_unexplained(picture, findings);
    }
    Diagnosis diagnosis;
    diagnosis.findings = Sorting{picture, std::move(findings)}.sort();
    keep_subject(picture, diagnosis.findings);
    if (facts.daemon == "none") {
        for (Finding& it : diagnosis.findings)
            speak_of_processes(facts, it);
    }
    if (!diagnosis.findings.empty()) diagnosis.ruled_out = rule_out(picture);
    diagnosis.seen = list_seen(picture, diagnosis.findings);
    diagnosis.unseen = facts.unseen;
    tell_doubts(picture, diagnosis);
    return diagnosis;
}

}  // namespace devstack::core::doctor
