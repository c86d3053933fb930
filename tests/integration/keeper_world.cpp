#include "keeper_world.hpp"

#include "devstack/keeper/keeper.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/message_socket.hpp"
#include "devstack/platform/procfs.hpp"

#include "support/catch.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devstack::test {

using namespace daemon;
using platform::FileDescriptor;

namespace {

bool poll_one(int descriptor, short events) {
    pollfd polled{descriptor, events, 0};
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
    return ::poll(&polled, 1, static_cast<int>(wait.count())) == 1;
}

const char* name_of(platform::SpawnStage stage) {
    switch (stage) {
        case platform::SpawnStage::request: return "request";
        case platform::SpawnStage::pipes: return "pipes";
        case platform::SpawnStage::fork: return "fork";
        case platform::SpawnStage::session: return "session";
        case platform::SpawnStage::output: return "output";
        case platform::SpawnStage::working_dir: return "working_dir";
        case platform::SpawnStage::exec: return "exec";
        case platform::SpawnStage::terminal: return "terminal";
        case platform::SpawnStage::oom_score: return "oom_score";
        case platform::SpawnStage::limits: return "limits";
        case platform::SpawnStage::nice: return "nice";
        case platform::SpawnStage::capabilities: return "capabilities";
        case platform::SpawnStage::groups: return "groups";
        case platform::SpawnStage::user: return "user";
        case platform::SpawnStage::cgroup: return "cgroup";
    }
    return "nonsense";
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
    const TimePoint deadline = platform::now() + patience;
    while (!condition()) {
        if (platform::now() > deadline) return false;
        ::poll(nullptr, 0, 2);
    }
    return true;
}

// ---- PlayedDaemon
// --------------------------------------------------------------------------------

PlayedDaemon::PlayedDaemon(int pid,
                           KeeperLink link,
                           FileDescriptor report,
                           FileDescriptor lifeline,
                           FileDescriptor control)
    : pid_{pid},
      link_{std::move(link)},
      report_{std::move(report)},
      lifeline_{std::move(lifeline)},
      control_{std::move(control)} {}

KeeperWelcome PlayedDaemon::greet() {
    link_.say_hello();
    return next_as<KeeperWelcome>();
}

std::optional<KeeperMessage> PlayedDaemon::next_if_any() {
    link_.flush();
    auto received = link_.receive();
    if (!received) FAIL(received.error().message);
    return std::move(*received);
}

KeeperMessage PlayedDaemon::next() {
    for (;;) {
        if (auto message = next_if_any()) return std::move(*message);
        const short events = link_.wants_to_write() ? POLLIN | POLLOUT : POLLIN;
        if (!poll_one(link_.fd(), events)) FAIL("the keeper has said nothing");
    }
}

void PlayedDaemon::fail_because_of(const KeeperMessage& message) {
    FAIL("the keeper has said something else, alternative " << message.index());
    std::abort();
}

KeeperSpawned PlayedDaemon::spawn(std::uint64_t token,
                                  std::vector<std::string> argv,
                                  const std::string& label) {
    link_.spawn(token, label, request_for(std::move(argv)));
    auto spawned = next_as<KeeperSpawned>();
    REQUIRE(spawned.token == token);
    return spawned;
}

std::string PlayedDaemon::spawn_failure(std::uint64_t token,
                                        const platform::SpawnRequest& request) {
    link_.spawn(token, "service#1", request);
    const auto failed = next_as<KeeperSpawnFailed>();
    REQUIRE(failed.token == token);
    return std::string{name_of(failed.stage)} + " " + ::strerrorname_np(failed.error);
}

std::string PlayedDaemon::output_of(std::uint64_t token, const platform::SpawnRequest& request) {
    link_.spawn(token, "service#1", request);
    const auto spawned = next_as<KeeperSpawned>();
    const std::string output = read_to_end(spawned.standard_output);
    REQUIRE(next_as<KeeperExited>().token == token);
    link_.forget(token);
    return output;
}

void PlayedDaemon::exit(int code) {
    platform::send_message(control_.get(), &code, sizeof code);
}

void PlayedDaemon::close_channel() {
    exit(-1);
    link_ = KeeperLink{FileDescriptor{}};
}

bool PlayedDaemon::has_signal() {
    pollfd polled{control_.get(), POLLIN, 0};
    return ::poll(&polled, 1, 0) == 1;
}

int PlayedDaemon::next_signal() {
    REQUIRE(poll_one(control_.get(), POLLIN));
    int signal = 0;
    REQUIRE(::read(control_.get(), &signal, sizeof signal) == sizeof signal);
    return signal;
}

// ---- KeeperWorld
// ---------------------------------------------------------------------------------

KeeperWorld::KeeperWorld(const KeeperSetting& setting) {
    std::string pattern = "/tmp/keeper-test-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    socket_path_ = directory_ + "/daemons";
    listener_ = FileDescriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path_.c_str(), sizeof address.sun_path - 1);
    const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    REQUIRE(::bind(listener_.get(), any, sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    keeper_ = ::fork();
    if (keeper_ == 0) become_keeper(setting);
}

void KeeperWorld::become_keeper(const KeeperSetting& setting) const {
    setting.prepare();
    std::vector<std::string> words = setting.daemon_argv;
    if (words.empty()) words = {DEVSTACK_FAKE_DAEMON, socket_path_};
    std::vector<const char*> argv;
    for (const std::string& word : words)
        argv.push_back(word.c_str());
    argv.push_back(nullptr);
    keeper::KeeperOptions options;
    options.daemon_program = argv.front();
    options.daemon_argv = argv.data();
    options.report_fd = setting.report_fd;
    options.lifeline_fd = setting.lifeline_fd;
    ::_exit(keeper::run_keeper(options));
}

KeeperWorld::~KeeperWorld() {
    // A keeper's own way to take everything down begins with a Farewell, which not every test says.
    if (keeper_ > 0) {
        const platform::Procfs procfs;
        std::vector<int> parents{keeper_};
        const auto processes = platform::collect_processes(procfs);
        for (std::size_t i = 0; i < parents.size(); ++i) {
            for (const auto& process : processes) {
                if (process.parent == parents[i]) parents.push_back(process.pid);
            }
        }
        for (const int pid : parents)
            ::kill(pid, SIGKILL);
        ::waitpid(keeper_, nullptr, 0);
    }
    ::unlink(socket_path_.c_str());
    ::rmdir(directory_.c_str());
}

PlayedDaemon KeeperWorld::accept_daemon() {
    if (!poll_one(listener_.get(), POLLIN)) FAIL("the keeper has started no daemon");
    FileDescriptor control{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    REQUIRE(poll_one(control.get(), POLLIN));
    int pid = 0;
    auto message = platform::receive_message(control.get(), &pid, sizeof pid);
    REQUIRE(message.size == sizeof pid);
    return {pid,
            KeeperLink{std::move(message.descriptors[0])},
            std::move(message.descriptors[1]),
            std::move(message.descriptors[2]),
            std::move(control)};
}

PlayedDaemon KeeperWorld::accept_greeted_daemon() {
    PlayedDaemon daemon = accept_daemon();
    daemon.greet();
    return daemon;
}

int KeeperWorld::wait_for_end() {
    int status = 0;
    const bool has_ended =
        eventually([&] { return ::waitpid(keeper_, &status, WNOHANG) == keeper_; });
    if (!has_ended) FAIL("the keeper has not ended");
    keeper_ = -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::size_t KeeperWorld::count_children() const {
    const auto children = platform::collect_children(platform::Procfs{}, keeper_);
    REQUIRE(children);
    return children->size();
}

// ---- HangingProgram
// ------------------------------------------------------------------------------

HangingProgram::HangingProgram() {
    std::signal(SIGIO, SIG_IGN);  // Sent to us when somebody waits.
    platform::FileDescriptor file{::mkostemp(path_.data(), O_CLOEXEC)};
    REQUIRE(file.is_open());
    const std::string script = "#!/bin/sh\necho released\n";
    REQUIRE(::write(file.get(), script.data(), script.size()) ==
            static_cast<ssize_t>(script.size()));
    REQUIRE(::fchmod(file.get(), 0755) == 0);
    file.reset();
    lease_ = FileDescriptor{::open(path_.c_str(), O_RDONLY | O_CLOEXEC)};
    REQUIRE(::fcntl(lease_.get(), F_SETLEASE, F_WRLCK) == 0);
}

HangingProgram::~HangingProgram() {
    ::unlink(path_.c_str());
}

// ---- Small things
// --------------------------------------------------------------------------------

std::vector<std::string> testchild(std::initializer_list<std::string> words) {
    std::vector<std::string> argv{DEVSTACK_TESTCHILD};
    argv.insert(argv.end(), words);
    return argv;
}

platform::SpawnRequest request_for(std::vector<std::string> argv) {
    platform::SpawnRequest request;
    request.argv = std::move(argv);
    request.environment = {"PATH=/usr/bin:/bin"};
    request.working_dir = "/";
    return request;
}

std::string read_to_end(const FileDescriptor& descriptor) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        REQUIRE(poll_one(descriptor.get(), POLLIN));
        const ssize_t size = ::read(descriptor.get(), buffer.data(), buffer.size());
        // A terminal that nobody has open any more says EIO.
        if (size == 0 || (size < 0 && errno == EIO)) return text;
        REQUIRE(size > 0);
        text.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

std::string read_line(const FileDescriptor& descriptor) {
    std::string text;
    for (;;) {
        REQUIRE(poll_one(descriptor.get(), POLLIN));
        char character = '\0';
        if (::read(descriptor.get(), &character, 1) != 1 || character == '\n') return text;
        text += character;
    }
}

bool is_alive(int pid) {
    const auto process = platform::find_process(platform::Procfs{}, pid);
    return process && process->state != 'Z' && process->state != 'X';
}

bool ends(const FileDescriptor& pidfd) {
    return poll_one(pidfd.get(), POLLIN);
}

std::string text_of(const KeeperExited& exit) {
    return "exited " + std::to_string(exit.token) + ": " +
           (exit.signal != 0 ? "signal " + std::to_string(exit.signal)
                             : "code " + std::to_string(exit.code));
}

}  // namespace devstack::test
