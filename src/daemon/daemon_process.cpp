#include "daemon/daemon_process.hpp"

#include "devstack/base/match.hpp"
#include "devstack/base/signal_name.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/plan/secrets.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/version.hpp"

#include "daemon/loop_check.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

// The loop's turn, and what comes in from outside. What the core wants done is in
// daemon_actions.cpp.

namespace devstack::daemon {

namespace api = core::api;
namespace limits = core::limits;

namespace {

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

}  // namespace

DaemonProcess::DaemonProcess(Setting setting)
    : paths_{std::move(setting.paths)},
      load_{std::move(setting.load)},
      old_settings_{std::move(setting.old_settings)},
      journal_{std::move(setting.journal)},
      recalled_{std::move(setting.recalled)},
      orphans_{std::move(setting.orphans)},
      is_keeper_new_{setting.is_keeper_new},
      supervisor_{std::move(setting.plan),
                  static_cast<std::uint64_t>(platform::now().time_since_epoch().count())},
      stamps_{paths_.state_dir},
      logs_{loop_,
            paths_.log_dir,
            {[this](const std::string& service) {
                 if (grown_logs_.empty()) {
                     boost::asio::post(loop_, [this] { wake_log_readers(); });
                 }
                 grown_logs_.push_back(service);
             },
             [this](const std::string& service, const std::string& what) { notice(service, what); },
             [this] { return supervisor_.plan().logs_size_max; },
             [this](const std::string& service) {
                 if (supervisor_.plan().compresses_logs) compressor_.add(service);
             }}},
      cgroups_{platform::Procfs{}, paths_.project_dir},
      children_{loop_,
                std::move(setting.keeper_channel),
                paths_.project_dir,
                logs_,
                cgroups_,
                {[this](core::Input fact) { take_fact(std::move(fact)); },
                 [this] { turn(); },
                 [this] { keeper_gone(); },
                 [this](const std::string& why) { keeper_lost(why); },
                 [this](int error) { keeper_upgraded(error); }}},
      held_{{[this](std::uint64_t token, const std::string& label, int descriptor) {
                 children_.hold(token, label, descriptor);
             },
             [this](std::uint64_t token) { children_.release(token); }}},
      port_sockets_{loop_,
                    held_,
                    [this](core::ServiceId id, std::string what) {
                        feed(core::ConnectionMade{id, std::move(what)});
                    }},
      notify_{
          loop_,
          held_,
          children_,
          paths_,
          {[this](core::Notified fact) { inputs_.push_back(std::move(fact)); },
           [this] { turn(); },
           [this](const std::string& service, const std::string& what) { notice(service, what); },
           [this](core::ServiceId id) { return core::run_of(supervisor_.phase(id)); }}},
      probes_{loop_, children_},
      lines_{loop_,
             paths_.log_dir,
             [this](core::RunId run, std::string what) {
                 feed(core::SignSeen{run, std::move(what)});
             }},
      crashes_{paths_, platform::Procfs{}, platform::wall_now()},
      doctor_{loop_, children_},
      compressor_{loop_, children_, paths_.log_dir},
      diagnoses_{loop_,
                 {[this](const std::string& service) { return phase_of(service); },
                  [this](Diagnoses::Done done) {
                      doctor_.ask({"causes", "", limits::look_usual, limits::look_max},
                                  paths_,
                                  load_.environment,
                                  std::move(done));
                  }}},
      api_{loop_, *this, paths_.state_dir, paths_.log_dir},
      removal_{loop_,
               {paths_.runtime_dir, paths_.state_dir},
               {parent_of(paths_.state_dir), paths_.project_dir},
               [this] { look_for_removal(); }},
      last_inputs_{supervisor_.plan().number},
      now_{platform::now()},
      started_at_{platform::wall_now()} {
    if (!setting.first_notice.empty()) notice("", setting.first_notice);
    if (setting.lifeline.is_open()) {
        boost::system::error_code ignored;
        lifeline_.assign(setting.lifeline.release(), ignored);
    }
}

DaemonProcess::~DaemonProcess() = default;

Status DaemonProcess::begin() {
    if (const Status checked = check_loop(loop_); !checked) return checked;
    // The keeper passes on what waited for our Hello.
    watch_signals();
    Result<std::unique_ptr<ControlServer>> server =
        ControlServer::listen(loop_, paths_.control_socket(), api_);
    if (!server) return server.error();
    server_ = std::move(*server);
    // Before anything is started, unless the keeper may have its socket.
    if (!recalled_) {
        if (const Status opened = open_door(); !opened) return opened;
    }
    const core::Plan& plan = supervisor_.plan();
    const auto find = [&plan](const std::string& name) { return plan.find(name); };
    auto found = children_.begin(find);
    if (!found) return found.error();
    std::ranges::move(children_.take_over(std::exchange(orphans_, {}), find),
                      std::back_inserter(*found));
    go_on_with_held();
    if (is_keeper_new_) go_on_without_held();
    if (recalled_) {
        if (const Status opened = open_door(); !opened) return opened;
    }
    have_door_held();
    if (const Status resumed = resume(std::move(*found)); !resumed) return resumed;
    watch_lifeline();
    removal_.open();
    quiet_.note();
    return ok();
}

/// The last words of a service come before its end.
void DaemonProcess::take_fact(core::Input fact) {
    if (const auto* exited = std::get_if<core::Exited>(&fact)) {
        notify_.receive(spec(exited->run.service).name);
    }
    inputs_.push_back(std::move(fact));
}

// ---- The turn ----------------------------------------------------------------------------------

void DaemonProcess::feed(core::Input input) {
    inputs_.push_back(std::move(input));
    turn();
}

void DaemonProcess::turn() {
    if (is_in_turn_) return;  // The turn under way takes it from the queue.
    is_in_turn_ = true;
    now_ = platform::now();
    note_lost_time();
    do {
        while (!inputs_.empty()) {
            const core::Input input = std::move(inputs_.front());
            inputs_.pop_front();
            step(input);
        }
        write_down();
        carry_out();
        // Last: it wakes the keeper, which has the next run to start first.
        if (!has_ledger_failed_) children_.forget_ended();
        answer_batches();
    } while (!inputs_.empty());
    is_in_turn_ = false;
    end_turn();
}

void DaemonProcess::step(const core::Input& input) {
    core::Step step = supervisor_.step(input, now_);
    std::ranges::move(step.actions, std::back_inserter(actions_));
    tell(step.events);
}

void DaemonProcess::carry_out() {
    for (const core::Action& action : std::exchange(actions_, {})) {
        std::visit([this](const auto& it) { perform(it); }, action);
    }
}

void DaemonProcess::tell(const std::vector<core::Event>& events) {
    for (const core::Event& event : events) {
        api::EventMessage message = make_event_message(supervisor_.plan(), event, instant());
        message.why = core::hide_secrets(std::move(message.why), secrets());
        spdlog::info("{} {}{}{}: {}",
                     message.service.empty() ? "project" : message.service,
                     message.from,
                     message.from.empty() ? "" : " -> ",
                     message.to,
                     message.why);
        journal_.append(message);
        metrics_.event_told(message, is_crash_looping(event), now_);
        if (message.kind == "phase") {
            diagnoses_.phase_changed(message.service, message.to, now_);
        }
        untold_.push_back(std::move(message));
        has_told_ = true;
    }
}

/// It waits for a restart, after too many of them.
bool DaemonProcess::is_crash_looping(const core::Event& event) const {
    const auto* const changed = std::get_if<core::PhaseChanged>(&event);
    if (changed == nullptr) return false;
    const auto* const phase = std::get_if<core::BackingOff>(&supervisor_.phase(changed->service));
    return phase != nullptr && phase->is_crash_loop;
}

void DaemonProcess::end_turn() {
    drop_stale_questions();
    if (std::exchange(has_told_, false)) {
        spdlog::default_logger_raw()->flush();
        api_.events_grown();
    }
    // What is removed from now on would not be made again.
    if (supervisor_.is_shutting_down()) removal_.let_go();
    if (supervisor_.is_finished()) return finish();
    update_watches();
    arm_timer();
}

void DaemonProcess::arm_timer() {
    const std::optional<TimePoint> deadline = supervisor_.next_deadline();
    if (deadline == armed_for_) return;
    armed_for_ = deadline;
    timer_.cancel();
    if (!deadline) return;
    timer_.expires_at(*deadline);
    timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        now_ = platform::now();
        note_lost_time();
        armed_for_.reset();
        feed(core::TimePassed{});
    });
}

