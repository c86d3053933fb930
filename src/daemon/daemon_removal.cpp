#include "devstack/base/shown_path.hpp"
#include "devstack/project/api_token.hpp"
#include "devstack/project/ledger_file.hpp"
#include "devstack/project/saved_inputs.hpp"
#include "devstack/project/saved_secrets.hpp"

#include "daemon/daemon_process.hpp"
#include "daemon/own_log.hpp"

#include <sys/stat.h>

// `rm -rf .devstack` and `git clean -dfx` take away the door by which commands come in, and what
// the next daemon would go on with. Without them nobody would find what runs, and the next `up`
// would start it all a second time. So they are made again. Where the project itself is not any
// more there is nothing to go on with: no service could be started, and nobody would look for it.

namespace devstack::daemon {

namespace {

bool exists(const std::string& path) {
    struct stat state {};
    return ::lstat(path.c_str(), &state) == 0;
}

}  // namespace

void DaemonProcess::look_for_removal() {
    if (is_finished_ || is_keeper_gone_) return;
    const core::Plan& plan = supervisor_.plan();
    if (!exists(plan.project_dir) && plan.mode == core::Mode::development) {
        notice("", "the project's directory " + plan.project_dir + " was moved or removed");
        return feed(core::Shutdown{});
    }
    const bool is_whole =
        exists(paths_.control_socket()) && exists(project::ledger_path(paths_.state_dir));
    if (is_whole) return;
    // What is told now is for the new one.
    journal_.let_go();
    const Status made = make_state_again();
    if (!made) {
        // Told once: later ones are the same trouble.
        if (!std::exchange(has_removal_failed_, true)) {
            notice("",
                   "what devstack keeps has been removed, and can not be made again: " +
                       made.error().message);
        }
        return removal_.try_again();
    }
    has_removal_failed_ = false;
    notice("",
           "what devstack keeps in " + shown_path(paths_.state_dir, plan.project_dir) + " and " +
               shown_path(paths_.runtime_dir, plan.project_dir) +
               " was removed; it has been made again, without what was there before");
}

Status DaemonProcess::make_state_again() {
    if (Status made = project::create_project_paths(paths_); !made) return made;
    removal_.open();
    open_own_log(paths_.state_dir);
    const core::Plan& plan = supervisor_.plan();
    if (Status saved = project::save_secrets(paths_.state_dir, plan.secrets); !saved) return saved;
    // As the files are now: how they were has gone.
    if (const auto loaded = project::load_plan(load_); loaded.value) {
        Status saved = project::save_inputs(paths_.state_dir, plan.number, loaded.value->inputs);
        if (!saved) return saved;
    }
    if (!api_token_.empty()) {
        Status kept = project::keep_api_token(paths_.state_dir, api_token_);
        if (!kept) return kept;
    }
    tell_ledger_state(ledger_->replace(describe_all({})));
    notify_.bind_again(plan);
    return exists(paths_.control_socket()) ? ok() : server_->listen_again();
}

}  // namespace devstack::daemon
