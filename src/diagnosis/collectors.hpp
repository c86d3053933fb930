#pragma once

#include "devstack/platform/procfs.hpp"

#include "diagnosis/dialer.hpp"
#include "diagnosis/scene.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

// One function for each family of facts. Each looks at the machine once and returns its part; they
// run at the same time, and none of them may wait for a service.
namespace devstack::diagnosis {

using core::doctor::Facts;

/// Processes, with CPU over a window, their listening sockets and stuck connections; of threads
/// what they have wanted of a CPU, if anything.
Facts collect_activity(const Scene& scene);
/// Of each listening socket, by its inode: of processes that share it the one that made it, which
/// the lowest pid is as a rule.
std::map<std::uint64_t, int> find_socket_holders(
    const std::vector<platform::ListeningSocket>& sockets);
/// The ends of the services' logs, and their crash records.
Facts collect_logs(const Scene& scene);
/// Directories that services work in, programs that they start.
Facts collect_folders(const Scene& scene);
/// nginx configurations of services and running masters, their error logs.
Facts collect_nginx(const Scene& scene);
/// How the nginx was called whose master that is; empty: it is none.
std::vector<std::string> read_nginx_call(int pid);
/// What a request has made them say comes after it.
void read_nginx_logs_again(const Scene& scene, Facts& facts);
/// Disks, memory, limits.
Facts collect_machine(const Scene& scene);
/// The kernel's log, kmsg(4), where we may read it.
Facts collect_kernel_log(const Scene& scene);
/// Env files, and the variables in them.
Facts collect_variables(const Scene& scene);

/// Passwords, which are no facts: by the id of the reference's dial.
using Passwords = std::map<std::string, std::string>;

/// What HAProxy, Caddy, Apache or Varnish is configured to do, if the service is one of them; adds
/// it to the facts, and returns whom it passes requests to.
std::vector<core::doctor::ProxyRouteFact> read_proxy_files(const Scene& scene,
                                                           const ServiceScene& service,
                                                           Facts& facts);

/// The error log that an Apache is configured to write; empty: none, or it is no Apache.
std::string find_proxy_log(const ServiceScene& service);

/// All that names a host and a port: variables, proxies, configuration files, probes.
void collect_references(const Scene& scene, Facts& facts, Passwords& passwords);

/// What is to be dialled: each probe, and each referenced endpoint once.
std::vector<Endpoint> plan_dials(const Scene& scene, Facts& facts, const Passwords& passwords);
/// What an answer has made worth asking too: the same path past a proxy, other paths of a server
/// that does not know the one of the probe, where a redirect leads.
std::vector<Endpoint> plan_more_dials(const Scene& scene,
                                      const Facts& facts,
                                      const Passwords& passwords);
/// A path that a development server does not know: would what it passes requests on to?
std::vector<Endpoint> plan_config_dials(const Facts& facts);
/// At once with what is asked about, if its path sounds like that of a stream: the same as browsers
/// ask, who accept gzip.
std::vector<Endpoint> plan_compressed(const Endpoint& asked);
/// What a browser would ask besides what somebody asks about.
std::vector<Endpoint> plan_browser_dials(const Facts& facts);
/// A WebSocket that one server does not open: does another one of the project?
std::vector<Endpoint> plan_upgrade_dials(const Facts& facts);
/// A client of Socket.IO complains: at which path does the server have it?
std::vector<Endpoint> plan_socket_dials(const Scene& scene, const Facts& facts);
/// Logs complain of a relation that PostgreSQL does not find: is it elsewhere? A user of MySQL is
/// refused: is he let in by TLS?
std::vector<Endpoint> plan_store_questions(const Facts& facts, const Passwords& passwords);
/// Dumps in which somebody waits for a lock, again: who still waits for the same is stuck.
std::vector<Endpoint> plan_second_dumps(const Facts& facts);

/// The recent lines at the end of a file that a program logs to itself, if there are any.
void add_log_file(const Scene& scene,
                  const std::string& path,
                  const std::string& service,
                  Facts& facts);
/// Of all log files that the services' processes have open; of a service that has ended, what lies
/// where it works. Comes after the processes.
void collect_log_files(const Scene& scene, Facts& facts);

/// What is at the paths that proxies name. Comes after the logs.
void collect_paths(Facts& facts);
/// What there is of the files of which logs complain. Comes after the logs.
void collect_files(const Scene& scene, Facts& facts);
/// Locks on files that a service waits for, or that may have kept one from starting; pid files.
/// Comes after the logs and the processes.
void collect_claims(const Scene& scene, Facts& facts);
/// Unix sockets that nobody listens on, where a log says that an address is in use, and who has the
/// inotify instances of which another one has none; as claims.
void collect_sockets(const Scene& scene, Facts& facts);
/// Functions of Express and Koa that may keep the request that is asked about from its answer.
/// Comes after the dials and the activity.
void collect_middleware(Facts& facts);
/// Limits of processes and threads that are reached. Comes after the processes.
void collect_task_limits(Facts& facts);
/// What tells programs who is where and what time it is: /etc/hosts, name servers that do not
/// answer, clocks that are shifted. Comes after the dials and the processes.
void collect_surroundings(Facts& facts);
/// What Node.js has written of itself, where services work. Comes after the processes.
void collect_reports(const Scene& scene, Facts& facts);
/// The Python modules that the service's command may name.
void examine_modules(const ServiceScene& service, Facts& facts);

/// Whether the command runs what was built before the sources were changed.
void examine_build(const ServiceScene& service,
                   const std::string& url,
                   core::doctor::FolderFact& folder);

/// Where the files that services work with name a port, or a missing file, of which their logs
/// complain. Comes after the logs and the files.
void collect_mentions(Facts& facts);
/// Of the source files that dumps name, if they are here, what is needed to read these.
void collect_sources(Facts& facts);

/// Addresses of this machine that were built into the scripts of the page that is asked about.
/// Comes after the dials and the activity.
void collect_bundles(const Scene& scene, Facts& facts);

/// A pause between two looks at the same thing.
void wait(Duration duration);

/// Of a process; empty: it has gone, or we may not look.
std::set<int> list_threads(int pid);
/// What each thread of the services is doing; of those that do not answer also where in the code it
/// is, and who holds the lock that it waits for. Comes after the dials and the activity, whose
/// measure of threads it takes over.
void collect_threads(const Scene& scene, Facts& facts, TimePoint deadline);

/// The text of a file in /proc or of a small configuration file; empty when there is none.
std::string read_small(const std::string& path, std::size_t size_max = 256 * 1024);
/// False also for what we may not see.
bool is_there(const std::filesystem::path& path);

}  // namespace devstack::diagnosis