/// Before anything else is looked at: what is due now is not due to the services.
void DaemonProcess::note_lost_time() {
    if (!armed_for_ || now_ - *armed_for_ < limits::lost_time_min) return;
    const Duration lost = now_ - *std::exchange(armed_for_, {});
    spdlog::info("nothing ran here for {}: deadlines are moved", render_duration(lost));
    for (const Asked& asked : std::exchange(asked_, {}))
        probes_.cancel(asked.ticket);
    inputs_.push_front(core::TimeLost{lost});
}

/// A probe whose run has ended needs no answer any more, and a line tells nothing of a ready one.
void DaemonProcess::drop_stale_questions() {
    std::erase_if(asked_, [this](const Asked& asked) {
        const core::Phase& phase = supervisor_.phase(asked.run.service);
        const bool is_wanted =
            core::run_of(phase) == asked.run && !std::holds_alternative<core::Stopping>(phase);
        if (!is_wanted) probes_.cancel(asked.ticket);
        return !is_wanted;
    });
    lines_.keep_only([this](core::RunId run) {
        const auto* starting = std::get_if<core::Starting>(&supervisor_.phase(run.service));
        return starting != nullptr && starting->run == run;
    });
}

// ---- What comes in from outside ----------------------------------------------------------------

void DaemonProcess::watch_signals() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    signals_.add(SIGHUP);
    signals_.async_wait([this](boost::system::error_code error, int signal) {
        if (error) return;
        spdlog::info("{} received", signal_name(signal));
        if (signal == SIGHUP) {
            reload_on_signal();
        } else {
            feed(core::Shutdown{++signals_received_ > 1});
        }
        watch_signals();
    });
}

