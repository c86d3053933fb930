#include "daemon/children.hpp"

#include "devstack/base/signal_name.hpp"
#include "devstack/platform/cgroup.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/kill.hpp"
#include "devstack/platform/program_runtime.hpp"

#include "daemon/command_output.hpp"
#include "daemon/spawn_failure.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

#include <unistd.h>

namespace devstack::daemon {

namespace {

constexpr std::uint64_t command_bit = std::uint64_t{1} << 63;

core::ExitUsage usage_in(const KeeperExited& message) {
    constexpr std::uint64_t kibibyte = 1024;
    return {std::chrono::microseconds{message.user_time_us},
            std::chrono::microseconds{message.system_time_us},
            static_cast<std::uint64_t>(message.peak_memory_kib) * kibibyte};
}

core::ExitStatus status_in(const KeeperExited& message) {
    return {message.code, message.signal, message.dumped_core, message.is_unknown};
}

const platform::Procfs procfs;

}  // namespace

Children::Children(boost::asio::io_context& loop,
                   platform::FileDescriptor channel,
                   std::string project_dir,
                   LogWriter& logs,
                   const Cgroups& cgroups,
                   Sink sink)
    : loop_{loop},
      link_{std::move(channel)},
      channel_{loop, link_.fd()},
      project_dir_{std::move(project_dir)},
      logs_{logs},
      cgroups_{cgroups},
      sink_{std::move(sink)},
      ends_{loop},
      // An earlier daemon's commands may still be known to the keeper.
      next_command_{static_cast<std::uint64_t>(platform::now().time_since_epoch().count())} {}

Children::~Children() {
    if (channel_.is_open()) channel_.release();  // The link closes it.
}

// ---- To the keeper -----------------------------------------------------------------------------

void Children::spawn(core::RunId run, const std::string& service, platform::SpawnRequest request) {
    const std::string label = render_run_cookie(service, run.number);
    request.environment.push_back(std::string{run_variable} + "=" + label);
    request.environment.push_back(std::string{project_dir_variable} + "=" + project_dir_);
    if (is_keeper_gone_) {
        return sink_.fact(core::SpawnFailed{run, "the keeper has died", true});
    }
    link_.spawn(token_of(run), label, request);
    Child& child = children_[token_of(run)];
    child.run = run;
    child.service = service;
    child.cgroup = request.settings.cgroup;
    child.request = std::move(request);
    child.request.environment = {};
    wait_for_room();
}

std::uint64_t Children::launch(platform::SpawnRequest request,
                               std::function<void(Ended)> on_end,
                               std::size_t output_max) {
    const std::uint64_t token = command_bit | ++next_command_;
    // Never answered then: whoever asks has a deadline.
    if (is_keeper_gone_) return token;
    // Of no run: should all of us be killed, it is found as what was left behind.
    request.environment.push_back(std::string{project_dir_variable} + "=" + project_dir_);
    link_.spawn(token, "probe", request);
    commands_[token] = Command{std::move(on_end),
                               request.argv.empty() ? "" : request.argv.front(),
                               nullptr,
                               0,
                               output_max,
                               {}};
    wait_for_room();
    return token;
}

bool Children::can_hold() const {
    return keeper_version_ >= platform::keeper_protocol::version_that_holds;
}

void Children::upgrade(int program) {
    link_.upgrade(program);
    wait_for_room();
}

void Children::hold(std::uint64_t token, const std::string& label, int descriptor) {
    link_.hold(token, label, descriptor);
    wait_for_room();
}

void Children::release(std::uint64_t token) {
    link_.release(token);
    wait_for_room();
}

void Children::cancel(std::uint64_t ticket) {
    const auto found = commands_.find(ticket);
    if (found == commands_.end()) return;
    found->second.on_end = nullptr;
    if (found->second.pid != 0) platform::signal_group(found->second.pid, SIGKILL);
}

void Children::say_farewell() {
    link_.say_farewell();
    wait_for_room();
}

void Children::wait_for_room() {
    if (!link_.wants_to_write() || is_waiting_for_room_) return;
    is_waiting_for_room_ = true;
    channel_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                        [this](boost::system::error_code error) {
                            is_waiting_for_room_ = false;
                            if (error) return;
                            link_.flush();
                            wait_for_room();
                        });
}

// ---- Signals -----------------------------------------------------------------------------------

void Children::ask_to_stop(core::RunId run, int signal, bool is_strays_only) {
    Child* child = find(run);
    if (child == nullptr || child->pid == 0) return;
    if (!is_strays_only) {
        if (!has_leader(*child) && !holds_group(*child)) return;
        platform::signal_group(child->pid, signal);
        // A stopped process cannot hear the signal otherwise.
        platform::signal_group(child->pid, SIGCONT);
        child->has_group_heard = true;
        return;
    }
    std::vector<LivingProcess> strays;
    for (const LivingProcess& it : child->survivors) {
        const auto info = platform::find_process(procfs, it.pid);
        const bool has_heard = child->has_group_heard && info && info->group == child->pid;
        if (info && !has_heard) strays.push_back(it);
    }
    signal_survivors(procfs, strays, signal);
    signal_survivors(procfs, strays, SIGCONT);
}

