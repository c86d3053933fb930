// The keeper: one loop, two tables, eight messages. It decides nothing about services; it starts
// what the daemon asks for, keeps what must outlive the daemon (children, pidfds, the read ends of
// their output, descriptors that it is given to hold), tells what becomes of them, and starts the
// daemon again when it dies.
//
//            signalfd ──► reap ─────────┐
//      error pipes ──► settle ──────────┼──► ChildTable ──► Outbox ──► channel
//         channel ──► handle request ───┘
//
// A request is read only when everything has been said: that bounds what can wait to be said, and
// a daemon that never reads holds up nobody but itself.

#include "devstack/keeper/keeper.hpp"

#include "devstack/platform/clock.hpp"
#include "devstack/platform/idle_memory.hpp"

#include "births.hpp"
#include "child_table.hpp"
#include "daemon_process.hpp"
#include "handover.hpp"
#include "holds.hpp"
#include "kill_descendants.hpp"
#include "outbox.hpp"
#include "request.hpp"
#include "watcher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devstack::keeper {

namespace protocol = platform::keeper_protocol;
using platform::FileDescriptor;
using platform::ReceivedMessage;
using platform::SpawnStage;

namespace {

constexpr int exit_system_error = 71;   // EX_OSERR of sysexits.h.
constexpr int exit_daemon_broken = 70;  // EX_SOFTWARE.
constexpr Duration resource_wait = std::chrono::milliseconds{50};
/// That were told to end everything, and died instead of doing it: then the keeper does it.
constexpr int failed_ends_max = 3;
/// For a child that is about to exec when the keeper is to become another program.
constexpr int birth_wait_ms = 1000;
/// Of the keeper's own command line.
constexpr std::size_t keeper_words_max = 8;
/// Requests taken before signals and error pipes get their turn.
constexpr int requests_a_turn = 16;
/// What epoll tells us an event is about, besides the slots of children.
constexpr std::uint64_t about_signals = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t about_channel = about_signals - 1;

int exit_code_of(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// A child that was born under another keeper.
bool has_ended_elsewhere(const Child& child) {
    pollfd it{child.adopted_pidfd.get(), POLLIN, 0};
    return child.adopted_pidfd.is_open() && ::poll(&it, 1, 0) > 0;
}

std::int64_t microseconds_of(const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

class Keeper {
public:
    explicit Keeper(const KeeperOptions& options)
        : options_{options}, outbox_{table_, holds_}, births_{table_, outbox_, watcher_} {}

    int run();

private:
    bool set_up();
    bool take_over();
    int wait_timeout() const;
    void serve_events();
    void take_turns_of_time();

    void start_daemon_now();
    void on_daemon_end(int wait_status);
    void forward(int signal);

    void on_channel(std::uint32_t events);
    void watch_channel();
    bool take_request();
    void handle(const Request& request, ReceivedMessage& message);
    void greet();
    void spawn(const Request& request, const ReceivedMessage& message);
    void hold(const Request& request, ReceivedMessage& message);
    void forget(std::uint64_t token);
    void adopt(const Request& request, ReceivedMessage& message);
    int become(int program);
    bool has_births();

    void on_signals();
    void reap_all();
    void on_exit(Child& child, int wait_status, const rusage& usage);
    void on_end_elsewhere(Child& child);

    const KeeperOptions& options_;
    OriginalState original_;
    Watcher watcher_;
    FileDescriptor signals_;
    ChildTable table_;
    Holds holds_;
    Outbox outbox_;
    Births births_;
    DaemonProcess daemon_;
    Backoff backoff_;
    TimePoint restart_at_{};
    bool has_ever_been_greeted_ = false;
    bool has_farewell_ = false;
    int undelivered_signal_ = 0;
    int end_signal_ = 0;  ///< The last that told us to end.
    int failed_ends_ = 0;
    std::uint32_t watched_events_ = 0;
    std::optional<int> exit_code_;
    alignas(protocol::Spawn) std::array<char, request_size_max> buffer_;
};

// ---- The loop --------------------------------------------------------------------------------

int Keeper::run() {
    if (!set_up()) {
        ::dprintf(STDERR_FILENO, "devstack: cannot start the keeper: %s\n", std::strerror(errno));
        return exit_system_error;
    }
    if (options_.handover_fd < 0) start_daemon_now();
    if (daemon_.pid == 0 && !has_ever_been_greeted_) {
        ::dprintf(STDERR_FILENO, "devstack: cannot start the daemon: %s\n", std::strerror(errno));
        return exit_system_error;
    }
    while (!exit_code_) {
        serve_events();
        take_turns_of_time();
    }
    kill_descendants();
    return *exit_code_;
}

bool Keeper::set_up() {
    const bool is_successor = options_.handover_fd >= 0;
    if (!is_successor && !become_keeper(original_, options_.report_fd, options_.lifeline_fd)) {
        return false;
    }
    if (!table_.reserve() || !births_.reserve() || !holds_.reserve()) return false;
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP})
        ::sigaddset(&wanted, signal);
    signals_ = FileDescriptor{::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)};
    const bool is_watching =
        signals_.is_open() && watcher_.open() && watcher_.add(signals_.get(), about_signals);
    return is_watching && (!is_successor || take_over());
}