/// The `up` in the foreground holds the other end: when it is gone, so is the reason to run. A byte
/// from it says that it leaves on purpose and the services stay; it is left where it is, so that
/// every daemon after us finds it too.
void DaemonProcess::watch_lifeline() {
    if (!lifeline_.is_open()) return;
    lifeline_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](boost::system::error_code error) {
                             if (!error) read_lifeline();
                         });
}

void DaemonProcess::read_lifeline() {
    const auto bytes = lifeline_peek_.look(lifeline_.native_handle());
    if (!bytes && errno == EAGAIN) return watch_lifeline();
    const bool is_leave = bytes && bytes->starts_with('d');
    boost::system::error_code ignored;
    lifeline_.close(ignored);
    if (!is_leave) feed(core::Shutdown{});
}

void DaemonProcess::notice(const std::string& service, const std::string& what) {
    api::EventMessage message;
    message.kind = "log";
    message.service = service;
    message.why = what;
    add_own(std::move(message));
}

/// What happens to devstack itself is no decision of the core's.
void DaemonProcess::add_own(api::EventMessage message) {
    message.time = render_timestamp(platform::wall_now());
    message.why = core::hide_secrets(std::move(message.why), secrets());
    spdlog::warn("{}: {}", message.service, message.why);
    journal_.append(message);
    untold_.push_back(std::move(message));
    has_told_ = true;
    boost::asio::post(loop_, [this] { turn(); });
}

void DaemonProcess::wake_log_readers() {
    const std::vector<std::string> grown = std::exchange(grown_logs_, {});
    for (const std::string& service : grown) {
        api_.log_grown(service);
        lines_.log_grown(service);
    }
}

/// Nothing is left: whoever waits gets the last events, then the loop runs dry.
void DaemonProcess::finish() {
    if (std::exchange(is_finished_, true)) return;
    doctor_.cancel_all();
    compressor_.cancel();
    diagnoses_.close();
    write_crash_records(true);
    timer_.cancel();
    quiet_.close();
    removal_.close();
    signals_.cancel();
    api_.close();
    server_->close();
    close_door();
    notify_.remove_all();
    if (is_keeper_gone_) {
        end_strays();
    } else {
        children_.say_farewell();
    }
    cgroups_.remove_empty();
    // Only now: a daemon without a ledger would begin anew.
    if (ledger_) ledger_->remove();
    farewell_deadline_ = platform::now() + limits::farewell_max;
    leave_when_told();
}

/// Replies under way are waited for, within reason; a client that does not read them is not. A
/// keeper that had not heard the farewell would start the next daemon.
void DaemonProcess::leave_when_told() {
    const bool is_keeper_told = is_keeper_gone_ || !children_.has_unsent();
    const bool are_clients_told =
        (server_->connections() == 0 && (!door_ || door_->connections() == 0)) ||
        platform::now() >= farewell_deadline_;
    if (is_keeper_told && are_clients_told) return loop_.stop();
    timer_.expires_after(limits::farewell_step);
    timer_.async_wait([this](boost::system::error_code) { leave_when_told(); });
}

// ---- Questions ---------------------------------------------------------------------------------

