#include "devstack/core/limits.hpp"
#include "devstack/platform/detached_process.hpp"
#include "devstack/platform/file_lock.hpp"
#include "devstack/platform/process_handle.hpp"
#include "devstack/platform/signal_watch.hpp"

#include "daemon/daemon_process.hpp"
#include "daemon/leftovers.hpp"

#include <array>
#include <string>
#include <utility>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

// The keeper was the parent of every service: nobody waits for them any more, and nothing new can
// be started. What is to become of them the profile says (decisions/0012).

namespace devstack::daemon {

namespace {

constexpr int exit_go_on = 70;  // EX_SOFTWARE of sysexits(3): a keeper starts the next daemon.

/// To wait for whoever starts the project just now, and for the next daemon.
constexpr Duration handover_max = std::chrono::seconds{15};

/// "ready\n", or what stands in its way; "" when it has ended without a word or is too slow.
std::string read_report(const platform::FileDescriptor& report) {
    platform::wait_readable({report.get()}, handover_max);
    std::array<char, 4096> text;
    const ssize_t size = ::read(report.get(), text.data(), text.size());
    return size > 0 ? std::string{text.data(), static_cast<std::size_t>(size)} : "";
}

}  // namespace

int DaemonProcess::run() {
    loop_.run();
    return exit_code_;
}

/// The next daemon asks the keeper for everything anew; no service notices.
void DaemonProcess::keeper_lost(const std::string& why) {
    spdlog::critical("{}: beginning again with another daemon", why);
    exit_code_ = exit_go_on;
    loop_.stop();
}

void DaemonProcess::keeper_gone() {
    if (std::exchange(is_keeper_gone_, true)) return;
    if (supervisor_.plan().on_keeper_death == core::OnKeeperDeath::keep) {
        notice("", "the keeper has died; the services run on, and another one takes them over");
        const Status begun = begin_again_under_new_keeper();
        if (begun) return;
        notice("", begun.error().message);
    }
    announce("keeper-died",
             "the keeper has died, so that nobody looks after the services: stopping them all");
    feed(core::Shutdown{});
}

/// As if both had died: the daemon of the next keeper finds all in the ledger, in the process table
/// and in the pipes, which the services keep open. Until it serves, no `up` may start another one.
Status DaemonProcess::begin_again_under_new_keeper() {
    // Its socket is closed before its death is over; until then it may look alive to the next one.
    const auto keeper =
        platform::open_process(platform::Procfs{}, keeper_pid_, keeper_start_ticks_);
    if (keeper) platform::wait_readable({keeper->get()}, core::limits::farewell_max);
    const auto lock = platform::lock_file(paths_.lock_file(), handover_max);
    write_down();
    // The next daemon wants the same places.
    server_->close();
    if (door_) door_->close();
    for (const std::string& label : held_.labels(""))
        held_.close(label);
    const platform::FileDescriptor null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    int report[2] = {-1, -1};
    if (::pipe2(report, O_CLOEXEC | O_NONBLOCK) != 0) {
        return Error{Error::Kind::system, "cannot make a pipe: too many open files"};
    }
    const platform::FileDescriptor read_end{report[0]};
    platform::FileDescriptor write_end{report[1]};
    platform::DetachedProcess process;
    process.argv = {"devstack",
                    "__keeper",
                    load_.profile_path.empty() ? "builtin:demo" : load_.profile_path,
                    paths_.project_dir,
                    supervisor_.plan().frees_ports ? "free-ports" : "keep-ports",
                    paths_.state_dir};
    process.descriptors = {write_end.get(),
                           lifeline_.is_open() ? lifeline_.native_handle() : null.get()};
    process.output_file = paths_.state_dir + "/daemon.stderr";
    Status started = platform::start_own_program_detached(process);
    if (!started) return started;
    write_end.reset();
    const std::string answer = read_report(read_end);
    // The services run on all the same: an `up` takes them over when the reason is gone.
    if (answer != "ready\n") spdlog::critical("no other daemon comes up: {}", answer);
    exit_code_ = exit_go_on;
    loop_.stop();
    return ok();
}

/// What was being born when the keeper died, and what had left every group of ours.
void DaemonProcess::end_strays() {
    ProjectMark project = children_.project();
    project.born_after = keeper_start_ticks_;
    const std::string what =
        describe(end_leftovers(platform::Procfs{}, project, core::limits::leftover_grace));
    if (!what.empty()) notice("", what);
    write_journal();
}

}  // namespace devstack::daemon
