#pragma once

#include "devstack/core/doctor/finding.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::core::doctor {

/// The facts with their cross-references: what rules ask.
class Picture {
public:
    explicit Picture(const Facts& facts);

    const Facts& facts() const { return facts_; }
    /// How long before the look began; below 0: while it went on. Infinite: there is no such time.
    double seconds_since(const std::string& time) const;
    /// There is a profile, or a daemon. Else all that is known is what lies and listens here.
    bool has_project() const { return !facts_.profile.empty() || facts_.daemon == "running"; }

    /// A path as a person in the project knows it.
    std::string shown(const std::string& path) const;
    const ServiceFact* service(const std::string& name) const;
    const DialFact* dial(const std::string& id) const;
    /// What came of the same request to where nginx passes it; null: it has not been sent.
    const DialFact* behind_nginx(const DialFact& request) const;
    /// What came of the service's probe; null: it has none that is dialled.
    const DialFact* probe(const ServiceFact& service) const;
    const ProcessFact* process(int pid) const;
    std::vector<const ProcessFact*> processes_of(const std::string& service) const;
    std::vector<const ListenerFact*> listeners_on(int port) const;
    std::vector<const ListenerFact*> listeners_of(const std::string& service) const;
    std::vector<const ReferenceFact*> references_of(const std::string& service) const;
    /// Who has been listening there for a while, though the dial says that nobody does: something
    /// between them keeps connections away. Null: nobody, or it may have begun just now.
    const ListenerFact* find_blocked(const DialFact& dial) const;
    const FolderFact* folder(const std::string& service) const;
    /// The file of which `line` is among the facts, by the end of its path. Null: there is none, or
    /// it can not be told which of several of that name.
    const SourceFact* source(const std::string& file, int line) const;
    const CrashFact* last_crash(const std::string& service) const;
    /// What the kernel has logged of that end; null: nothing, or it can not be told whose it was.
    const KernelFact* kernel_message(const CrashFact& crash) const;

    bool declares(const ServiceFact& service, int port) const;
    /// The service that has answered, if it is one of this machine, by whatever name; null: it is
    /// none of the project's.
    const ServiceFact* server_of(const DialFact& dial) const;
    /// The service that declares the port, and else the one that listens there; null: none.
    /// A port that it declares, and on which nobody listens though it has been ready for a while;
    /// 0: none.
    int silent_port(const ServiceFact& service) const;
    const ServiceFact* owner_of(int port) const;

    /// Nobody asks it anything, and the profile foresees that it ends: it has some work to do.
    bool is_job(const ServiceFact& service) const;
    /// Not as it should be: it does not run, or its probe fails.
    bool is_troubled(const ServiceFact& service) const;
    /// It has a process, and its probe is content.
    bool is_well(const ServiceFact& service) const;
    /// It has ended within the last minute though it should not have, and has been started again:
    /// it may do so at the next request, whatever it is at this moment.
    bool has_just_failed(const ServiceFact& service) const;
    /// … by devstack, since it did not answer.
    bool has_just_hung(const ServiceFact& service) const;
    /// It is not well, or a request that somebody asks about fails on its way through it: what it
    /// says of errors may be why.
    bool is_suspect(const ServiceFact& service) const;
    /// Has been told to run, and waits for others.
    bool is_waiting(const ServiceFact& service) const { return service.phase == "waiting"; }
    bool is_alive(const ServiceFact& service) const { return service.pid != 0; }
    /// So busy that the doctor itself came too late: what takes long may only wait for a processor.
    bool is_machine_busy() const;

    /// What a service says: its log, its answers to probes, what an nginx says of its upstreams.
    /// The last line that satisfies the condition; null: none.
    const LineFact* find_line(const std::string& service,
                              const std::function<bool(const std::string&)>& condition) const;
    const LineFact* find_line_with(const std::string& service, std::string_view text) const;
    /// In its log, in what its probe was answered, or in the answer to what was asked.
    bool mentions(const ServiceFact& service, std::string_view text) const;

    /// The profile says that `service` waits for `on`, directly or through others.
    bool needs(const ServiceFact& service, const ServiceFact& on) const;
    /// `depends` needs `on`, or names an endpoint of it.
    bool is_linked(const ServiceFact& depends, const ServiceFact& on) const;

private:
    const Facts& facts_;
};

/// One family of rules.
using Rules = void (*)(const Picture& picture, std::vector<Finding>& findings);