api::StateMessage DaemonProcess::state(const api::StateRequest& request) {
    const core::Plan& plan = supervisor_.plan();
    api::StateMessage state;
    state.version = devstack::version;
    state.project = plan.project;
    state.project_dir = plan.project_dir;
    state.profile = load_.profile_path;
    state.mode = plan.mode == core::Mode::host ? "host" : "development";
    state.status = is_finished_ ? "stopping" : "running";
    state.daemon_pid = ::getpid();
    state.keeper_pid = children_.project().keeper_pid;
    state.started_at = render_timestamp(started_at_);
    if (door_) state.api_url = door_url();
    state.cursor = journal_.last_sequence();
    if (request.detail == api::StateDetail::none) return state;
    const Instant at{platform::now(), platform::wall_now()};
    const auto& changes = staleness_.look(supervisor_.plan(), load_);
    state.services.reserve(supervisor_.services().size());
    for (const core::ServiceId id : supervisor_.services()) {
        state.services.push_back(request.detail == api::StateDetail::all
                                     ? make_service_state(supervisor_, id, at, paths_)
                                     : make_brief_service_state(supervisor_, id, at));
        api::ServiceState& service = state.services.back();
        diagnoses_.add_to(service);
        service.stale = staleness_.reasons_of(supervisor_, id, changes, stamps_);
        if (watcher_ && service.watch_suspended.empty()) {
            service.watch_suspended = watcher_->problem_of(service.name);
        }
    }
    if (!request.wants_usage) return state;
    std::map<core::ServiceId, std::size_t> places;
    for (const core::ServiceId id : supervisor_.services())
        places.emplace(id, places.size());
    const std::vector<RunMark> runs = children_.living();
    const std::vector<api::UsageState> usage =
        usage_.sample(children_.project(), runs, platform::now());
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto place = places.find(runs[i].run.service);
        if (runs[i].service.empty() || place == places.end()) continue;
        state.services[place->second].usage = usage[i];
    }
    return state;
}

Result<api::CommandReply> DaemonProcess::submit(const api::CommandRequest& request) {
    if (request.command == "reload") return reload(request);
    if (request.command == "upgrade") return upgrade(request);
    std::vector<core::ServiceId> services;
    for (const std::string& name : request.services) {
        if (const auto id = supervisor_.find(name)) services.push_back(*id);
    }
    if (request.services.empty()) {
        for (const core::ServiceId id : supervisor_.services()) {
            // A task runs when it is asked for by name, or when something needs it.
            if (spec(id).kind == core::ServiceKind::service) services.push_back(id);
        }
    }
    const api::CommandReply reply{journal_.last_sequence(), std::nullopt};
    if (request.command == "start") {
        inputs_.push_back(core::Start{services});
    } else if (request.command == "stop") {
        inputs_.push_back(core::Stop{services});
    } else if (request.command == "restart") {
        inputs_.push_back(core::Restart{services});
    } else if (request.command == "signal" && services.size() == 1) {
        inputs_.push_back(core::Signal{services.front(), request.signal});
    } else if (request.command == "shutdown" || request.command == "kill") {
        inputs_.push_back(core::Shutdown{request.command == "kill"});
    } else {
        return Error{Error::Kind::invalid, "unknown command \"" + request.command + "\""};
    }
    boost::asio::post(loop_, [this] { turn(); });
    return reply;
}

std::vector<api::ListeningPort> DaemonProcess::listeners(std::optional<Port> port) {
    std::vector<api::ListeningPort> found =
        collect_all_listeners(platform::Procfs{}, children_.project(), children_.living(), port);
    for (api::ListeningPort& it : found) {
        it.command = core::hide_secrets(std::move(it.command), secrets());
        // What the keeper holds it holds for a service.
        if (it.pid != children_.project().keeper_pid) continue;
        for (const core::ServicePlan& service : supervisor_.plan().services) {
            const auto is_it = [&](const core::DeclaredPort& declared) {
                return declared.is_socket() && declared.port.number == it.port;
            };
            if (std::ranges::any_of(service.ports, is_it)) it.service = service.name;
        }
    }
    return found;
}

std::string DaemonProcess::phase_of(const std::string& service) const {
    const auto id = supervisor_.find(service);
    return id ? std::string{core::name_of(supervisor_.phase(*id))} : "";
}

void DaemonProcess::diagnose(const std::string& service,
                             std::function<void(Result<api::DiagnosisMessage>)> done) {
    doctor_.ask({"all", service, limits::look_usual, limits::look_max},
                paths_,
                load_.environment,
                std::move(done));
}

std::vector<api::ProbeAnswerState> DaemonProcess::probe_answers(const std::string& service) const {
    const auto id = supervisor_.find(service);
    const auto run = id ? core::run_of(supervisor_.phase(*id)) : std::nullopt;
    if (!run) return {};
    std::vector<api::ProbeAnswerState> answers = crashes_.probe_answers(*run);
    for (api::ProbeAnswerState& it : answers)
        it.detail = core::hide_secrets(std::move(it.detail), secrets());
    return answers;
}

std::vector<std::string> DaemonProcess::service_names() const {
    std::vector<std::string> names;
    for (const core::ServiceId id : supervisor_.services())
        names.push_back(spec(id).name);
    return names;
}

const std::vector<std::string>& DaemonProcess::secrets() const {
    return supervisor_.plan().secrets;
}

const core::ServicePlan& DaemonProcess::spec(core::ServiceId service) const {
    return supervisor_.settings(service);
}

Instant DaemonProcess::instant() const {
    return {now_, platform::wall_now()};
}

}  // namespace devstack::daemon
