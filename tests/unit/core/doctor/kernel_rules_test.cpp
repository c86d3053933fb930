// What the kernel logs of processes, disks and connections.

#include "devstack/core/doctor/kernel_log.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// As they were in the logs of real machines.
const std::string machine_kill =
    "Out of memory: Killed process 4711 (node) total-vm:1270716kB, anon-rss:471124kB, "
    "file-rss:1024kB, shmem-rss:0kB, UID:1000 pgtables:2392kB oom_score_adj:0";
const std::string limit_kill =
    "Memory cgroup out of memory: Killed process 5813 (leak) total-vm:59872kB, anon-rss:48768kB, "
    "file-rss:1536kB, shmem-rss:0kB, UID:0 pgtables:144kB oom_score_adj:0";
const std::string null_pointer =
    "avatars[32218]: segfault at 8 ip 0000557c71de3346 sp 00007fffcb870660 error 4 in "
    "avatars[1346,557c71de3000+1000] likely on CPU 1 (core 1, socket 0)";
const std::string selinux =
    R"(audit: type=1400 audit(1700000000.123:45): avc:  denied  { name_connect } for  pid=812 )"
    R"(comm="nginx" dest=3101 scontext=system_u:system_r:httpd_t:s0 )"
    R"(tcontext=system_u:object_r:unreserved_port_t:s0 tclass=tcp_socket permissive=0)";
const std::string apparmor =
    R"(audit: type=1400 audit(1700000000.5:9): apparmor="DENIED" operation="open" class="file" )"
    R"(profile="/usr/sbin/mysqld" name="/srv/data/ibdata1" pid=10 comm="node" )"
    R"(requested_mask="wr" denied_mask="wr" fsuid=112 ouid=112)";

KernelFact message_of(const std::string& text, const std::string& time = "18:37:03") {
    KernelFact fact = read_kernel_message(text).value_or(KernelFact{});
    fact.time = "2026-11-20T" + time + ".000Z";
    fact.age_seconds = 20;
    return fact;
}

void crash(World& world, int signal) {
    world.end("api", 0);
    world.service("api").exit_signal = signal;
    CrashFact fact;
    fact.service = "api";
    fact.pid = 4711;
    fact.time = "2026-11-20T18:37:04.100Z";
    fact.ended = signal == 9 ? "was killed by SIGKILL" : "was killed by SIGSEGV";
    fact.signal = signal;
    world.facts.crashes = {fact};
}

}  // namespace

TEST_CASE("a record of the kernel's log is read without its dictionary", "[unit][doctor]") {
    const auto record = read_kernel_record("6,339,5140900,-;NET: Registered\n SUBSYSTEM=net\n");
    REQUIRE(record);
    CHECK(record->microseconds == 5140900);
    CHECK(record->text == "NET: Registered");
    CHECK_FALSE(read_kernel_record("no record"));
    CHECK_FALSE(read_kernel_record("6,339;a text, with, commas"));
    CHECK_FALSE(read_kernel_record("6,339,when,-;text"));
}

