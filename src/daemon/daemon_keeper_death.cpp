#include "devstack/core/limits.hpp"
#include "devstack/platform/detached_process.hpp"
#include "devstack/platform/process_handle.hpp"
#include "devstack/platform/signal_watch.hpp"

#include "daemon/daemon_process.hpp"
#include "daemon/leftovers.hpp"

#include <utility>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

// The keeper was the parent of every service: nobody waits for them any more, and nothing new can
// be started. What is to become of them the profile says (decisions/0012).

namespace devstack::daemon {

namespace {

constexpr int exit_go_on = 70;  // EX_SOFTWARE of sysexits(3): a keeper starts the next daemon.

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
    notice("", "the keeper has died, so that nobody looks after the services: stopping them all");
    feed(core::Shutdown{});
}

/// As if both had died: the daemon of the next keeper finds all in the ledger, in the process table
/// and in the pipes, which the services keep open.
Status DaemonProcess::begin_again_under_new_keeper() {
    // Its socket is closed before its death is over; until then it may look alive to the next one.
    const auto keeper =
        platform::open_process(platform::Procfs{}, keeper_pid_, keeper_start_ticks_);
    if (keeper) platform::wait_readable({keeper->get()}, core::limits::farewell_max);
    write_down();
    // The next daemon wants the same places.
    server_->close();
    if (door_) door_->close();
    const platform::FileDescriptor null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    platform::DetachedProcess process;
    process.argv = {"devstack",
                    "__keeper",
                    load_.profile_path.empty() ? "builtin:demo" : load_.profile_path,
                    paths_.project_dir,
                    supervisor_.plan().frees_ports ? "free-ports" : "keep-ports",
                    paths_.state_dir};
    process.descriptors = {null.get(),
                           lifeline_.is_open() ? lifeline_.native_handle() : null.get()};
    process.output_file = paths_.state_dir + "/daemon.stderr";
    if (const Status started = platform::start_own_program_detached(process); !started) {
        return started;
    }
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
