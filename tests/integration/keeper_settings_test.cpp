// What the keeper's children change of themselves before exec, seen from outside and by themselves.
// Most of it needs root.

#include "devstack/platform/procfs.hpp"

#include "keeper_world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;
using platform::SpawnIdentity;
using platform::SpawnRequest;
using platform::SpawnTerminal;

namespace {

constexpr std::uint32_t nobody = 65534;
constexpr unsigned net_bind_service = 10;
constexpr unsigned net_raw = 13;

bool is_root() {
    if (::geteuid() == 0) return true;
    WARN("only root can try this");
    return false;
}

std::uint64_t bit(unsigned number) {
    return std::uint64_t{1} << number;
}

/// A child of the first kind runs in the keeper's memory until exec, one of the second is forked.
enum class Way { shared, forked };

SpawnRequest request_on(Way way, std::vector<std::string> argv) {
    SpawnRequest request = request_for(std::move(argv));
    if (way == Way::forked) request.environment.push_back("LONG=" + std::string(40'000, 'x'));
    return request;
}

std::string read_proc(int pid, const std::string& name) {
    std::ifstream stream{"/proc/" + std::to_string(pid) + "/" + name, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

/// "Uid: 0 0 0 0" as "0 0 0 0", of a file in /proc.
std::string field_of(const std::string& text, const std::string& name) {
    const auto at = text.find("\n" + name);
    if (at == std::string::npos) return "no " + name;
    const auto from = at + 1 + name.size();
    std::string value;
    for (const char character : text.substr(from, text.find('\n', from) - from)) {
        const bool is_blank = character == ' ' || character == '\t';
        if (!is_blank) value += character;
        if (is_blank && !value.empty() && value.back() != ' ') value += ' ';
    }
    while (value.ends_with(' '))
        value.pop_back();
    return value;
}

/// A child that waits, so that it can be looked at; it ends with the object.
class Waiting {
public:
    Waiting(PlayedDaemon& daemon, SpawnRequest request) {
        daemon.link().spawn(1, "service#1", request);
        spawned_ = daemon.next_as<KeeperSpawned>();
    }
    ~Waiting() { ::kill(spawned_.pid, SIGKILL); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    int pid() const { return spawned_.pid; }
    const KeeperSpawned& spawned() const { return spawned_; }
    std::string status(const std::string& field) const {
        return field_of(read_proc(pid(), "status"), field);
    }

private:
    KeeperSpawned spawned_;
};

/// The capabilities that /proc shows, in the order of their sets in a status file.
struct Capabilities {
    std::uint64_t inheritable = 0, permitted = 0, effective = 0, bounding = 0, ambient = 0;
    bool operator==(const Capabilities&) const = default;
};

Capabilities capabilities_of(const Waiting& child) {
    const auto set = [&](const char* field) {
        return std::stoull(child.status(field), nullptr, 16);
    };
    return {set("CapInh:"), set("CapPrm:"), set("CapEff:"), set("CapBnd:"), set("CapAmb:")};
}

}  // namespace

TEST_CASE("a child becomes a user with its groups, for good", "[integration][keeper]") {
    if (!is_root()) return;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_on(GENERATE(Way::shared, Way::forked), testchild({"wait"}));
    request.settings.identity = SpawnIdentity{"nobody", nobody, 4711, {1, 4711, 4712}};
    const Waiting child{daemon, request};
    // Real, effective, saved and file system ones.
    CHECK(child.status("Uid:") == "65534 65534 65534 65534");
    CHECK(child.status("Gid:") == "4711 4711 4711 4711");
    CHECK(child.status("Groups:") == "1 4711 4712");
    CHECK(capabilities_of(child).permitted == 0);
    CHECK(capabilities_of(child).effective == 0);
}

TEST_CASE("a child that is another user finds no way back to root", "[integration][keeper]") {
    if (!is_root()) return;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for(testchild({"become-root"}));
    CHECK(daemon.output_of(1, request) == "setresuid: done\nsetresgid: done\nsetgroups: done\n");
    request.settings.identity = SpawnIdentity{"nobody", nobody, nobody, {}};
    CHECK(daemon.output_of(2, request) ==
          "setresuid: Operation not permitted\nsetresgid: Operation not permitted\n"
          "setgroups: Operation not permitted\n");
}

TEST_CASE("a child that is another user can open its output by name", "[integration][keeper]") {
    if (!is_root()) return;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for({"sh", "-c", "echo by name > /dev/stdout"});
    request.settings.identity = SpawnIdentity{"nobody", nobody, nobody, {}};
    CHECK(daemon.output_of(1, request) == "by name\n");
    request.settings.terminal = SpawnTerminal{24, 80};
    CHECK(daemon.output_of(2, request) == "by name\n");
}

TEST_CASE("a child that is another user still dies with the keeper", "[integration][keeper]") {
    if (!is_root()) return;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for(testchild({"wait"}));
    request.settings.identity = SpawnIdentity{"nobody", nobody, nobody, {}};
    request.settings.capabilities = {{~std::uint64_t{}, bit(net_bind_service)}};
    request.parent_death_signal = SIGKILL;
    const Waiting child{daemon, request};
    ::kill(world.keeper(), SIGKILL);
    CHECK(world.wait_for_end() == -SIGKILL);
    CHECK(ends(child.spawned().pidfd));
    CHECK(std::holds_alternative<KeeperGone>(daemon.next()));
    daemon.exit(0);
}

TEST_CASE("a directory is entered by the right of the child's user", "[integration][keeper]") {
    if (!is_root()) return;
    std::string directory = "/tmp/keeper-test-XXXXXX";
    REQUIRE(::mkdtemp(directory.data()) != nullptr);  // For its owner alone.
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for({"true"});
    request.working_dir = directory;
    request.settings.identity = SpawnIdentity{"nobody", nobody, nobody, {}};
    CHECK(daemon.spawn_failure(1, request) == "working_dir EACCES");
    ::rmdir(directory.c_str());
}

TEST_CASE("a capability that there is not cannot be given", "[integration][keeper]") {
    if (!is_root()) return;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for({"true"});
    request.settings.capabilities = {{~std::uint64_t{}, bit(63)}};
    CHECK(daemon.spawn_failure(1, request) == "capabilities EINVAL");
}

TEST_CASE("capabilities are kept by who is not root, and no others", "[integration][keeper]") {
    if (!is_root()) return;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_on(GENERATE(Way::shared, Way::forked), testchild({"wait"}));
    request.settings.identity = SpawnIdentity{"nobody", nobody, nobody, {}};
    const std::uint64_t one = bit(net_bind_service);
    request.settings.capabilities = {{one, one}};
    const Waiting child{daemon, request};
    CHECK(capabilities_of(child) == Capabilities{one, one, one, one, one});
}

TEST_CASE("a dropped capability is out of reach even for root", "[integration][keeper]") {
    if (!is_root()) return;
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    Capabilities all;
    {
        const Waiting usual{daemon, request_for(testchild({"wait"}))};
        all = capabilities_of(usual);
    }
    daemon.link().forget(daemon.next_as<KeeperExited>().token);
    SpawnRequest request = request_for(testchild({"wait"}));
    request.settings.capabilities = {{~bit(net_raw), 0}};
    const Waiting child{daemon, request};
    const std::uint64_t rest = all.bounding & ~bit(net_raw);
    CHECK(all.bounding != rest);
    CHECK(capabilities_of(child) == Capabilities{0, rest, rest, rest, 0});
}

TEST_CASE("a child has the mask, the limits and the priority that it is given",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_on(GENERATE(Way::shared, Way::forked), testchild({"wait"}));
    request.settings.umask = 027;
    request.settings.nice = 7;
    request.settings.limits = {{RLIMIT_NOFILE, 100, 200}, {RLIMIT_CORE, 0, 0}};
    request.settings.no_new_privileges = true;
    const Waiting child{daemon, request};
    CHECK(child.status("Umask:") == "0027");
    CHECK(child.status("NoNewPrivs:") == "1");
    const std::string limits = read_proc(child.pid(), "limits");
    CHECK(field_of(limits, "Max open files") == "100 200 files");
    CHECK(field_of(limits, "Max core file size") == "0 0 bytes");
    CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(child.pid())) == 7);
    // The keeper has lent it its memory, and nothing else.
    CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(world.keeper())) ==
          ::getpriority(PRIO_PROCESS, 0));
    CHECK(field_of(read_proc(world.keeper(), "status"), "NoNewPrivs:") == "0");
    CHECK(field_of(read_proc(world.keeper(), "status"), "Umask:") != "0027");
}

TEST_CASE("a child's badness is its own, not the keeper's", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const std::string before = read_proc(world.keeper(), "oom_score_adj");
    SpawnRequest request = request_for(testchild({"wait"}));
    request.settings.oom_score_adj = 512;
    const Waiting child{daemon, request};
    CHECK(read_proc(child.pid(), "oom_score_adj") == "512\n");
    CHECK(read_proc(world.keeper(), "oom_score_adj") == before);
    CHECK(read_proc(daemon.pid(), "oom_score_adj") == before);
}

TEST_CASE("a change of user leaves the keeper as it is", "[integration][keeper]") {
    if (!is_root()) return;
    const auto owner_of = [](int pid) {
        struct stat found {};
        REQUIRE(::stat(("/proc/" + std::to_string(pid) + "/mem").c_str(), &found) == 0);
        return found.st_uid;
    };
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for(testchild({"wait"}));
    request.settings.identity = SpawnIdentity{"nobody", nobody, nobody, {}};
    const Waiting child{daemon, request};
    CHECK(owner_of(child.pid()) == nobody);
    CHECK(owner_of(world.keeper()) == 0);
    CHECK(field_of(read_proc(world.keeper(), "status"), "Uid:") == "0 0 0 0");
}

TEST_CASE("settings that the kernel refuses tell their stage", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for({"true"});
    request.settings.limits = {{RLIMIT_NOFILE, 200, 100}};
    CHECK(daemon.spawn_failure(1, request) == "limits EINVAL");
    request.settings = {};
    request.settings.oom_score_adj = 2000;
    CHECK(daemon.spawn_failure(1, request) == "oom_score EINVAL");
    request.settings = {};
    request.settings.identity = SpawnIdentity{"", 0, 0, std::vector<std::uint32_t>(70'000, 1)};
    CHECK(daemon.spawn_failure(1, request).starts_with("groups E"));
    request.settings.identity = SpawnIdentity{"", 0xffffffff, 0, {}};
    CHECK(daemon.spawn_failure(1, request).starts_with(is_root() ? "user E" : "groups E"));
}

// ---- Terminals and input ------------------------------------------------------------------------

TEST_CASE("a child in a terminal has it for input, outputs and control", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_on(
        GENERATE(Way::shared, Way::forked),
        {"sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size && tty > /dev/tty"});
    request.settings.terminal = SpawnTerminal{50, 132};
    const std::string output = daemon.output_of(1, request);
    CHECK(output.starts_with("50 132\n/dev/pts/"));
    CHECK(output.find('\r') == std::string::npos);
}

TEST_CASE("both outputs of a child in a terminal come in order, and to the last byte",
          "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    SpawnRequest request = request_for(
        testchild({"flood", "1000000", "then", "print-err", "between", "then", "print", "last"}));
    request.settings.terminal = SpawnTerminal{24, 80};
    daemon.link().spawn(1, "service#1", request);
    const auto child = daemon.next_as<KeeperSpawned>();
    CHECK(read_to_end(child.standard_error).empty());
    const std::string output = read_to_end(child.standard_output);
    CHECK(output.size() == 1'000'000 + std::string{"between\nlast\n"}.size());
    CHECK(output.ends_with("x\nbetween\nlast\n"));
    CHECK(text_of(daemon.next_as<KeeperExited>()) == "exited 1: code 0");
}

TEST_CASE("a terminal outlives the daemon", "[integration][keeper]") {
    KeeperWorld world;
    auto first = world.accept_greeted_daemon();
    SpawnRequest request = request_for(
        {"sh", "-c", "trap 'echo still here; exit 0' USR1; while :; do sleep 0.01; done"});
    request.settings.terminal = SpawnTerminal{24, 80};
    first.link().spawn(1, "service#1", request);
    const int pid = first.next_as<KeeperSpawned>().pid;
    ::kill(first.pid(), SIGKILL);
    auto second = world.accept_daemon();
    CHECK(second.greet().children == 1);
    auto child = second.next_as<KeeperChild>();
    CHECK(is_alive(pid));
    ::kill(pid, SIGUSR1);
    CHECK(read_to_end(child.child.standard_output) == "still here\n");
    CHECK(text_of(second.next_as<KeeperExited>()) == "exited 1: code 0");
}

TEST_CASE("an input that is held open never ends while the child lives", "[integration][keeper]") {
    KeeperWorld world;
    auto daemon = world.accept_greeted_daemon();
    const Way way = GENERATE(Way::shared, Way::forked);
    // With the usual one, /dev/null, it reads an end at once.
    SpawnRequest request = request_on(way, {"sh", "-c", "read line; echo ended"});
    CHECK(daemon.output_of(2, request) == "ended\n");
    request.argv = {"sh", "-c", "echo begun; read line; echo ended"};
    const bool has_terminal = GENERATE(true, false);
    if (has_terminal) request.settings.terminal = SpawnTerminal{24, 80};
    request.settings.holds_input_open = true;
    const Waiting child{daemon, request};
    CHECK(read_line(child.spawned().standard_output) == "begun");
    // It has come to wait in read(2), and stays there.
    CHECK(eventually([&] { return child.status("State:").starts_with("S"); }));
    ::kill(child.pid(), SIGKILL);
    CHECK(text_of(daemon.next_as<KeeperExited>()) == "exited 1: signal 9");
    CHECK(read_to_end(child.spawned().standard_output).empty());
}