TEST_CASE("messages of the kernel are told apart", "[unit][doctor]") {
    struct Case {
        std::string text, kind;
        int pid;
        std::string program, detail;
        int port;
    };
    const Case cases[] = {
        {machine_kill, "out of memory", 4711, "node", "", 0},
        {limit_kill, "memory limit", 5813, "leak", "", 0},
        {"Killed process 91 (tmux: server) total-vm:1kB, anon-rss:2kB",
         "out of memory",
         91,
         "tmux: server",
         "",
         0},
        {null_pointer, "fault", 32218, "avatars", "segfault at 8", 0},
        {"traps: tallyd[77] general protection fault ip:55 sp:7f error:0 in tallyd[5+1]",
         "fault",
         77,
         "tallyd",
         "general protection",
         0},
        {"traps: math[78] trap invalid opcode ip:40 sp:7f error:0 in math[4+1]",
         "fault",
         78,
         "math",
         "invalid opcode",
         0},
        {"api[9]: unhandled exception: DABT (lower EL), ESR 0x92000006, level 2 translation fault",
         "fault",
         9,
         "api",
         "DABT (lower EL)",
         0},
        {selinux, "denied", 812, "nginx", "name_connect port 3101, by SELinux", 3101},
        {apparmor,
         "denied",
         10,
         "node",
         "open /srv/data/ibdata1, by the AppArmor profile /usr/sbin/mysqld",
         0},
        {"TCP: request_sock_TCP: Possible SYN flooding on port 8000. Sending cookies.",
         "connections dropped",
         0,
         "",
         "",
         8000},
        {"TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:3101. Sending cookies.",
         "connections dropped",
         0,
         "",
         "",
         3101},
        {"nf_conntrack: nf_conntrack: table full, dropping packet",
         "connections dropped",
         0,
         "",
         "nf_conntrack",
         0},
        {"I/O error, dev sda, sector 2048 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 2",
         "disk error",
         0,
         "",
         "sda",
         0},
        {"EXT4-fs error (device nvme0n1p1): ext4_journal_check_start:83: Detected aborted journal",
         "disk error",
         0,
         "",
         "nvme0n1p1",
         0},
        {"nfs: server files.example not responding, still trying",
         "file server silent",
         0,
         "",
         "files.example",
         0},
    };
    for (const Case& it : cases) {
        INFO(it.text);
        const auto fact = read_kernel_message(it.text);
        REQUIRE(fact);
        CHECK(fact->kind == it.kind);
        CHECK(fact->pid == it.pid);
        CHECK(fact->program == it.program);
        CHECK(fact->detail == it.detail);
        CHECK(fact->port == it.port);
        CHECK(fact->text == it.text);
    }
    CHECK(read_kernel_message(limit_kill)->resident_bytes == 48768ULL * 1024);
    for (const char* text : {"EXT4-fs (vda): mounted filesystem with ordered data mode",
                             "eth0: renamed from veth1",
                             "audit: type=1400 apparmor=\"STATUS\" operation=\"profile_load\"",
                             "oom-kill:constraint=CONSTRAINT_MEMCG,task=leak,pid=5813,uid=0",
                             ""}) {
        INFO(text);
        CHECK_FALSE(read_kernel_message(text));
    }
}

TEST_CASE("whom the OOM killer has ended is told by the kernel's own words", "[unit][doctor]") {
    World world;
    crash(world, 9);
    world.facts.kernel = {message_of(machine_kill)};
    const auto findings = world.findings();
    CHECK(findings[0].what ==
          "api was killed (SIGKILL) by the kernel's OOM killer, because the machine had no memory "
          "left, at 460 MiB.");
    CHECK(findings[0].id == "killed-for-memory");
    CHECK(findings[0].confidence == Confidence::sure);
    CHECK(findings[0].evidence[1] == "kernel log 18:37:03: " + machine_kill);
    CHECK(findings[0].fix ==
          "look for what api keeps in memory, see who else uses it (ps -eo rss,pid,args --sort "
          "-rss | head), or add memory or swap");
}

TEST_CASE("a kill is only that of a service when the kernel says so", "[unit][doctor]") {
    World world;
    crash(world, 9);
    world.facts.kernel = {message_of(limit_kill)};  // Another process.
    CHECK(world.findings()[0].id != "killed-for-memory");
    world.facts.kernel[0].pid = 0;  // Another namespace's number: the time agrees.
    CHECK(world.findings()[0].what ==
          "api was killed (SIGKILL) by the kernel's OOM killer, which found the memory limit of "
          "its cgroup reached, at 47.6 MiB.");
    world.facts.kernel[0].time = "2026-11-20T18:36:03.000Z";
    CHECK(world.findings()[0].id != "killed-for-memory");
    crash(world, 11);
    world.facts.kernel[0].time = "2026-11-20T18:37:03.000Z";
    CHECK(world.said().find("memory") == std::string::npos);
}

TEST_CASE("the kernel says what a crashed program did", "[unit][doctor]") {
    World world;
    crash(world, 11);
    world.facts.kernel = {message_of(null_pointer)};
    CHECK(world.findings()[0].what ==
          "api (node api.js) was ended by SIGSEGV: it has crashed; it used a null pointer (address "
          "8).");
    world.facts.kernel = {message_of("node[1]: segfault at 7f3a00 ip 0 sp 0 error 4")};
    CHECK(world.findings()[0].what ==
          "api (node api.js) was ended by SIGSEGV: it has crashed; it used the address 0x7f3a00, "
          "where it has nothing.");
    // Two programs at the same time, none of them known to be this one.
    world.facts.kernel = {message_of("a[1]: segfault at 8 ip 0"),
                          message_of("b[2]: segfault at 8 ip 0")};
    CHECK(world.findings()[0].what == "api (node api.js) was ended by SIGSEGV: it has crashed.");
}

