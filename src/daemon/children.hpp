#pragma once

#include "devstack/core/api/ledger.hpp"
#include "devstack/core/supervisor/input.hpp"
#include "devstack/daemon/keeper_link.hpp"
#include "devstack/daemon/log_writer.hpp"
#include "devstack/daemon/probe_runner.hpp"
#include "devstack/daemon/survivors.hpp"

#include "daemon/cgroups.hpp"
#include "daemon/end_watch.hpp"
#include "daemon/orphans.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace devstack::daemon {

class CommandOutput;

/// All that the keeper has spawned for us: the runs of services and the commands of probes. Turns
/// what the keeper reports into facts, and what the core wants of a process into signals.
class Children final : public CommandLauncher {
public:
    struct Sink {
        std::function<void(core::Input)> fact;
        /// After each burst of reports: time to feed what has been collected.
        std::function<void()> burst_ended;
        /// The keeper has died: the ends of what it had started are still told, by a watch of our
        /// own, and nothing can be started any more.
        std::function<void()> keeper_gone;
        /// The keeper lives, and what it says can not be understood: nothing more will be told.
        std::function<void(const std::string& why)> keeper_lost;
        /// The keeper has become another program; or it could not, with an errno(3).
        std::function<void(int error)> keeper_upgraded;
    };

    Children(boost::asio::io_context& loop,
             platform::FileDescriptor channel,
             std::string project_dir,
             LogWriter& logs,
             const Cgroups& cgroups,
             Sink sink);
    ~Children() override;

    using FindService = std::function<std::optional<core::ServiceId>(const std::string& name)>;

    /// Greets the keeper and takes over what it has: runs that live, or whose end is told next (see
    /// `tell_what_was_found`). Waits for its answer.
    Result<std::vector<core::FoundRun>> begin(const FindService& find_service);
    /// Takes over what was born under a keeper that has died; the one that we have looks after it
    /// from now on.
    std::vector<core::FoundRun> take_over(std::vector<Orphan> orphans,
                                          const FindService& find_service);
    /// Of a run whose end an earlier daemon has seen: what is left of it is told.
    void expect_survivors(core::RunId run,
                          const std::string& service,
                          int group,
                          core::ExitStatus status);
    /// As facts: ends that nobody has seen so far, and survivors.
    void tell_what_was_found();
    /// The ends that have been told so far are written down: the keeper need not remember them.
    void forget_ended();

    /// Whether the keeper, which may be older than we are, can hold descriptors.
    bool can_hold() const;
    /// Of the protocol.
    std::uint32_t keeper_version() const { return keeper_version_; }
    /// It is to become this program, which is open.
    void upgrade(int program);
    /// Who was born since the last call, for the ledger.
    std::vector<core::api::LedgerProcess> take_born() { return std::exchange(born_, {}); }
    /// All whose leader lives.
    std::vector<core::api::LedgerProcess> collect_processes() const;

    /// Those that an earlier daemon has given it.
    std::vector<KeeperHeld> take_held() { return std::exchange(held_, {}); }
    void hold(std::uint64_t token, const std::string& label, int descriptor);
    void release(std::uint64_t token);

    /// The run's own process, or its prepare step.
    void spawn(core::RunId run, const std::string& service, platform::SpawnRequest request);
    void ask_to_stop(core::RunId run, int signal, bool is_strays_only);
    void force_kill(core::RunId run);
    void send_signal(core::RunId run, int signal);
    /// SIGQUIT to what writes where all its threads are on it: Java, which goes on, and Go, which
    /// ends.
    void ask_for_dump(core::RunId run);

    std::uint64_t launch(platform::SpawnRequest request,
                         std::function<void(Ended)> on_end,
                         std::size_t output_max) override;
    void cancel(std::uint64_t ticket) override;

    /// Runs whose leader lives, for whoever has to tell their processes from strangers.
    std::vector<RunMark> living() const;
    ProjectMark project() const;
    /// The keeper has heard it when `has_unsent` is false.
    void say_farewell();
    bool has_unsent() const { return link_.wants_to_write(); }

private:
    struct Child {
        enum class Owed { nothing, exit, survivors };

        core::RunId run;
        std::string service;
        platform::SpawnRequest request;  ///< Kept until it lives, to explain a failure.
        int pid = 0;
        /// Of its own process: with these no other one is ever taken for it.
        platform::FileDescriptor pidfd;
        core::api::LedgerProcess identity;
        /// Nobody above us waits for it: its end is seen by the pidfd.
        bool is_orphan = false;
        /// Its group was there to hear that it should stop.
        bool has_group_heard = false;
        std::optional<core::ExitStatus> status;
        core::ExitUsage usage;  ///< Once it has ended.
        std::string cause;      ///< The same, see core::Exited::cause.
        std::string cgroup;     ///< Its directory; empty: it has none.
        std::vector<LivingProcess> survivors;
        Owed owed = Owed::nothing;  ///< A fact, with the next look at survivors.
    };
    struct Command {
        std::function<void(Ended)> on_end;  ///< Empty when it was cancelled.
        std::string program;
        std::shared_ptr<CommandOutput> output;
        int pid = 0;
        std::size_t output_max = 0;
        platform::FileDescriptor pidfd;
    };

    void wait_for_reports();
    void wait_for_room();
    void read_reports();
    Result<std::vector<KeeperChild>> receive_children();
    void adopt(core::RunId run, const std::string& service, KeeperChild found);
    void capture(const Child& child, KeeperSpawned& spawned);
    static void add_hidden(const Child& child, std::vector<LivingProcess>& survivors);
    void on(KeeperWelcome message);
    void on(KeeperChild message);
    void on(KeeperSpawned message);
    void on(KeeperSpawnFailed message);
    void on(KeeperExited message);
    void on(KeeperHeld message);
    void on(KeeperUpgraded message);
    void on(KeeperStrayReaped message);
    void on(KeeperGone message);
    void identify(Child& child, KeeperSpawned& spawned);
    void watch_end(std::uint64_t token, const Child& child);
    void watch_survivors(const Child& child);
    void ended_unseen(std::uint64_t token);
    static bool has_leader(const Child& child);
    void command_ended(std::uint64_t token, Ended ended);
    void look_for_survivors();
    static std::uint64_t token_of(core::RunId run);
    static bool holds_group(const Child& child);
    std::vector<LivingProcess> collect_family(const Child& child) const;
    Child* find(core::RunId run);
    RunMark mark(const Child& child) const;

    boost::asio::io_context& loop_;
    KeeperLink link_;
    boost::asio::posix::stream_descriptor channel_;
    bool is_waiting_for_room_ = false;
    std::string project_dir_;
    LogWriter& logs_;
    const Cgroups& cgroups_;
    Sink sink_;
    int keeper_pid_ = 0;
    bool is_keeper_gone_ = false;
    EndWatch ends_;
    std::vector<core::api::LedgerProcess> born_;
    std::uint32_t keeper_version_ = 0;
    std::vector<KeeperHeld> held_;
    bool must_look_for_survivors_ = false;
    std::uint64_t next_command_ = 0;
    std::map<std::uint64_t, Child> children_;  ///< By token; until nothing of the run is left.
    std::map<std::uint64_t, Command> commands_;
    std::vector<std::uint64_t> to_forget_;
    std::vector<KeeperMessage> early_;  ///< Told before it could be understood.
};

}  // namespace devstack::daemon