int Keeper::wait_timeout() const {
    Duration wait = Duration::max();
    if (daemon_.pid == 0) wait = std::max(Duration::zero(), restart_at_ - platform::now());
    if (outbox_.waits_for_time()) wait = std::min(wait, resource_wait);
    if (wait == Duration::max()) return -1;
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
}

void Keeper::serve_events() {
    const auto events = watcher_.wait(wait_timeout());
    // Children first: what they have left free, the next request can use.
    for (const epoll_event& event : events) {
        // The slot may have a new child since: then its pipe is looked at once too often.
        if (event.data.u64 >= about_channel) continue;
        Child& child = table_.at(event.data.u64);
        births_.settle(child);
        if (has_ended_elsewhere(child)) on_end_elsewhere(child);
    }
    for (const epoll_event& event : events) {
        if (exit_code_) return;
        if (event.data.u64 == about_signals) on_signals();
        if (event.data.u64 == about_channel) on_channel(event.events);
    }
}

void Keeper::take_turns_of_time() {
    if (exit_code_) return;
    if (outbox_.waits_for_time()) outbox_.send_waiting();
    if (daemon_.pid == 0 && platform::now() >= restart_at_) start_daemon_now();
    watch_channel();
}

// ---- The daemon ------------------------------------------------------------------------------

void Keeper::start_daemon_now() {
    daemon_ = start_daemon(options_, original_);
    if (daemon_.pid == 0) {
        restart_at_ = platform::now() + backoff_.next_delay(Duration::zero());
        return;
    }
    watched_events_ = EPOLLIN;
    if (!watcher_.add(daemon_.channel.get(), about_channel, watched_events_)) {
        ::kill(daemon_.pid, SIGKILL);  // Tried again when it has been reaped.
    }
}

void Keeper::on_daemon_end(int wait_status) {
    daemon_.pid = 0;  // It was reaped: whose the number is now, nobody knows.
    // Its last words, a Farewell perhaps.
    while (take_request()) {
    }
    outbox_.set_channel(-1);
    const bool was_greeted = daemon_.has_greeted;
    const Duration lifetime = platform::now() - daemon_.started;
    watcher_.close(daemon_.channel);
    daemon_ = {};
    if (has_farewell_ || !has_ever_been_greeted_) {
        exit_code_ = exit_code_of(wait_status);
    } else if (end_signal_ != 0 && (!was_greeted || ++failed_ends_ == failed_ends_max)) {
        exit_code_ = exit_daemon_broken;
    } else {
        // Whoever has told us to end waits for it.
        if (end_signal_ != 0) undelivered_signal_ = end_signal_;
        const Duration delay = end_signal_ != 0 ? Duration::zero() : backoff_.next_delay(lifetime);
        restart_at_ = platform::now() + delay;
        const bool is_killed = WIFSIGNALED(wait_status);
        ::dprintf(
            STDERR_FILENO,
            "devstack: the daemon ended (%s %d); the services run on, and it is started again "
            "in %lld ms\n",
            is_killed ? "signal" : "exit code",
            is_killed ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status),
            static_cast<long long>(
                std::chrono::duration_cast<std::chrono::milliseconds>(delay).count()));
    }
}

