#pragma once

#include "devstack/core/doctor/middleware_fact.hpp"
#include "devstack/core/doctor/proxy_facts.hpp"
#include "devstack/core/doctor/store_facts.hpp"
#include "devstack/core/doctor/surroundings_facts.hpp"
#include "devstack/core/doctor/task_limit_fact.hpp"

#include <cstdint>
#include <string>
#include <vector>

// What the doctor knows: plain data, collected once, the same in JSON (facts_json.hpp), so that
// the facts of a machine in trouble can be kept and diagnosed again elsewhere. Paths are shown as
// a person standing in the project knows them. No fact holds a password or the value of a secret.
namespace devstack::core::doctor {

/// A declared dependency.
struct NeedFact {
    std::string service;
    std::string condition;  ///< "started", "ready", "completed".
};

/// One variable that a service's own settings or env files give it.
struct VariableFact {
    std::string name;
    std::string value;  ///< Empty for secrets; of URLs the password is left out.
    bool is_empty = false;
    bool is_secret = false;
    std::string where;  ///< "api/.env:3", "devstack.toml".
    /// What is in the value that nobody means: "quotes", "carriage return", "space", or what
    /// keeps it from being a URL: "has a …". Empty: nothing.
    std::string flaw;
    std::string
        overrides;  ///< Where the same file sets it before, to something else: "api/.env:1".
    /// Of a secret: equal ones have equal marks, which say nothing else, and are other ones the
    /// next time. Empty: it is no secret, or empty.
    std::string mark;
};

struct ServiceFact {
    std::string name;
    /// "service", "task". Where there is no profile: "process", one that serves something; "unit"
    /// of systemd that should; "directory", where nobody does.
    std::string kind;
    std::string phase;  ///< As the daemon says; empty without a daemon.
    std::string why;
    double phase_seconds = 0;
    bool is_wanted = false;
    int pid = 0;
    std::uint32_t run = 0;
    double uptime_seconds = 0;
    int restarts = 0;
    bool has_been_ready = false;     ///< Its latest run was, whatever has become of it.
    std::vector<std::string> ports;  ///< Declared, as text.
    std::vector<NeedFact> needs;
    std::vector<std::string> differences;
    std::string watch_suspended;  ///< Why its files are not watched any more; empty: they are.
    std::string health;           ///< "healthy", "unhealthy", "unknown", "none".
    std::string last_answer;
    bool has_exited = false;  ///< Then the next two are the last end.
    int exit_code = 0;
    int exit_signal = 0;
    std::string command;             ///< As a person would type it.
    std::vector<std::string> words;  ///< Of the command; of a shell script its first command.
    std::string working_dir;
    std::string user;  ///< As whom it runs.
    std::uint32_t user_id = 0;
    std::vector<VariableFact> variables;
    std::string probe;      ///< "GET http://localhost:3101/health"; empty: none.
    std::string probe_url;  ///< Of a URL probe.
    double probe_timeout = 0;
    double start_timeout = 0;
    std::string declared_at;  ///< "devstack.toml:12".
    bool may_end = false;     ///< restart = "no": that it ends by itself is foreseen.
    std::string unit;         ///< Of a process: "web.service" of systemd.
};

/// How a service ended that should not have.
struct CrashFact {
    std::string service;
    int pid = 0;
    std::string time;
    std::string ended;  ///< "exited with code 1".
    std::string why;    ///< Why it had to end, or did.
    int code = 0;
    int signal = 0;
    double lived_seconds = 0;
    std::uint64_t peak_memory_bytes = 0;
    std::uint64_t oom_kills = 0;
    /// What the doctor had found while it still lived, of one that hung: id and sentence.
    std::string finding;
    std::string cause;
};

struct LineFact {
    std::string time;
    std::string text;
};

/// The end of a log: of the service's living run, or of the last one that lived.
struct LogFact {
    std::string service;  ///< Empty for a file that is nobody's output.
    std::string file;
    std::vector<LineFact> lines;  ///< Oldest first.
};

struct ProcessFact {
    int pid = 0;
    int parent = 0;
    int session = 0;
    std::string state;  ///< One letter of proc(5).
    std::string name;
    std::string command;
    std::string working_dir;
    std::string user;
    std::string service;       ///< To which it belongs; empty: none of this project's.
    bool is_leftover = false;  ///< Started by this project, but not by what runs now.
    std::string runtime;       ///< "go", "node", "python", "java", "ruby"; empty: none of these.
    double age_seconds = 0;
    bool has_event_loop = false;  ///< It holds an epoll(7) descriptor.
    /// Of one that does not answer: it has made no connection to anybody.
    bool talks_to_nobody = false;
    double cpu_percent = 0;  ///< Of one core, over the window of the collection.
    /// The same with the time that its main thread was ready to run and had to wait for a core.
    double wanted_cpu_percent = 0;
    int threads = 0;
    std::string wait_channel;
    int open_files = 0;
    int open_files_limit = 0;  ///< 0: unknown or unlimited.
    std::uint64_t resident_bytes = 0;
    std::uint64_t memory_limit_bytes = 0;  ///< Of its cgroup; 0: none.
    std::uint64_t oom_kills = 0;           ///< Of its cgroup.
};

/// One thread of a process that does not answer.
struct ThreadFact {
    int pid = 0;
    int thread = 0;
    std::string name;
    std::string state;
    std::string system_call;  ///< "futex", "epoll_wait", "running"; empty: we may not see it.
    std::string wait_channel;
    /// Of one that waits for a lock, if that can be told: who holds it.
    int lock_owner = 0;
    std::string lock;  ///< Its address: equal ones are one lock.
    /// Of one that waits at a connection of its own: the other end, "127.0.0.1:5432".
    std::string peer;
    /// Of one that opens a FIFO, which waits for somebody at the other end: its path, and …
    std::string fifo;
    std::string fifo_end;  ///< … who is missing: "reader", "writer".
    /// Where it is in the code, innermost first: "transfer (bank.cpp:41)". Only of processes that
    /// do not answer.
    std::vector<std::string> frames;
    /// Of an interpreted program whose `frames` are those of its own code: "python". Empty: they
    /// are what the machine runs.
    std::string language;
    /// Of one core, over the window of the collection: used, or waited for.
    double wanted_cpu_percent = 0;
};

struct GoFrameFact {
    std::string function;  ///< "main.(*Cart).Add".
    std::string file;      ///< As the compiler has noted it.
    int line = 0;
};

/// Goroutines that wait, all at the same place, and did so at two looks; read from the memory of a
/// process that does not answer.
struct GoroutineFact {
    int pid = 0;
    std::uint64_t number = 0;  ///< Of one of them.
    int count = 0;
    std::string state;   ///< As Go's dumps name it: "chan send", "sync.Mutex.Lock"; "running".
    double seconds = 0;  ///< That it has waited at least, as far as its runtime knows.
    std::vector<GoFrameFact> frames;  ///< Innermost first, the libraries' too.
};

/// Connections that a process has made to the same endpoint.
struct PeerFact {
    int pid = 0;
    std::string peer;  ///< "127.0.0.1:5432".
    int count = 0;
};

struct SourceLineFact {
    int number = 0;
    std::string text;
};

/// Of a source file that a dump names: the lines that it names, and where functions begin and locks
/// are taken.
struct SourceFact {
    std::string file;
    std::vector<SourceLineFact> lines;
};

/// A line of the files where a service works that has a port, or the name of a file, of which its
/// log complains.
struct MentionFact {
    std::string service;
    int port = 0;       ///< 0: it is a file.
    std::string where;  ///< "config/database.yml:4".
    std::string file;   ///< "template.json".
};

/// A file of which the log of a service complains, and what there is.
struct FileFact {
    std::string service;
    std::string word;  ///< As the log writes it.
    /// As the log has it: "missing", "denied", "read-only", "database", …; "class": it should be
    /// there.
    std::string trouble;
    std::string path;
    bool is_missing = false;
    /// Of a missing one the first part of its path that does not exist: itself, or a directory.
    std::string first_missing;
    std::string leads_to;  ///< Of one that is a link: where nothing is.
    std::string nearest;   ///< What there is of a similar name, or of the same one elsewhere.
    /// Of the path what the user of the service may not use: the file, a directory on the way, a
    /// mount point. Empty: nothing.
    std::string barrier;
    std::string refuses;  ///< "read", "write", "enter"; "read-only mount".
    std::string mode;     ///< Of the barrier: "-rw-------".
    std::string owner;
    std::string group;
};

struct ListenerFact {
    int port = 0;
    std::string address;
    int pid = 0;  ///< 0: of somebody we may not look into.
    std::string command;
    std::string user;
    std::string working_dir;
    std::string service;
    std::string since;
    int accept_queue = 0;  ///< Connections that nobody has accepted yet.
};

/// A declared port that is the near end of somebody's connection: nobody can listen there.
struct OutgoingFact {
    int port = 0;
    int pid = 0;  ///< 0: of somebody we may not look into.
    std::string command;
    std::string user;
    std::string service;
    std::string peer;  ///< "127.0.0.1:7777".
};

/// Connections of one state to a port of this machine.
struct ConnectionFact {
    int port = 0;
    std::string service;
    int pid = 0;
    /// "established"; "close-wait": the client is gone, and for a while the server has not let go;
    /// "dead": the same, where the client has reset the connection.
    std::string state;
    int count = 0;
    int unread = 0;      ///< Of them, with bytes that the server has not read.
    std::string client;  ///< Of very many: the service that has made most of them, and …
    int grown = 0;       ///< … how many of all have come while they were looked at.
};

/// Something names a host and a port: a variable, a proxy, a probe.
struct ReferenceFact {
    std::string service;  ///< Whose it is.
    std::string
        kind;  ///< "env", "nginx", "config", "probe", "asked"; "bundle": in a page's script.
    std::string name;    ///< "DATABASE_URL", "proxy_pass", "health URL".
    std::string where;   ///< "api/.env:3".
    std::string scheme;  ///< "postgresql", "http"; "tcp" if there is none.
    std::string user;
    std::string host;
    int port = 0;
    std::string path;  ///< Path and query, or "/database".
    std::string dial;  ///< Id of the dial that tried it.
    /// Where several variables name it: "DB_PASSWORD (.env:4)", "DB_NAME (.env:5)".
    std::string password_in;
    std::string database_in;
};

/// One address of a dialled host.
struct AddressFact {
    std::string address;
    std::string outcome;  ///< "connected", "refused", "no answer", "unreachable".
};

struct HeaderFact {
    std::string name;  ///< Lower case.
    std::string value;
};

/// What came of connecting to an endpoint and asking, step by step.
struct DialFact {
    std::string id;
    std::string purpose;   ///< "probe", "reference", "compare", "asked", "guess".
    std::string protocol;  ///< "http", "https", "postgresql", "redis", "mysql", "tcp".
    std::string host;
    int port = 0;
    std::string path;
    /// How far it got: "resolve", "connect", "tls", "send", "first byte", "body", "done".
    std::string stage;
    std::string error;  ///< Empty: it answered.
    std::vector<AddressFact> addresses;
    double seconds = 0;
    double timeout = 0;  ///< That it was given.
    int status = 0;
    bool is_unexpected = false;  ///< The status or body, by who asks.
    std::string expected;        ///< "200-299".
    std::vector<HeaderFact> headers;
    std::vector<HeaderFact> sent;  ///< Besides the usual ones.
    std::string body;              ///< Its beginning.
    bool is_cut_off = false;       ///< It broke off before its end.
    std::string code;              ///< Of a database: SQLSTATE, or the first word of an error.
    std::vector<LockWaitFact> lock_waits;
    std::vector<QueueFact> queues;
    std::vector<SessionFact> sessions;
    std::vector<StoreClientFact> clients;
    bool is_query_unanswered = false;  ///< It has let us in, and says nothing to a query.
    std::vector<std::string> places;   ///< Where a relation is of that name: "public.orders".
    std::string search_path;           ///< Of the same connection.
    std::string tls_problem;           ///< "self-signed certificate"; empty: none.
    std::string tls_subject;
    std::string tls_issuer;
    std::string tls_until;
    std::string tls_names;
};

struct NginxListenFact {
    std::string address;
    int port = 0;
    bool is_tls = false;
    bool is_default = false;  ///< Of hosts that no server names.
    bool is_proxied = false;  ///< Clients have to begin with the PROXY protocol.
};

struct NginxSettingFact {
    std::string name;
    std::string value;
};

struct NginxLocationFact {
    std::string modifier;  ///< "", "=", "^~", "~", "~*".
    std::string path;
    std::string where;  ///< Of the location.
    std::string proxy_pass;
    std::string proxy_pass_where;
    std::string other_pass;  ///< "fastcgi_pass 127.0.0.1:9000": by another protocol than HTTP.
    std::string other_pass_where;
    std::vector<NginxSettingFact> settings;  ///< In force there, inherited ones too.
};

struct NginxServerFact {
    std::string where;
    std::vector<NginxListenFact> listens;
    std::vector<std::string> names;
    std::vector<NginxLocationFact> locations;
    std::string returns;  ///< "404": what it answers whatever the location is.
};

struct NginxUpstreamFact {
    std::string name;
    std::string where;
    std::vector<std::string> down;  ///< Servers that are marked so: none of `servers`.
    std::vector<std::string> servers;
    std::vector<std::string> server_places;  ///< Of each server: "nginx.conf:5".
    int keepalive = 0;                       ///< Connections that are kept; 0: none are.
};

struct NginxFact {
    std::string service;  ///< Empty: found as a process.
    std::string config;
    std::string error_log;
    std::string problem;  ///< What keeps nginx from reading it: "…, expected ;".
    std::string problem_where;
    std::vector<NginxServerFact> servers;
    std::vector<NginxUpstreamFact> upstreams;
    std::string directory;  ///< Where it was started.
    std::string prefix;     ///< What relative paths in its configuration begin at.
    std::string user;       ///< Of its workers, as configured; empty: not said.
    /// Of files of which there are none: "include conf.d/*.conf (nginx.conf:12)".
    std::vector<std::string> empty_includes;
};

/// What is at a path that a proxy's configuration or log names.
struct PathFact {
    std::string path;
    std::string kind;  ///< "file", "directory", "socket", "other"; empty: there is nothing.
    std::string mode;  ///< "srwx------".
    std::string owner;
    std::string group;
};

/// An env file that a service names, or that lies where it works.
struct EnvFileFact {
    std::string service;
    std::string path;
    bool is_missing = false;
    bool is_declared = false;           ///< By the profile.
    bool has_carriage_returns = false;  ///< Windows line ends.
    double changed_seconds = -1;        ///< Ago; -1: unknown.
    std::vector<std::string> names;
    std::string example;  ///< "api/.env.example": a file that says what should be in it.
    std::vector<std::string> example_names;
};

/// What a service's command starts.
struct ProgramFact {
    std::string service;
    std::string word;  ///< As in the command.
    std::string path;  ///< What it is found as.
    /// "", "not found", "not executable", "no such interpreter", "crlf", "is a directory",
    /// "cannot run here" (another machine's), "noexec mount", "dangling link" (to `interpreter`).
    std::string problem;
    std::string mode;  ///< "0644".
    std::string owner;
    std::string interpreter;  ///< Of its first line.
    std::string nearest;      ///< A program or file with a similar name.
};

/// The directory a service works in.
struct FolderFact {
    std::string service;
    std::string path;
    bool is_missing = false;
    std::string nearest;  ///< A directory beside it with a similar name.
    bool has_package_json = false;
    bool is_module_package = false;  ///< "type": "module".
    bool has_node_modules = false;
    std::string lock_file;                   ///< "package-lock.json".
    bool is_lock_newer = false;              ///< Than what is installed.
    std::vector<std::string> not_installed;  ///< Direct dependencies that are absent.
    /// Of these those that are packages of the same workspace, with where they are: "@shop/shared
    /// (packages/shared)"; and the workspace's root.
    std::vector<std::string> not_linked;
    std::string workspace;
    std::string node_wanted;      ///< The versions of Node.js that it names: ">=22".
    std::string node_wanted_in;   ///< "package.json", ".nvmrc".
    std::string requirements;     ///< "requirements.txt", "pyproject.toml".
    std::string virtualenv;       ///< "venv", ".venv".
    std::string migrations;       ///< "migrations", "prisma/migrations".
    std::string migrate_command;  ///< "npm run migrate".
    std::string install_command;  ///< "npm install".
    std::string build_directory;  ///< "dist", where the command runs what was built; else empty.
    std::string newer_source;     ///< A source newer than all of it: "src/orders.ts", "main.go:5".
};

/// A module of a Python program's own, as its command may name it.
struct ModuleFact {
    std::string service;
    std::string name;                ///< "app.main".
    std::vector<std::string> names;  ///< That it defines at its top level.
};

/// A file that says that somebody is at work already.
struct ClaimFact {
    std::string path;
    /// "lock" (flock, fcntl), "pid file", "database lock" (of SQLite), "unix socket" (that nobody
    /// listens on, and that the waiter may have wanted), "inotify instances" (`path` is how many).
    std::string kind;
    int pid = 0;  ///< Who holds the lock, or whom the file names.
    bool is_alive = false;
    std::string command;  ///< Of that process.
    std::string service;  ///< To which it belongs; empty: none of this project's.
    int waiter = 0;       ///< Who waits for the lock; 0: nobody.
    std::string waiter_service;
};

/// What Node.js has written of itself: a diagnostic report.
struct ReportFact {
    std::string service;
    std::string file;
    int pid = 0;
    std::string time;
    std::string trigger;              ///< "Signal", "FatalError", "Exception", "API".
    std::string message;              ///< Of the error, if there is one.
    std::vector<std::string> frames;  ///< "checkout (api.js:12)", innermost first.
    std::uint64_t heap_used_bytes = 0;
    std::uint64_t heap_limit_bytes = 0;
};

/// What the kernel has logged (dmesg(1)) of a process, or of what all of them share.
struct KernelFact {
    std::string time;
    double age_seconds = 0;
    /// "out of memory", "memory limit" (of a cgroup), "fault", "denied" (AppArmor, SELinux),
    /// "connections dropped", "disk error", "file server silent".
    std::string kind;
    int pid = 0;          ///< Of the thread; 0: of none, or its number here is another one.
    std::string program;  ///< The first 15 bytes of its name, as in proc(5).
    std::uint64_t resident_bytes = 0;
    int port = 0;
    std::string detail;  ///< "segfault at 8", what was denied, which disk or server.
    std::string text;    ///< The line.
};

struct DiskFact {
    std::string path;  ///< That is written to.
    std::uint64_t size_bytes = 0;
    std::uint64_t free_bytes = 0;
    std::uint64_t inodes = 0;
    std::uint64_t free_inodes = 0;
    std::vector<std::string> services;
};

struct MachineFact {
    std::uint64_t memory_bytes = 0;
    std::uint64_t available_bytes = 0;
    int cores = 0;
    double load = 0;
    std::uint64_t watches_max = 0;  ///< fs.inotify.max_user_watches.
    std::uint64_t watches_used = 0;
    std::uint64_t instances_max = 0;
    int first_unprivileged_port = 0;
    std::string user;
    bool is_root = false;
};

/// What a line in a log means, by the profile.
struct KnowledgeFact {
    std::string name;
    std::string pattern;
    std::string meaning;
    std::string look;
    std::string fix;
    std::vector<std::string> services;
    bool when_well = false;
};

/// A mistake in the profile.
struct ProfileProblemFact {
    std::string code;
    std::string message;
    std::string where;
    std::string hint;
};

struct SubjectFact {
    std::string kind;  ///< "", "service", "url", "port".
    std::string text;
    int port = 0;
};

struct Facts {
    std::string time;
    SubjectFact subject;
    std::string project;
    std::string project_dir;
    std::string profile;
    std::string daemon;  ///< "none", "running", "silent", "dead": its keeper lives.
    std::string daemon_problem;
    double seconds = 0;  ///< That the collection took.
    std::vector<ProfileProblemFact> profile_problems;
    std::vector<KnowledgeFact> knowledge;
    std::vector<ServiceFact> services;
    std::vector<CrashFact> crashes;
    std::vector<LogFact> logs;
    std::vector<ProcessFact> processes;
    std::vector<ThreadFact> threads;
    std::vector<GoroutineFact> goroutines;
    std::vector<PeerFact> peers;
    std::vector<SourceFact> sources;
    std::vector<MentionFact> mentions;
    std::vector<FileFact> files;
    std::vector<ListenerFact> listeners;
    std::vector<ConnectionFact> connections;
    std::vector<OutgoingFact> outgoing;
    std::vector<ReferenceFact> references;
    std::vector<DialFact> dials;
    std::vector<NginxFact> nginx;
    std::vector<ProxyRouteFact> proxy_routes;
    std::vector<ProxyRuleFact> proxy_rules;
    std::vector<HostEntryFact> host_entries;
    std::vector<NameServerFact> name_servers;
    std::vector<ClockFact> clocks;
    std::vector<PathFact> paths;
    std::vector<EnvFileFact> env_files;
    std::vector<ProgramFact> programs;
    std::vector<FolderFact> folders;
    std::vector<ModuleFact> modules;
    std::vector<MiddlewareFact> middleware;
    std::vector<ClaimFact> claims;
    std::vector<ReportFact> reports;
    std::vector<DiskFact> disks;
    std::vector<TaskLimitFact> task_limits;
    std::vector<KernelFact> kernel;  ///< Of the last hour, oldest first.
    MachineFact machine;
    std::vector<std::string> unseen;  ///< What could not be looked at, and why.
};

}  // namespace devstack::core::doctor
