#pragma once

#include "devstack/client/connection.hpp"
#include "devstack/project/project_paths.hpp"

#include <utility>

namespace devstack::cli {

/// Whether the caller has the lock under which a project is started.
enum class StartLock { held, not_held };

/// Connects to the project's daemon. When that has died and its keeper lives, while somebody starts
/// one, or makes again what was removed, waits a moment for it. Fails with not_found or busy when
/// nothing runs, and with timed_out, and what to do, when the keeper lives and no daemon answers.
Result<client::Connection> reach_daemon(const project::ProjectPaths& paths,
                                        StartLock lock = StartLock::not_held);

/// True when the daemon has died while it was asked.
bool means_daemon_lost(const Error& error);

/// Asks, and when the daemon dies meanwhile asks the next one, which is waited for as above;
/// `connection` leads to that one then. For what may be asked twice.
template <typename Question>
auto ask_daemon(client::Connection& connection,
                const project::ProjectPaths& paths,
                const Question& question) {
    constexpr int deaths_max = 3;
    auto answer = question(connection);
    for (int deaths = 1; !answer && means_daemon_lost(answer.error()); ++deaths) {
        Result<client::Connection> next = reach_daemon(paths);
        if (!next || deaths > deaths_max) break;
        connection = std::move(*next);
        answer = question(connection);
    }
    return answer;
}

/// Ends a project whose daemon does not come up: its keeper ends what is left. Waits for that.
Status end_keeper(const project::ProjectPaths& paths, Duration timeout);

/// What is said of a project that nobody serves: kind not_found, and what a killed devstack has
/// left running.
Error not_running(const std::string& shown_name, const project::ProjectPaths& paths);

/// Ends what that is; see daemon::end_left_running. Waits for whoever starts the project just now.
Result<std::string> end_left_running(const project::ProjectPaths& paths);

}  // namespace devstack::cli
