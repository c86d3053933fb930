#pragma once

#include "devstack/core/supervisor/supervisor.hpp"
#include "devstack/daemon/control_server.hpp"
#include "devstack/daemon/event_journal.hpp"
#include "devstack/daemon/listening_comparison.hpp"
#include "devstack/daemon/log_writer.hpp"
#include "devstack/daemon/port_freer.hpp"
#include "devstack/daemon/port_scanner.hpp"
#include "devstack/daemon/probe_runner.hpp"
#include "devstack/daemon/usage_sampler.hpp"
#include "devstack/platform/idle_memory.hpp"
#include "devstack/project/ledger_file.hpp"
#include "devstack/project/load_plan.hpp"
#include "devstack/project/project_paths.hpp"

#include "daemon/cgroups.hpp"
#include "daemon/children.hpp"
#include "daemon/control_api.hpp"
#include "daemon/crash_record.hpp"
#include "daemon/diagnoses.hpp"
#include "daemon/doctor_runner.hpp"
#include "daemon/file_watcher.hpp"
#include "daemon/held_descriptors.hpp"
#include "daemon/ledger.hpp"
#include "daemon/line_watch.hpp"
#include "daemon/log_compressor.hpp"
#include "daemon/metrics_collector.hpp"
#include "daemon/notify_sockets.hpp"
#include "daemon/pipe_peek.hpp"
#include "daemon/port_sockets.hpp"
#include "daemon/prepare_stamp.hpp"
#include "daemon/quiet_watch.hpp"
#include "daemon/removal_watch.hpp"
#include "daemon/staleness.hpp"
#include "daemon/state_view.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// Wires the parts together: facts in, `step`, actions out. Holds the loop's turn: whatever arrives
/// is queued, fed to the supervisor one after the other, and what must be done is done, until the
/// queue is empty; then the journal is written, observers are woken and one timer is set.
class DaemonProcess final : public ControlSource {
public:
    struct Setting {
        core::Plan plan;
        /// Of runs that are on their way out, see core::Resume.
        std::vector<core::ServicePlan> old_settings;
        project::LoadRequest load;  ///< How the plan was made.
        project::ProjectPaths paths;
        EventJournal journal;
        /// Of an earlier daemon under the same keeper, if there was one.
        std::optional<project::RecalledLedger> recalled;
        /// What of it lives if that keeper has died and we go on under another one.
        std::vector<Orphan> orphans;
        bool is_keeper_new = false;
        std::string first_notice;  ///< Something worth an event; empty if there is nothing.
        platform::FileDescriptor keeper_channel;
        platform::FileDescriptor lifeline;
    };

    explicit DaemonProcess(Setting setting);
    ~DaemonProcess() override;

    /// Begins to serve. Fails when the control socket cannot be had.
    Status begin();
    /// Until everything has been stopped. Returns the exit code of this process: not 0 when the
    /// next daemon has to go on.
    int run();

    void was_asked() override { quiet_.note(); }
    core::api::StateMessage state(const core::api::StateRequest& request) override;
    Result<core::api::CommandReply> submit(const core::api::CommandRequest& request) override;
    std::vector<core::api::ListeningPort> listeners(std::optional<Port> port) override;
    core::api::MetricsMessage metrics(const core::api::StateMessage& state) override {
        return metrics_.collect(state, paths_.log_dir);
    }
    std::vector<core::api::ProbeAnswerState> probe_answers(
        const std::string& service) const override;
    std::vector<std::string> service_names() const override;
    std::string project_name() const override { return supervisor_.plan().project; }
    void diagnose(const std::string& service,
                  std::function<void(Result<core::api::DiagnosisMessage>)> done) override;
    std::uint64_t last_event() const override { return journal_.last_sequence(); }
    const std::vector<std::string>& secrets() const override;

private:
    /// A question to a probe that has not been answered yet.
    struct Asked {
        core::RunId run;
        std::uint64_t ticket = 0;
    };

    void feed(core::Input input);
    void turn();
    void step(const core::Input& input);
    void tell(const std::vector<core::Event>& events);
    bool is_crash_looping(const core::Event& event) const;
    Status open_door();
    bool is_door(const std::string& label) const;
    void have_door_held();
    void close_door();
    std::string door_url() const;
    Status resume(std::vector<core::FoundRun> found);
    Result<core::api::CommandReply> reload(const core::api::CommandRequest& request);
    Result<core::api::CommandReply> upgrade(const core::api::CommandRequest& request);
    Status put_in_force(project::LoadRequest load,
                        project::LoadedPlan next,
                        core::PlanComparison comparison);
    void add_outdated(core::PlanComparison& comparison);
    void forget_old_inputs();
    void reload_on_signal();
    void update_watches();
    void look_for_removal();
    Status make_state_again();
    core::api::LedgerTurn describe_all(std::vector<core::api::EventMessage> events);
    void write_down();
    void write_ledger(const core::api::LedgerTurn& turn);
    void tell_ledger_state(const Status& written);
    void write_journal();
    void carry_out();
    void answer_batches();
    void end_turn();
    void arm_timer();