TEST_CASE("a worker that was killed for memory is told where its master says so",
          "[unit][doctor]") {
    World world;
    world.facts.kernel = {message_of(machine_kill)};
    CHECK(world.said().empty());  // Some node of this host.
    world.say("api", "Worker (pid:47110) was sent SIGKILL! Perhaps out of memory?");
    CHECK(world.said().empty());
    world.say("web", "[ERROR] Worker (pid:4711) was sent SIGKILL! Perhaps out of memory?");
    CHECK(world.findings()[0].what ==
          "A process of web (node) was killed by the kernel's OOM killer, because the machine had "
          "no memory left, at 460 MiB: what it was working on got no answer.");
    CHECK(world.findings()[0].confidence == Confidence::sure);
    world.facts.kernel[0].age_seconds = 700;
    CHECK(world.said().empty());
}

TEST_CASE("a worker that another one has replaced since a kill was that of its service",
          "[unit][doctor]") {
    World world;
    world.facts.kernel = {message_of(machine_kill)};
    ProcessFact worker = world.facts.processes[0];
    worker.pid = 90;
    worker.age_seconds = 18.5;
    worker.command = "node worker.js";
    world.facts.processes.push_back(worker);
    REQUIRE(world.findings().size() == 1);
    CHECK(world.findings()[0].evidence[1] ==
          "node worker.js (pid 90) has been started 1.5 s later");
    world.facts.processes.back().age_seconds = 300;
    CHECK(world.said().empty());
}

TEST_CASE("a database that is not there may have been killed", "[unit][doctor]") {
    World world;
    world.say("api", "Cannot connect to database: connect ECONNREFUSED 127.0.0.1:5432");
    DialFact& dial = world.refer("api", "DATABASE_URL", "postgresql", 5432);
    dial = World::refused(dial);
    world.facts.kernel = {message_of("Out of memory: Killed process 81 (postgres) total-vm:1kB")};
    CHECK(world.findings()[0].what ==
          "PostgreSQL is not running: nothing listens on localhost:5432, where DATABASE_URL "
          "(api/.env:3) sends api; the kernel's OOM killer has ended a postgres, because the "
          "machine had no memory left.");
    world.facts.kernel = {message_of("Out of memory: Killed process 81 (chrome) total-vm:1kB")};
    CHECK(world.said().find("OOM") == std::string::npos);
}

TEST_CASE("what AppArmor or SELinux denies to a service in trouble is told", "[unit][doctor]") {
    World world;
    world.facts.kernel = {message_of(apparmor)};
    CHECK(world.said().empty());
    world.break_probe("api", 500);
    CHECK(world.findings()[0].what ==
          "The kernel has denied node of api: open /srv/data/ibdata1, by the AppArmor profile "
          "/usr/sbin/mysqld; owners and modes of files do not matter for that.");
    World proxied;
    proxied.facts.kernel = {message_of(selinux)};
    CHECK(proxied.findings()[0].what ==
          "The kernel has denied nginx: name_connect port 3101, by SELinux; owners and modes of "
          "files do not matter for that.");
    CHECK(proxied.findings()[0].fix == "setsebool -P httpd_can_network_connect on");
    proxied.facts.kernel[0].port = 9999;  // Nobody's here.
    CHECK(proxied.said().empty());
}

TEST_CASE("a table of connections that is full is everybody's trouble", "[unit][doctor]") {
    World world;
    world.facts.kernel = {message_of("nf_conntrack: nf_conntrack: table full, dropping packet")};
    CHECK(world.findings()[0].what ==
          "The kernel drops packets: its table of connections (nf_conntrack) is full, so that new "
          "connections time out although the servers listen.");
    world.facts.kernel = {message_of("TCP: Possible SYN flooding on port 3101. Sending cookies.")};
    CHECK(world.said().empty());  // Once, long ago perhaps.
    world.break_probe("api", 500);
    CHECK(world.findings()[0].evidence.back() ==
          "kernel log 18:37:03: TCP: Possible SYN flooding on port 3101. Sending cookies.");
}

TEST_CASE("a disk that fails is told where a service has met it", "[unit][doctor]") {
    World world;
    world.facts.kernel = {message_of("I/O error, dev sda, sector 2048 op 0x1:(WRITE)")};
    CHECK(world.said().empty());
    world.say("api", "Error: EIO: i/o error, write");
    CHECK(world.findings()[0].what ==
          "The disk sda, which api works on, fails: the kernel reports errors of it.");
    World remote;
    remote.facts.kernel = {message_of("nfs: server files.example not responding, still trying")};
    CHECK(remote.said().empty());
    remote.facts.processes[0].state = "D";
    CHECK(remote.findings()[0].what ==
          "The file server files.example does not answer: api waits for a file on it and can not "
          "be ended.");
}
