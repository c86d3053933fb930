#include "devstack/cli/table.hpp"
#include "devstack/client/connection.hpp"
#include "devstack/core/api/messages.hpp"
#include "devstack/project/project_paths.hpp"

#include "cli/commands.hpp"
#include "cli/find_project.hpp"

#include <algorithm>

#include <unistd.h>

namespace devstack::cli {

namespace {

namespace api = core::api;
using project::RegisteredProject;

struct Listed {
    RegisteredProject entry;
    Result<api::StateMessage> state;
};

/// Those that answer. An entry whose daemon is gone is what a crash has left: it is removed.
std::vector<Listed> collect() {
    std::vector<Listed> listed;
    for (RegisteredProject& entry : project::registered_projects()) {
        auto connection = client::Connection::open(entry.runtime_dir + "/control.sock");
        if (connection) {
            Result<api::StateMessage> state = client::fetch_state(*connection);
            listed.push_back({std::move(entry), std::move(state)});
        } else if (means_not_running(connection.error())) {
            project::unregister_project(entry);
        } else {
            listed.push_back({std::move(entry), connection.error()});
        }
    }
    std::ranges::sort(
        listed, {}, [](const Listed& it) -> const std::string& { return it.entry.name; });
    return listed;
}

/// "2/3": ready, or done, of those that are wanted.
std::string render_ready(const api::StateMessage& state) {
    std::size_t wanted = 0;
    std::size_t good = 0;
    for (const api::ServiceState& service : state.services) {
        if (!service.is_wanted) continue;
        ++wanted;
        const bool is_good =
            service.phase == "ready" || service.phase == "completed" || service.awaits_connection;
        if (is_good) ++good;
    }
    return std::to_string(good) + "/" + std::to_string(wanted);
}

std::string render_json(const std::vector<Listed>& listed) {
    std::string text = "[";
    for (const Listed& it : listed) {
        if (!it.state) continue;
        if (text.size() > 1) text += ",";
        text += api::to_text(*it.state);
    }
    return text + "]\n";
}

}  // namespace

int run_ls(const Common& common, const ListOptions& options) {
    const std::vector<Listed> listed = collect();
    if (options.json) return print(render_json(listed)) ? exit_done : exit_failed;
    if (listed.empty()) {
        complain("no project is running");
        return exit_done;
    }
    Table table{{{"PROJECT"}, {"STATUS"}, {"READY", true}, {"PID", true}, {"DIRECTORY"}}};
    for (const Listed& it : listed) {
        if (it.state) {
            table.add_row({{it.entry.name, Style::bold},
                           {it.state->status, Style::plain},
                           {render_ready(*it.state), Style::plain},
                           {std::to_string(it.state->daemon_pid), Style::plain},
                           {it.entry.project_dir, Style::plain}});
        } else {
            table.add_row({{it.entry.name, Style::bold},
                           {"no answer", Style::red},
                           {"", Style::plain},
                           {"", Style::plain},
                           {it.entry.project_dir + ": " + it.state.error().message, Style::red}});
        }
    }
    const Terminal terminal = examine_terminal(STDOUT_FILENO, common.colour);
    return print(table.render(terminal)) ? exit_done : exit_failed;
}

}  // namespace devstack::cli