    void perform(const core::ScanPorts& action);
    void perform(const core::FreePorts& action);
    void perform(const core::OpenSockets& action);
    void perform(const core::AwaitConnection& action);
    void perform(const core::CloseSockets& action);
    void perform(const core::CheckPrepare& action);
    void perform(const core::SpawnPrepare& action);
    void perform(const core::RecordPrepared& action);
    void perform(const core::SpawnProcess& action);
    void perform(const core::AskToStop& action);
    void perform(const core::ForceKill& action);
    void perform(const core::SendSignal& action);
    void perform(const core::RunProbe& action);
    void perform(const core::AwaitLine& action);
    void perform(const core::CompareListening& action);
    void perform(const core::CollectEvidence& action);
    void perform(const core::WriteCrashRecord& action);

    void take_fact(core::Input fact);
    void go_on_with_held();
    std::set<std::string> labels_in_use() const;
    platform::SpawnRequest make_request(core::RunId run, const core::CommandLine& command);
    void choose_cgroup(core::RunId run, platform::SpawnRequest& request);
    Status add_sockets(core::RunId run, platform::SpawnRequest& request);
    void write_crash_records(bool is_end = false);
    std::string phase_of(const std::string& service) const;
    void holders_freed(core::RunId run);
    void drop_stale_questions();
    void note_lost_time();
    void notice(const std::string& service, const std::string& what);
    void add_own(core::api::EventMessage message);
    void announce(const std::string& to, const std::string& why);
    void watch_lifeline();
    void read_lifeline();
    void watch_signals();
    void keeper_gone();
    void keeper_lost(const std::string& why);
    void keeper_upgraded(int error);
    void end_strays();
    Status begin_again_under_new_keeper();
    void go_on_without_held();
    void finish();
    void leave_when_told();
    void wake_log_readers();

    const core::ServicePlan& spec(core::ServiceId service) const;
    Instant instant() const;

    // Everything below the loop goes before it does.
    boost::asio::io_context loop_{1};
    project::ProjectPaths paths_;
    project::LoadRequest load_;
    std::vector<core::ServicePlan> old_settings_;
    EventJournal journal_;
    std::optional<project::RecalledLedger> recalled_;
    std::vector<Orphan> orphans_;
    bool is_keeper_new_ = false;  ///< And what was recalled was written under another one.
    std::optional<Ledger> ledger_;
    core::Supervisor supervisor_;
    PrepareStamps stamps_;
    Staleness staleness_;
    LogWriter logs_;
    Cgroups cgroups_;
    Children children_;
    HeldDescriptors held_;
    PortSockets port_sockets_;
    NotifySockets notify_;
    ProbeRunner probes_;
    LineWatch lines_;
    UsageSampler usage_;
    CrashRecorder crashes_;
    DoctorRunner doctor_;
    LogCompressor compressor_;
    Diagnoses diagnoses_;
    MetricsCollector metrics_;
    std::unique_ptr<PortFreer> freer_;
    std::unique_ptr<FileWatcher> watcher_;
    std::vector<FileWatcher::Wish> watched_;  ///< What it has been told to watch.
    ControlApi api_;
    std::unique_ptr<ControlServer> server_;
    std::unique_ptr<ControlServer> door_;   ///< By TCP, if the profile wants it.
    std::string api_token_;                 ///< The door's.
    platform::FileDescriptor unheld_door_;  ///< For the keeper to hold.

    boost::asio::steady_timer timer_{loop_};
    QuietWatch quiet_{loop_, core::limits::quiet_after, platform::release_idle_memory};
    RemovalWatch removal_;
    std::optional<TimePoint> armed_for_;
    boost::asio::signal_set signals_{loop_};
    boost::asio::posix::stream_descriptor lifeline_{loop_};
    PipePeek lifeline_peek_;

    std::deque<core::Input> inputs_;
    std::vector<core::Action> actions_;            ///< Decided and not carried out yet.
    std::vector<core::api::EventMessage> untold_;  ///< Not written down yet.
    bool has_ledger_failed_ = false;
    std::uint32_t last_inputs_ = 0;  ///< Number of the inputs that were saved last.
    bool has_journal_failed_ = false;
    bool has_removal_failed_ = false;
    bool is_in_turn_ = false;
    bool has_told_ = false;  ///< Events were journaled in this turn.
    bool is_finished_ = false;
    bool is_keeper_gone_ = false;
    std::string upgrading_to_;  ///< The program that the keeper is asked to become; mostly empty.
    int keeper_pid_ = 0;        ///< Also when it is gone.
    std::uint64_t keeper_start_ticks_ = 0;
    int exit_code_ = 0;
    std::vector<core::RunId> ports_to_scan_;
    std::vector<core::RunId> listening_to_compare_;
    std::vector<Asked> asked_;
    std::vector<std::string> grown_logs_;
    TimePoint now_;
    WallTime started_at_;
    TimePoint farewell_deadline_{};
    int signals_received_ = 0;
};

/// True when a daemon whose last words these are has left for another program.
bool is_upgraded(const std::vector<core::api::EventMessage>& last_events);

}  // namespace devstack::daemon