void find_profile_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_port_conflicts(const Picture& picture, std::vector<Finding>& findings);
void find_wrong_ports(const Picture& picture, std::vector<Finding>& findings);
/// What lies around programs: firewalls, proxies by variables, directories that are gone.
void find_ambient_troubles(const Picture& picture, std::vector<Finding>& findings);
/// Names, their servers and clocks. Comes after the logs.
void find_what_surroundings_tell(const Picture& picture, std::vector<Finding>& findings);
/// Who was started before what it needs, and who fails at its work again and again; where others
/// have found nothing.
void find_quiet_failures(const Picture& picture, std::vector<Finding>& findings);
void find_dead_references(const Picture& picture, std::vector<Finding>& findings);
/// A variable whose path its service's code puts before the same path.
void find_doubled_paths(const Picture& picture, std::vector<Finding>& findings);
/// Where a service that fails at a request is sent: hosts that do not resolve, old certificates.
void find_bad_endpoints(const Picture& picture, std::vector<Finding>& findings);
/// What two services should agree on.
void find_disagreements(const Picture& picture, std::vector<Finding>& findings);
/// Jobs in queues that nobody takes.
void find_waiting_jobs(const Picture& picture, std::vector<Finding>& findings);
/// Comes after the rules about endpoints that are named.
void find_refused_peers(const Picture& picture, std::vector<Finding>& findings);
void find_database_troubles(const Picture& picture, std::vector<Finding>& findings);
void find_variable_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_program_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_missing_packages(const Picture& picture, std::vector<Finding>& findings);
void find_wrong_modules(const Picture& picture, std::vector<Finding>& findings);
void find_claims(const Picture& picture, std::vector<Finding>& findings);
/// Adds to what others have found, so that it comes after them.
void find_bad_values(const Picture& picture, std::vector<Finding>& findings);
void find_what_logs_tell(const Picture& picture, std::vector<Finding>& findings);
/// Who waits for whom in a database. Comes after what the logs tell.
void find_session_troubles(const Picture& picture, std::vector<Finding>& findings);
/// Versions of Node.js, development servers that pass requests on.
void find_node_mistakes(const Picture& picture, std::vector<Finding>& findings);
/// Adds to what the logs have told.
void find_file_troubles(const Picture& picture, std::vector<Finding>& findings);
/// Also adds to what others have found.
void find_what_the_kernel_logs(const Picture& picture, std::vector<Finding>& findings);
void find_lack_of_resources(const Picture& picture, std::vector<Finding>& findings);
void find_locks(const Picture& picture, std::vector<Finding>& findings);
void find_python_deadlocks(const Picture& picture, std::vector<Finding>& findings);
/// Pools of threads that wait for themselves.
void find_python_pools(const Picture& picture, std::vector<Finding>& findings);
void find_stuck_goroutines(const Picture& picture, std::vector<Finding>& findings);
void find_waiting_goroutines(const Picture& picture, std::vector<Finding>& findings);
void find_what_dumps_tell(const Picture& picture, std::vector<Finding>& findings);
/// Middleware of Express and Koa that keeps a request from its answer.
void find_lost_requests(const Picture& picture, std::vector<Finding>& findings);
/// One of several programs of one command that has ended.
void find_ended_parts(const Picture& picture, std::vector<Finding>& findings);
/// A server whose only thread a silent client holds.
void find_held_threads(const Picture& picture, std::vector<Finding>& findings);
void find_hangs(const Picture& picture, std::vector<Finding>& findings);
/// Comes after the rules about hangs, whose findings may follow from these.
void find_circles(const Picture& picture, std::vector<Finding>& findings);
void find_vain_probes(const Picture& picture, std::vector<Finding>& findings);
void find_health_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_certificate_troubles(const Picture& picture, std::vector<Finding>& findings);
void find_proxy_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_lost_upgrades(const Picture& picture, std::vector<Finding>& findings);
void find_nginx_answers(const Picture& picture, std::vector<Finding>& findings);
/// Comes after what logs tell, which may be a consequence.
void find_nginx_request_troubles(const Picture& picture, std::vector<Finding>& findings);
void find_what_nginx_logs(const Picture& picture, std::vector<Finding>& findings);
/// Changes what others have found, by what is particular to a library or a version of a language.
void find_library_mistakes(const Picture& picture, std::vector<Finding>& findings);
/// Corrects by commands and variables what lines in logs alone have told; comes after all of them.
void find_what_settings_tell(const Picture& picture, std::vector<Finding>& findings);
/// Of requests that nobody makes now; only where others have found nothing.
void find_what_nginx_has_logged(const Picture& picture, std::vector<Finding>& findings);
/// By access logs; only where others have found nothing of that service, so it comes last.
void find_failed_answers(const Picture& picture, std::vector<Finding>& findings);
void find_haproxy_answers(const Picture& picture, std::vector<Finding>& findings);
void find_caddy_answers(const Picture& picture, std::vector<Finding>& findings);
void find_apache_answers(const Picture& picture, std::vector<Finding>& findings);
void find_traefik_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_varnish_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_route_mistakes(const Picture& picture, std::vector<Finding>& findings);
void find_upstream_troubles(const Picture& picture, std::vector<Finding>& findings);
void find_what_browsers_refuse(const Picture& picture, std::vector<Finding>& findings);
void find_spread_sessions(const Picture& picture, std::vector<Finding>& findings);
void find_listed_routes(const Picture& picture, std::vector<Finding>& findings);
void find_bad_bodies(const Picture& picture, std::vector<Finding>& findings);
void find_redirects(const Picture& picture, std::vector<Finding>& findings);
void find_request_troubles(const Picture& picture, std::vector<Finding>& findings);
void find_sick_processes(const Picture& picture, std::vector<Finding>& findings);
/// Comes after what finds that it hangs now.
void find_past_hangs(const Picture& picture, std::vector<Finding>& findings);
void find_vain_watches(const Picture& picture, std::vector<Finding>& findings);
void find_hanging_starts(const Picture& picture, std::vector<Finding>& findings);
void find_slow_starts(const Picture& picture, std::vector<Finding>& findings);
void find_bad_ends(const Picture& picture, std::vector<Finding>& findings);
void find_what_does_not_run(const Picture& picture, std::vector<Finding>& findings);