void Children::force_kill(core::RunId run) {
    Child* child = find(run);
    if (child == nullptr || child->pid == 0) return;
    // All are stopped before the first dies: afterwards the links to its parents are gone.
    kill_survivors(procfs, [&] { return collect_family(*child); });
    if (has_leader(*child) || holds_group(*child)) platform::signal_group(child->pid, SIGKILL);
    // Where the kernel can not do that, what is in it is among the survivors, sooner or later.
    if (!child->cgroup.empty()) (void)platform::kill_cgroup(child->cgroup);
}

/// What there is of the run now, and what was known of it: who has ended since then is passed over.
std::vector<LivingProcess> Children::collect_family(const Child& child) const {
    std::vector<LivingProcess> family = child.survivors;
    if (child.status) {
        auto report = collect_survivors(procfs, project(), {mark(child)}, living());
        add_hidden(child, report.of_run.front());
        std::ranges::move(report.of_run.front(), std::back_inserter(family));
    } else {
        const auto trees = collect_trees(procfs, project(), {mark(child)});
        for (const platform::ProcessInfo& it : trees.front())
            family.push_back({it.pid, it.start_ticks, it.name});
    }
    return family;
}

/// When the leader is gone and its group is empty, the number may be anybody's.
bool Children::holds_group(const Child& child) {
    return std::ranges::any_of(child.survivors, [&](const LivingProcess& it) {
        const auto info = platform::find_process(procfs, it.pid);
        return info && info->start_ticks == it.start_ticks && info->group == child.pid;
    });
}

void Children::send_signal(core::RunId run, int signal) {
    const Child* child = find(run);
    if (child == nullptr || child->pid == 0 || child->status) return;
    const auto info = platform::find_process(procfs, child->pid);
    if (info) (void)platform::signal_process(procfs, child->pid, info->start_ticks, signal);
}

void Children::ask_for_dump(core::RunId run) {
    const Child* child = find(run);
    if (child == nullptr || child->pid == 0 || child->status) return;
    const auto trees = collect_trees(procfs, project(), {mark(*child)});
    for (const platform::ProcessInfo& it : trees.front()) {
        const std::string runtime = platform::find_runtime(it.pid);
        const bool may_be_asked = runtime == "java" || runtime == "go";
        if (may_be_asked) (void)platform::signal_process(procfs, it.pid, it.start_ticks, SIGQUIT);
    }
}

// ---- From the keeper ---------------------------------------------------------------------------

void Children::wait_for_reports() {
    channel_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](boost::system::error_code error) {
                            if (!error) read_reports();
                        });
}

void Children::read_reports() {
    for (;;) {
        Result<std::optional<KeeperMessage>> message = link_.receive();
        if (!message) return sink_.keeper_lost(message.error().message);
        if (!*message) break;
        const bool is_gone = std::holds_alternative<KeeperGone>(**message);
        std::visit([this](auto& it) { on(std::move(it)); }, **message);
        if (is_gone) return;
    }
    look_for_survivors();
    sink_.burst_ended();
    wait_for_room();
    wait_for_reports();
}

void Children::on(KeeperWelcome message) {
    keeper_pid_ = message.keeper_pid;
}

/// Told with the welcome alone, see `begin`.
void Children::on(KeeperChild) {}

/// The same.
void Children::on(KeeperHeld) {}

void Children::on(KeeperUpgraded message) {
    sink_.keeper_upgraded(message.error);
}

void Children::on(KeeperSpawned message) {
    if (const auto command = commands_.find(message.token); command != commands_.end()) {
        command->second.pid = message.pid;
        command->second.pidfd = std::move(message.pidfd);
        command->second.output = std::make_shared<CommandOutput>(loop_,
                                                                 std::move(message.standard_output),
                                                                 std::move(message.standard_error),
                                                                 command->second.output_max);
        command->second.output->begin();
        if (!command->second.on_end) platform::signal_group(message.pid, SIGKILL);
        return;
    }
    const auto found = children_.find(message.token);
    if (found == children_.end()) return;
    Child& child = found->second;
    child.pid = message.pid;
    child.request = {};
    identify(child, message);
    born_.push_back(child.identity);
    capture(child, message);
    sink_.fact(core::Spawned{child.run, child.pid});
}

void Children::capture(const Child& child, KeeperSpawned& spawned) {
    const auto no_more = [] {};
    logs_.capture(child.service,
                  child.run.number,
                  core::LogStream::standard_output,
                  std::move(spawned.standard_output),
                  no_more);
    logs_.capture(child.service,
                  child.run.number,
                  core::LogStream::standard_error,
                  std::move(spawned.standard_error),
                  no_more);
}