/// A daemon that is being started again would die of the signal before it can obey; it gets it when
/// it has said Hello.
void Keeper::forward(int signal) {
    if (signal != SIGHUP) end_signal_ = signal;
    const bool can_obey = daemon_.pid != 0 && (daemon_.has_greeted || !has_ever_been_greeted_);
    if (can_obey) {
        ::kill(daemon_.pid, signal);
    } else {
        undelivered_signal_ = end_signal_ != 0 ? end_signal_ : signal;
        if (daemon_.pid == 0) restart_at_ = platform::now();
    }
}

// ---- What the daemon says --------------------------------------------------------------------

void Keeper::on_channel(std::uint32_t events) {
    if (!daemon_.channel.is_open()) return;
    if (!outbox_.is_empty()) outbox_.send_waiting();
    for (int taken = 0; taken < requests_a_turn; ++taken) {
        if (!outbox_.is_empty()) return;
        if (take_request()) continue;
        const bool is_closed = (events & (EPOLLHUP | EPOLLRDHUP)) != 0;
        if (!is_closed) return;
        // Without its channel a daemon is no use, unless it has said that it is about to end.
        watcher_.close(daemon_.channel);
        outbox_.set_channel(-1);
        if (!has_farewell_) ::kill(daemon_.pid, SIGKILL);
        return;
    }
}

void Keeper::watch_channel() {
    if (!daemon_.channel.is_open()) return;
    std::uint32_t wanted = EPOLLIN;
    if (outbox_.waits_for_room()) wanted = EPOLLOUT;
    if (outbox_.waits_for_time()) wanted = 0;
    if (wanted == watched_events_) return;
    watched_events_ = wanted;
    watcher_.change(daemon_.channel.get(), about_channel, wanted);
}

/// False when there was none. Nonsense counts as a request that asks for nothing.
bool Keeper::take_request() {
    if (!daemon_.channel.is_open()) return false;
    ReceivedMessage message =
        platform::receive_message(daemon_.channel.get(), buffer_.data(), buffer_.size());
    if (message.outcome != ReceivedMessage::Outcome::message) return false;
    if (message.is_cut) return true;
    if (const auto request = read_request(buffer_.data(), message.size)) handle(*request, message);
    return true;
}

void Keeper::handle(const Request& request, ReceivedMessage& message) {
    if (request.kind == protocol::Kind::farewell) has_farewell_ = true;
    if (!daemon_.has_greeted) {
        if (request.kind == protocol::Kind::hello) greet();
        return;
    }
    if (request.kind == protocol::Kind::spawn) spawn(request, message);
    if (request.kind == protocol::Kind::forget) forget(request.token);
    if (request.kind == protocol::Kind::hold) hold(request, message);
    if (request.kind == protocol::Kind::adopt) adopt(request, message);
    if (request.kind == protocol::Kind::upgrade) {
        outbox_.tell_upgraded(become(message.descriptors[0].get()));
    }
    if (request.kind == protocol::Kind::release) holds_.release(request.token);
}

void Keeper::greet() {
    for (std::size_t slot = 0; slot < table_.slots_end(); ++slot) {
        Child& child = table_.at(slot);
        births_.settle(child);
        const bool is_lost =
            child.state == Child::State::starting || child.state == Child::State::failing;
        if (!is_lost || child.token == 0) continue;
        // Between fork and exec since the last daemon died, and who knows for how long. What this
        // daemon is told has to be complete, so this one has never been.
        ::kill(child.pid, SIGKILL);
        child.state = Child::State::failing;
        watcher_.close(child.error_pipe);
        table_.drop_token(child);
    }
    if (!has_ever_been_greeted_) platform::release_idle_memory();
    daemon_.has_greeted = has_ever_been_greeted_ = true;
    // What became known until here is told by Welcome; from here on there are news.
    outbox_.set_channel(daemon_.channel.get());
    outbox_.tell_welcome();
    const int signal = std::exchange(undelivered_signal_, 0);
    if (signal != 0) forward(signal);
}