/// The signal that ended a process: its own, or by the status that a shell makes of that of its
/// command (POSIX, XCU 2.8.2); 0: none.
int end_signal(int exit_code, int exit_signal);

// ---- Words that many rules need ----------------------------------------------------------------

/// "python3 -m http.server 3101 (pid 37, user root, since 18:37, in /srv)".
std::string describe(const ListenerFact& listener);
/// "[::1]:3002".
std::string render_endpoint(const std::string& host, int port);
/// "GET http://127.0.0.1:3101/health".
std::string render_request(const DialFact& dial);
/// "status 503: {"database":…}", "connection refused".
std::string render_outcome(const DialFact& dial);
/// "DATABASE_URL (api/.env:4)".
std::string render_reference(const ReferenceFact& reference);
/// "api log 18:37:03: Error: …".
std::string render_line(const std::string& service, const LineFact& line);
/// "kernel log 18:37:03: avatars[31]: segfault at 8 …".
std::string render_message(const KernelFact& message);
/// Of one that was ended for want of memory: "because the machine had no memory left, at 1.2 GiB".
std::string describe_kill(const KernelFact& message);
/// "it used a null pointer (address 8)".
std::string describe_fault(const KernelFact& message);
/// A child of it is dead, and its log tells by which error: what waits for that child is no hang.
bool has_lost_worker_to_error(const ServiceFact& service, const Picture& picture);
/// " (devstack.toml:4)", where the service is declared; empty where nobody knows.
std::string declared_at(const ServiceFact& service);
/// Where the service works, as people see it.
std::string folder_of(const ServiceFact& service, const Picture& picture);
/// PostgreSQL, Redis, … : what has a product's name.
bool is_database(const std::string& scheme);
/// Where the product that was meant really listens: the project's own, else the one on the usual
/// port, else the only one there is. With several strangers nobody knows which was meant.
const ListenerFact* find_product(const std::string& scheme, const Picture& picture);
/// "config/database.yml:4 and lib/db.rb:9": where the project's own files name a port of which the
/// service's log complains; empty: nowhere, or in too many places to tell.
std::string places_of_port(const std::string& service, int port, const Picture& picture);
std::string places_of_file(const std::string& service,
                           const std::string& file,
                           const Picture& picture);
/// That `service` can not listen where the holder does; one of this project is not to be killed.
void tell_holder_of_port(const ServiceFact& service,
                         const ListenerFact& holder,
                         const std::string& places,
                         Finding& finding);
/// The service that answers: behind a proxy who stands there. Null: a stranger.
const ServiceFact* server_behind(const DialFact& dial, const Picture& picture);
std::string seconds_text(double seconds);
/// From one timestamp to the other; infinite when one is none.
double seconds_between(const std::string& from, const std::string& to);
bool is_local(const std::string& host);
/// A status of 500 and above; or GraphQL's 200 with errors that are not the client's.
bool is_server_error(const DialFact& dial);
/// Header of an answer, by its lower-case name; empty: not there.
std::string header_of(const DialFact& dial, std::string_view name);
/// What is behind the last slash.
std::string base_of(const std::string& path);
bool contains(std::string_view text, std::string_view part);
/// Regardless of case.
bool contains_word(std::string_view text, std::string_view word);

}  // namespace devstack::core::doctor