void Children::on(KeeperSpawnFailed message) {
    link_.forget(message.token);
    if (const auto command = commands_.find(message.token); command != commands_.end()) {
        platform::SpawnRequest request;
        request.argv = {command->second.program};
        Ended ended;
        ended.spawn_error =
            describe_spawn_failure(request, message.stage, message.error, project_dir_).message;
        return command_ended(message.token, std::move(ended));
    }
    const auto found = children_.find(message.token);
    if (found == children_.end()) return;
    const Child child = std::move(found->second);
    children_.erase(found);
    if (!child.cgroup.empty()) (void)platform::remove_cgroup(child.cgroup);
    const SpawnFailure failure =
        describe_spawn_failure(child.request, message.stage, message.error, project_dir_);
    sink_.fact(core::SpawnFailed{child.run, failure.message, failure.is_permanent});
}

void Children::on(KeeperExited message) {
    if (const auto command = commands_.find(message.token); command != commands_.end()) {
        link_.forget(message.token);
        // What the command left in its group ends with it.
        platform::signal_group(message.pid, SIGKILL);
        Ended ended{true, "", message.code, message.signal, ""};
        if (command->second.output) ended.last_output = command->second.output->finish();
        return command_ended(message.token, std::move(ended));
    }
    to_forget_.push_back(message.token);
    const auto found = children_.find(message.token);
    if (found == children_.end()) return;
    found->second.status = status_in(message);
    found->second.pidfd.reset();
    found->second.usage = usage_in(message);
    found->second.cause = describe_oom_kill(found->second.cgroup);
    logs_.drain(found->second.service);
    found->second.owed = Child::Owed::exit;
    must_look_for_survivors_ = true;
}

void Children::on(KeeperStrayReaped) {
    must_look_for_survivors_ = true;
}

void Children::command_ended(std::uint64_t token, Ended ended) {
    const auto found = commands_.find(token);
    const std::function<void(Ended)> on_end = std::move(found->second.on_end);
    commands_.erase(found);
    if (on_end) on_end(std::move(ended));
}

/// One look answers for every run whose leader has ended.
void Children::look_for_survivors() {
    if (!std::exchange(must_look_for_survivors_, false)) return;
    std::vector<std::uint64_t> tokens;
    std::vector<RunMark> ended;
    for (const auto& [token, child] : children_) {
        if (!child.status) continue;
        tokens.push_back(token);
        ended.push_back(mark(child));
    }
    if (tokens.empty()) return;
    SurvivorReport report = collect_survivors(procfs, project(), ended, living());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        Child& child = children_.at(tokens[i]);
        add_hidden(child, report.of_run[i]);
        const Child::Owed owed = std::exchange(child.owed, Child::Owed::nothing);
        if (owed == Child::Owed::nothing && child.survivors == report.of_run[i]) continue;
        child.survivors = std::move(report.of_run[i]);
        if (child.is_orphan) watch_survivors(child);
        const std::vector<core::Survivor> survivors = to_survivors(child.survivors);
        if (owed == Child::Owed::exit) {
            sink_.fact(core::Exited{child.run, *child.status, survivors, child.usage, child.cause});
        } else {
            sink_.fact(core::SurvivorsChanged{child.run, survivors});
        }
        if (!survivors.empty()) continue;
        if (!child.cgroup.empty()) (void)platform::remove_cgroup(child.cgroup);
        children_.erase(tokens[i]);
    }
}

/// Whatever a process does to hide, it does not leave its cgroup.
void Children::add_hidden(const Child& child, std::vector<LivingProcess>& survivors) {
    if (child.cgroup.empty() || !platform::is_cgroup_populated(child.cgroup)) return;
    for (LivingProcess& it : collect_hidden(procfs, child.cgroup, survivors))
        survivors.push_back(std::move(it));
}

void Children::forget_ended() {
    for (const std::uint64_t token : std::exchange(to_forget_, {}))
        link_.forget(token);
    wait_for_room();
}

// ---- Questions ---------------------------------------------------------------------------------

std::uint64_t Children::token_of(core::RunId run) {
    return (static_cast<std::uint64_t>(run.service.index + 1) << 32) | run.number;
}

Children::Child* Children::find(core::RunId run) {
    const auto found = children_.find(token_of(run));
    return found == children_.end() ? nullptr : &found->second;
}

RunMark Children::mark(const Child& child) const {
    return {child.run, child.service, child.pid, child.identity.start_ticks};
}

std::vector<RunMark> Children::living() const {
    std::vector<RunMark> marks;
    for (const auto& [token, child] : children_) {
        if (child.pid != 0 && !child.status) marks.push_back(mark(child));
    }
    for (const auto& [token, command] : commands_) {
        if (command.pid != 0) marks.push_back({{}, "", command.pid});
    }
    return marks;
}

ProjectMark Children::project() const {
    const bool is_scattered =
        std::ranges::any_of(children_, [](const auto& it) { return it.second.is_orphan; });
    return {project_dir_, is_keeper_gone_ ? 0 : keeper_pid_, ::getpid(), is_scattered};
}

}  // namespace devstack::daemon