void Keeper::spawn(const Request& request, const ReceivedMessage& message) {
    const std::size_t first_passed = request.is_block_in_memfd ? 1 : 0;
    const std::size_t expected = first_passed + request.descriptor_count;
    const bool has_lost_some = expected > 0 && !message.descriptors.at(expected - 1).is_open();
    if (has_lost_some) return outbox_.tell_refusal(request.token, SpawnStage::pipes, EMFILE);
    if (table_.find_by_token(request.token) != nullptr) {
        return outbox_.tell_refusal(request.token, SpawnStage::request, EEXIST);
    }
    if (table_.is_full()) return outbox_.tell_refusal(request.token, SpawnStage::fork, EAGAIN);

    const int memfd = request.is_block_in_memfd ? message.descriptors[0].get() : -1;
    PassedDescriptors passed;
    for (; passed.count < request.descriptor_count; ++passed.count)
        passed.numbers.at(passed.count) = message.descriptors.at(first_passed + passed.count).get();
    births_.start(original_, request, {request.block, request.block_size, memfd}, passed);
}

void Keeper::hold(const Request& request, ReceivedMessage& message) {
    if (!message.descriptors[0].is_open()) return;
    holds_.add(request.token, request.label, std::move(message.descriptors[0]));
}

/// Who is told of its end is as with our own children.
void Keeper::adopt(const Request& request, ReceivedMessage& message) {
    auto& descriptors = message.descriptors;
    if (!descriptors[2].is_open()) return;  // They come in a row: then one is missing.
    if (table_.find_by_token(request.token) != nullptr || table_.is_full()) return;
    Child& child = *table_.add(request.token, request.pid);
    child.state = Child::State::running;
    child.label = request.label;
    child.adopted_pidfd = std::move(descriptors[0]);
    child.standard_output = std::move(descriptors[1]);
    child.standard_error = std::move(descriptors[2]);
    if (!watcher_.add(child.adopted_pidfd.get(), table_.slot_of(child))) on_end_elsewhere(child);
}

/// Only what is known can be forgotten.
void Keeper::forget(std::uint64_t token) {
    Child* child = token == 0 ? nullptr : table_.find_by_token(token);
    const bool is_known =
        child != nullptr && child->state == Child::State::exited && !child->has_news();
    if (is_known) table_.remove(*child);
}

// ---- Another program -------------------------------------------------------------------------

/// Returns only when that could not be done: errno(3), and nothing has changed.
int Keeper::become(int program) {
    if (has_births() || !outbox_.is_empty()) return EAGAIN;
    HandedOver known;
    known.original = original_;
    known.daemon_pid = daemon_.pid;
    known.channel = daemon_.channel.get();
    known.daemon_started_ns = daemon_.started.time_since_epoch().count();
    const FileDescriptor file = write_handover(known, table_, holds_);
    if (!file.is_open()) return errno;
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), "%d", file.get());
    std::array<const char*, keeper_words_max + 2> argv{};
    std::size_t count = 0;
    for (; count < keeper_words_max && options_.keeper_argv[count] != nullptr; ++count)
        argv.at(count) = options_.keeper_argv[count];
    argv.at(count) = number.data();
    const auto keep = [&](bool is_kept) {
        keep_over_exec(table_, holds_, is_kept);
        for (const int it :
             {file.get(), daemon_.channel.get(), options_.report_fd, options_.lifeline_fd})
            keep_over_exec(it, is_kept);
    };
    keep(true);
    ::execveat(program, "", const_cast<char* const*>(argv.data()), environ, AT_EMPTY_PATH);
    const int error = errno;
    keep(false);
    return error;
}

/// Waits a moment for those that are about to exec.
bool Keeper::has_births() {
    bool is_any = false;
    for (std::size_t slot = 0; slot < table_.slots_end(); ++slot) {
        Child& child = table_.at(slot);
        if (child.state == Child::State::starting) {
            pollfd it{child.error_pipe.get(), POLLIN, 0};
            ::poll(&it, 1, birth_wait_ms);
            births_.settle(child);
        }
        const bool is_born =
            child.state != Child::State::starting && child.state != Child::State::failing;
        is_any = is_any || !is_born;
    }
    return is_any;
}

/// Signals are blocked as they were, and those that came meanwhile are pending.
bool Keeper::take_over() {
    ::prctl(PR_SET_NAME, "devstack-keeper");
    FileDescriptor file{options_.handover_fd};
    HandedOver known;
    if (!read_handover(file.get(), known, table_, holds_)) return false;
    for (const int it : {options_.report_fd, options_.lifeline_fd})
        keep_over_exec(it, false);
    keep_over_exec(known.channel, false);
    original_ = known.original;
    daemon_.pid = known.daemon_pid;
    daemon_.channel = FileDescriptor{known.channel};
    daemon_.started = TimePoint{Duration{known.daemon_started_ns}};
    daemon_.has_greeted = has_ever_been_greeted_ = true;
    watched_events_ = EPOLLIN;
    if (!watcher_.add(daemon_.channel.get(), about_channel, watched_events_)) return false;
    for (std::size_t slot = 0; slot < table_.slots_end(); ++slot) {
        const Child& child = table_.at(slot);
        if (!child.adopted_pidfd.is_open()) continue;
        if (!watcher_.add(child.adopted_pidfd.get(), slot)) return false;
    }
    outbox_.set_channel(daemon_.channel.get());
    outbox_.tell_upgraded(0);
    platform::release_idle_memory();
    return true;
}

// ---- What becomes of children ----------------------------------------------------------------

void Keeper::on_signals() {
    std::array<signalfd_siginfo, 16> signals;
    const ssize_t size = ::read(signals_.get(), signals.data(), sizeof signals);
    if (size <= 0) return;
    reap_all();  // First, so that nothing is forwarded to a daemon that has just died.
    const auto count = static_cast<std::size_t>(size) / sizeof(signalfd_siginfo);
    for (std::size_t i = 0; i < count; ++i) {
        const int signal = static_cast<int>(signals.at(i).ssi_signo);
        if (signal != SIGCHLD) forward(signal);
    }
}

void Keeper::reap_all() {
    int status = 0;
    rusage usage{};
    pid_t pid = 0;
    while (!exit_code_ && (pid = ::wait4(-1, &status, WNOHANG, &usage)) > 0) {
        if (pid == daemon_.pid) {
            on_daemon_end(status);
        } else if (Child* child = table_.find_by_pid(pid)) {
            on_exit(*child, status, usage);
        } else {
            outbox_.tell_stray(pid);
        }
    }
}

void Keeper::on_exit(Child& child, int wait_status, const rusage& usage) {
    births_.settle(child);  // That it began comes before that it ended.
    child.spawn_memory.reset();
    table_.drop_pid(child);
    if (child.token == 0) return table_.remove(child);
    if (child.state == Child::State::failing) {
        child.state = Child::State::failed;
        return outbox_.tell_news(child);
    }
    child.state = Child::State::exited;
    child.exit.token = child.token;
    child.exit.pid = child.pid;
    child.exit.code = WIFSIGNALED(wait_status) ? 0 : WEXITSTATUS(wait_status);
    child.exit.signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    child.exit.dumped_core = WIFSIGNALED(wait_status) && WCOREDUMP(wait_status) ? 1 : 0;
    child.exit.user_time_us = microseconds_of(usage.ru_utime);
    child.exit.system_time_us = microseconds_of(usage.ru_stime);
    child.exit.peak_memory_kib = usage.ru_maxrss;
    // News of it that nobody has heard yet will say that it has ended.
    child.owes_exited = !child.owes_child;
    outbox_.tell_news(child);
}

void Keeper::on_end_elsewhere(Child& child) {
    watcher_.close(child.adopted_pidfd);
    table_.drop_pid(child);
    child.state = Child::State::exited;
    child.exit.token = child.token;
    child.exit.pid = child.pid;
    child.exit.code = protocol::exit_code_unknown;
    child.owes_exited = !child.owes_child;
    outbox_.tell_news(child);
}

}  // namespace

int run_keeper(const KeeperOptions& options) {
    return Keeper{options}.run();
}

}  // namespace devstack::keeper
